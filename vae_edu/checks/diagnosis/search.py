"""Find the variant of an exercise's reference that answers as the student's function does: on every input, or it is not said.

Rules of evidence: a variant must agree with every core row; of several, the plainest are said, and those that agree with the
edge rows too. Where fewer than two distinct values are wrong, or the edge rows alone, only a cause that shows in extreme values
alone may be named. Whole numbers carry little: then the function is called on further inputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ...exercises.exercise import Arguments, Exercise
from ..calling import Answer, Failure, Function, answer_as_arrays, to_tensors
from ..judging import Answered, alike
from .table import Clock, near, steps_of, table_of
from .unknowns import constants, limits
from .variants import Variant

CHEAPEST = 130  # single faults of which all pairs are tried
ENOUGH = 12  # matches after which no better words are looked for
EXTREME, LIMIT_HALVINGS = 11.0, 22  # log-variances beyond every clamp, and how often their range is halved
FURTHER, MAY_DIFFER = 20, 3  # inputs, for answers in whole numbers (n and n − 1 may differ)


@dataclass(frozen=True)
class Cause:
    """What is wrong, in words, and where: the step, and the kind of the mistake."""

    clause: str
    step: str
    kind: str


def explain(exercise: Exercise, student: Function, calls: list[Answered], seconds: float) -> Cause | None:
    """The cause of a student's wrong answers to the calls of a check; None where none agrees with all of them in time."""
    asked = [call for call in calls if not isinstance(call.answer, Failure) and not alike(exercise, call.answer, call.expected)]
    wrong = [call for call in asked if not call.edge]
    unanswered = any(isinstance(call.answer, Failure) for call in calls if not call.edge)
    if exercise.in_steps is None or unanswered or not asked:
        return None
    return _Search(exercise, student, calls, wrong or asked, Clock(seconds)).cause()


class _Search:
    def __init__(self, exercise: Exercise, student: Function, calls: list[Answered], asked: list[Answered], clock: Clock):
        self.exercise, self.student, self.clock = exercise, student, clock
        self.core, self.edge = [call for call in calls if not call.edge], [call for call in calls if call.edge]
        self.probe = max(asked, key=lambda call: (min(_distinct(exercise, [call]), 3), -_size(call.arguments)))
        self.table, self.steps = table_of(exercise, self.probe.arguments), steps_of(exercise.in_steps)
        well = [call for call in self.core if alike(exercise, call.answer, call.expected)]
        self.extreme = any(len(np.unique(call.expected[-1])) > 2 for call in well)
        self.whole = all(np.array_equal(part, np.round(part), equal_nan=True) for call in self.core for part in call.expected)
        self.numerical = asked[0].edge or _distinct(exercise, asked) < 2

    def cause(self) -> Cause | None:
        yours = self.probe.answer
        found = self._best(v for v, answer in self.table.read(self.clock, self.extreme) if near(answer, yours))
        if found or (self.whole and self.numerical):
            return found
        stages = [self._saturated, lambda: constants(self.table, yours, self.clock), self._mixtures, self._multiples]
        stages += [self._two_effects, lambda: limits(self.table, yours, self.clock), self._pairs]
        if self.whole:
            stages = [self._pairs]
        for stage in stages[: 1 if self.numerical else None]:
            if self.clock.over or (found := self._best(stage())):
                break
        return found

    def _best(self, candidates: Iterator[Variant]) -> Cause | None:
        """Of the candidates that agree with all core rows, the one with the plainest words."""
        matches = []
        for variant in candidates:
            if self._allowed(variant) and self._agrees(variant, self.core):
                matches.append((not variant.plain, not self._agrees(variant, self.edge), variant.rank, variant))
                if not (matches[-1][1] or variant.loose) or len(matches) >= ENOUGH:
                    break
            if self.clock.over:
                break
        if not matches:
            return None
        *_, best = min(matches, key=lambda match: match[:3])
        unsure = best.loose and any(v.loose == best.loose and v is not best for *_, v in matches)
        return Cause(best.loose if unsure else best.clause, best.step, best.kind) if self._stands_further(best) else None

    def _allowed(self, variant: Variant) -> bool:
        """Where hardly anything is wrong, only what shows in extreme values alone; of whole numbers, only their edges."""
        if not self.numerical:
            return True
        return variant.kind == "edge" if self.whole else variant.numerical

    def _agrees(self, variant: Variant, calls: list[Answered]) -> bool:
        return all(alike(self.exercise, self._answer(variant, call.arguments), call.answer) for call in calls)

    def _answer(self, variant: Variant, arguments: Arguments) -> Answer | Failure:
        try:
            tensors = [to_tensors(argument) for argument in arguments]
            answer = answer_as_arrays(self.steps.run(tensors, variant.faults, variant.only), self.exercise.parts)
            if variant.share and not isinstance(answer, Failure):
                right = answer_as_arrays(self.steps.run(tensors, {}), self.exercise.parts)
                return tuple(variant.share * (a + b) for a, b in zip(answer, right))
            return answer
        except Exception as error:
            return Failure(f"raised {type(error).__name__}", "")

    def _stands_further(self, variant: Variant) -> bool:
        """Whether a variant agrees on further inputs, where answers in whole numbers could agree by chance."""
        if not self.whole:
            return True
        rng, same = np.random.default_rng(97), 0
        for _ in range(FURTHER):
            arguments = tuple(a * 10 ** rng.uniform(-2, 1.5) if isinstance(a, float) else a for a in self.exercise.draw(rng))
            if self.clock.over:
                return False
            same += alike(self.exercise, self._answer(variant, arguments), self.student.call(arguments))
        return same >= FURTHER - MAY_DIFFER

    def _saturated(self) -> Iterator[Variant]:
        """Log-variances that are clamped: from some number on, the student's answer does not move any more."""
        names = [name for name in self.exercise.arguments if name.startswith("logvar")]
        low, high = (self._limit(names, end) for end in (-EXTREME, EXTREME)) if names else (None, None)
        if low is not None or high is not None:
            ends = f"between {low:.4g} and {high:.4g}" if low is not None and high is not None else ""
            ends = ends or (f"from below at {low:.4g}" if high is None else f"from above at {high:.4g}")
            it = "`logvar`" if names == ["logvar"] else "every `logvar`"
            entries = [at for at, where in enumerate(self.steps.places) if where.kind == "argument" and where.what in names]
            faults = {at: lambda v: v.clamp(low, high) for at in entries}
            yield Variant(faults, f"{it} is clamped {ends}", it, "clamp or overflow", 1.0, numerical=True)

    def _limit(self, names: list[str], end: float) -> float | None:
        """Where the answer stops moving towards an end, by halving; None where it never does."""
        at = {name: place for place, name in enumerate(self.exercise.arguments)}

        def with_all(c: float) -> Answer | Failure:
            arguments = list(self.probe.arguments)
            for name in names:
                arguments[at[name]] = np.full_like(arguments[at[name]], c)
            return self.student.call(tuple(arguments))

        last = with_all(end)
        still = lambda c: not isinstance(last, Failure) and _identical(with_all(c), last)
        if not still(0.98 * end) or still(0.0):
            return None
        moves, stops = 0.0, end
        for _ in range(LIMIT_HALVINGS):
            middle = (moves + stops) / 2
            moves, stops = (moves, middle) if still(middle) else (middle, stops)
        return round(stops, 4)

    def _mixtures(self) -> Iterator[Variant]:
        """Half of the right answer and half of a wrong one, or both added up."""
        half, both = (
            "the mean is taken of the right answer and of one in which {}",
            "to the right answer one is added in which {}",
        )
        right, yours = self.table.right, self.probe.answer
        for variant, answer in self.table.rows:
            if len(answer) == 1 and answer[0].shape == right[0].shape == yours[0].shape:
                for share, clause in ((0.5, half), (1.0, both)):
                    if near((share * (right[0] + answer[0]),), yours):
                        yield replace(variant, clause=clause.format(variant.clause), share=share, rank=variant.rank + 1)

    def _multiples(self) -> Iterator[Variant]:
        """An answer with one fault, times an unknown number: a mean times 40."""
        place = next((at for at, where in enumerate(self.steps.places) if where.kind == "answer"), None)
        yours = self.probe.answer[0]
        for variant, answer in self.table.rows:
            if place is None or yours.size < 2 or not variant.plain or variant.only or place in variant.faults:
                continue
            if answer[0].shape == yours.shape and np.isfinite(ratio := yours / answer[0]).all():
                c = float(ratio.flat[0])
                if c and np.allclose(ratio, c, rtol=1e-5, atol=0):
                    times = replace(
                        variant,
                        faults={place: lambda v, c=c: c * v},
                        clause=f"the answer is multiplied by {c:.4g}",
                        kind="factor",
                    )
                    yield from _together(variant, times)

    def _two_effects(self) -> Iterator[Variant]:
        """Two faults whose effects add up, or multiply: found by sorting, not by trying."""
        yours, right = _flat(self.probe.answer), _flat(self.table.right)
        rows = [(variant, _flat(answer)) for variant, answer in self.table.rows if not variant.numerical]
        rows = [(variant, flat) for variant, flat in rows if flat.shape == right.shape]
        if not rows or yours.shape != right.shape:
            return
        answers = np.array([flat for _, flat in rows])
        for effects, whole in ((answers - right, yours - right), (_logs(answers / right), _logs(yours / right))):
            pairs = [both for i, j in _summing(effects, whole) for both in _together(rows[i][0], rows[j][0])]
            yield from sorted(pairs, key=lambda both: both.rank)

    def _pairs(self) -> Iterator[Variant]:
        """All pairs of the plainest faults, one after the other, while there is time."""
        plain = [variant for variant, _ in self.table.rows if variant.plain][:CHEAPEST]
        for one, other in combinations(plain, 2):
            for both in _together(one, other):
                answer = self.table.answer(both.faults)
                if answer is not None and near(answer, self.probe.answer):
                    yield both
            if self.clock.over:
                return


def _together(one: Variant, other: Variant) -> Iterator[Variant]:
    """Both faults at once, where they are at different places."""
    if one.faults.keys().isdisjoint(other.faults.keys()) and not one.only and not other.only:
        clause, step, kind = (
            f"{a}, and {b}" for a, b in ((one.clause, other.clause), (one.step, other.step), (one.kind, other.kind))
        )
        yield Variant(one.faults | other.faults, clause, step, kind, one.rank + other.rank)


def _summing(effects: np.ndarray, whole: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of rows whose sum is `whole`: a random projection is sorted, then all values are compared."""
    index = np.flatnonzero(np.isfinite(effects).all(1))
    if not np.isfinite(whole).all() or not index.size or not np.abs(whole).any():
        return
    weights = np.random.default_rng(0).normal(size=whole.size)
    shadow, goal = effects[index] @ weights, whole @ weights
    order = np.argsort(shadow)
    slack = 1e-5 * np.abs(whole).max() * np.abs(weights).sum()
    low, high = (np.searchsorted(shadow[order], goal - shadow + sign * slack) for sign in (-1, 1))
    for i in np.flatnonzero(high > low):
        for k in order[low[i] : high[i]]:
            one, other = int(index[i]), int(index[k])
            if one < other and np.allclose(effects[one] + effects[other], whole, rtol=1e-4, atol=1e-6):
                yield one, other


def _identical(a: Answer | Failure, b: Answer) -> bool:
    return not isinstance(a, Failure) and len(a) == len(b) and all(map(np.array_equal, a, b))


def _logs(ratios: np.ndarray) -> np.ndarray:
    return np.log(np.where(ratios > 0, ratios, np.nan))


def _flat(answer: Answer) -> np.ndarray:
    return np.concatenate([part.ravel() for part in answer])


def _distinct(exercise: Exercise, calls: list[Answered]) -> int:
    """How many distinct values are missed; another shape misses all."""
    values: set[float] = set()
    for call in calls:
        for yours, wanted in zip(call.answer, call.expected):
            if yours.shape != wanted.shape:
                return 3
            good = np.isclose(yours, wanted, rtol=exercise.tolerance, atol=1e-6, equal_nan=True)
            values |= {round(float(v), 9) for v in wanted[~good][:4]}
    return len(values)


def _size(arguments: Arguments) -> int:
    return sum(_size(tuple(a.values())) if isinstance(a, dict) else a.size if isinstance(a, np.ndarray) else 1 for a in arguments)
