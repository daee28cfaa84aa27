"""The search for a mistake that no misconception foresees: what it names, what it must not name, what it never prints."""

import functools
import inspect
import itertools
import re
import time

import numpy as np
import pytest
import torch

from tests.exercises.answers import answers_to
from tests.exercises.test_exercises import printed_solution
from vae_edu.checks.calling import surroundings, to_tensors
from vae_edu.checks.diagnosis import run
from vae_edu.checks.diagnosis.steps import Steps
from vae_edu.checks.diagnosis.table import Clock, steps_of, table_of
from vae_edu.checks.diagnosis.variants import singles
from vae_edu.checks.report import as_text
from vae_edu.exercises import EXERCISES
from vae_edu.exercises.exercise import Exercise

ALL = [pytest.param(exercise, id=f"{exercise.number}-{exercise.name}") for exercise in EXERCISES.values()]


@functools.cache
def solution(name):
    """The instructor's own, which knows nothing of the reference in steps."""
    return printed_solution(EXERCISES[name])


def hint(exercise, function, **options):
    return run(EXERCISES[exercise], function, 1, **options).hint


@pytest.mark.parametrize("exercise", ALL)
def test_the_reference_in_steps_earns_everything_and_names_its_steps(exercise):
    report = run(exercise, exercise.in_steps, 7)
    assert report.fraction == 1, as_text(report)
    places = steps_of(exercise.in_steps).places
    assert sum(where.kind == "step" for where in places) >= 1 and all(where.step for where in places if where.kind == "step")


@pytest.mark.parametrize("exercise", ALL)
def test_an_instrumented_reference_answers_as_before_from_whatever_line(exercise):
    steps, arguments = steps_of(exercise.in_steps), exercise.draw(np.random.default_rng(2))
    with surroundings():
        expected = exercise.in_steps(*map(to_tensors, arguments))
        trace = steps.trace([to_tensors(argument) for argument in arguments])
        for place in trace.lines:
            kind = steps.places[place].kind
            if kind in ("step", "answer"):  # a fault that changes nothing
                found = steps.resume(trace, {place: lambda v: v})
                for a, b in zip(*(v if isinstance(v, tuple) else (v,) for v in (expected, found)), strict=True):
                    assert torch.equal(torch.as_tensor(a), torch.as_tensor(b))


def fragments(source):
    """Sequences of four tokens. A quoted name (of a layer, as the statement gives it) is one."""
    source = re.sub(r"#.*", "", source)
    tokens = re.findall(r"\"[^\"]*\"|`[^`]*`|[A-Za-z_]\w*|\d+\.?\d*|\S", source)
    return {tuple(tokens[i : i + 4]) for i in range(len(tokens) - 3)}


@pytest.mark.parametrize("exercise", ALL)
def test_nothing_printed_holds_a_fragment_of_the_reference(exercise):
    code = fragments(inspect.getsource(exercise.in_steps))
    for _, _, function in exercise.alternatives:
        code |= fragments(inspect.getsource(function).partition("lambda")[2].partition(":")[2].splitlines()[0])
    with surroundings():
        trace = steps_of(exercise.in_steps).trace([to_tensors(a) for a in exercise.draw(np.random.default_rng(0))])
    variants = singles(steps_of(exercise.in_steps), trace, exercise.alternatives)
    said = {variant.clause for variant in variants} | {variant.loose for variant in variants}
    assert len(said) > 100
    words = {clause: fragments(clause) & code for clause in said}
    assert {clause: shared for clause, shared in words.items() if shared} == {}


@pytest.mark.parametrize("exercise", ALL)
def test_a_right_answer_is_never_spoken_about(exercise):
    for name, function in answers_to(exercise.name).rights.items():
        report = run(exercise, function, 3)
        assert report.hint == "" or report.fraction < 1, name


def test_a_search_ends_in_time_and_its_table_is_kept():
    strange = lambda x, noise, pseudo_inputs, weights: tuple(
        v * 1.1 + 0.01 * v**2 for v in solution("match_vampprior")(x, noise, pseudo_inputs, weights)
    )
    spent = []
    for _ in range(2):
        start = time.thread_time()
        report = run(EXERCISES["match_vampprior"], strange, 1, seconds=0.3)
        spent.append(time.thread_time() - start)
        assert not report.misconception
    assert max(spent) < 0.3 + 1.5
    arguments = EXERCISES["match_vampprior"].draw(np.random.default_rng(1))
    with surroundings():
        table = table_of(EXERCISES["match_vampprior"], arguments)
        first = list(itertools.islice(table.read(Clock(60), False), len(table.rows) + 2))  # how soon, depends on the machine
        assert len(table.rows) == len(first) and table_of(EXERCISES["match_vampprior"], arguments) is table
        again = list(itertools.islice(table.read(Clock(60), False), len(first) + 1))
    assert again[:-1] == first and len(table.rows) == len(again)


def test_inputs_of_the_same_numbers_in_another_shape_have_a_table_of_their_own():
    exercise = EXERCISES["kl_standard_normal"]
    with surroundings():
        wide, tall = (table_of(exercise, (np.zeros(shape), np.ones(shape))) for shape in ((2, 3), (3, 2)))
    assert wide is not tall and wide.right[0].shape == (2,) and tall.right[0].shape == (3,)


def kl(change):
    """ps1.2 with one thing changed: change(log_ratio, distance, variance_q, variance_p)."""

    def answer(mu_q, logvar_q, mu_p, logvar_p):
        return change(logvar_p - logvar_q, (mu_q - mu_p) ** 2, logvar_q.exp(), logvar_p.exp())

    return answer


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda r, d, q, p: 0.5 * (2 * r + (q + d) / p - 1).sum(-1), "the log-ratio of the variances is twice too large"),
        (lambda r, d, q, p: 0.5 * (r + (q + d.sqrt()) / p - 1).sum(-1), "a square root is taken of the squared distance"),
        (
            lambda r, d, q, p: 0.5 * (r + (q.sqrt() + d) / p - 1).sum(-1),
            "the standard deviation σ stands where the variance of q",
        ),
        (
            lambda r, d, q, p: 0.5 * (r + (q + d) / (p + 0.01) - 1).sum(-1),
            "a small number, 0.01, keeps the variance of p away from 0",
        ),
        (
            lambda r, d, q, p: 0.5 * (r + (q + d) / p - 1).clamp(min=0.2).sum(-1),
            "0.1, keeps the KL of each dimension away from 0",
        ),
        (lambda r, d, q, p: 0.35 * (r + (q + d) / p - 1).sum(-1), "multiplied by 0.7"),
        (lambda r, d, q, p: 0.5 * (r + (q + 3 * d) / p - 1).sum(-1), "the squared distance of the means is multiplied by 3"),
        (lambda r, d, q, p: 0.5 * (-2 * r + (q + d) / p - 1).sum(-1), "the log-ratio of the variances is multiplied by -2"),
        (lambda r, d, q, p: 0.5 * (r + (q.sqrt() + d) / p).sum(-1), ", and "),
    ],
)
def test_a_mistake_is_named_by_its_step(function, said):
    assert said in hint("kl_normal", kl(function), seconds=10.0)  # what is found is tested here, not how soon


def test_where_the_edges_alone_are_wrong_no_formula_is_blamed():
    def naive(log_weights):
        return log_weights.exp().mean(0).clamp(min=1e-30).log()

    said = hint(
        "importance_log_likelihood",
        lambda w: torch.where(w.amax(0) < -1500, w.amax(0) + 1, solution("importance_log_likelihood")(w)),
    )
    assert "sign" not in said and "missing" not in said
    assert "exp" in hint("importance_log_likelihood", naive)


def test_whole_numbers_are_not_explained_by_chance():
    said = hint("active_units", lambda mu, threshold: (mu.var(0) > 0.83 * threshold).sum())
    assert "small constant" not in said and "precision" not in said


def test_an_argument_that_is_not_used_is_told():
    def seeded(mu, logvar, noise):
        torch.manual_seed(0)
        return mu + (0.5 * logvar).exp() * torch.randn(noise.shape, dtype=noise.dtype)

    assert "stays the same whatever `noise` is" in hint("reparameterize", seeded)


def test_where_no_cause_is_found_it_is_told_where_the_answer_is_right():
    """Squared after the sum over dimensions, or over the wrong variance: both are right where the means are equal."""

    def over_the_wrong_variance(mu_q, logvar_q, mu_p, logvar_p):
        ratio = (logvar_q.exp() - 1 * logvar_p.exp()) / logvar_p.exp()
        return 0.5 * (logvar_p - logvar_q + ratio + (mu_q - mu_p) ** 2 / (logvar_q.exp() + 0.3)).sum(-1)

    assert "right wherever `mu_q` and `mu_p` are equal" in hint("kl_normal", over_the_wrong_variance, seconds=0.2)
    nowhere = lambda mu, logvar: (mu**2 + logvar.exp().sqrt() + 3).sum(-1)
    assert "right wherever" not in hint("kl_standard_normal", nowhere, seconds=0.2)


def test_an_argument_of_size_zero_is_no_count():
    """Facts are sought in the sizes of arguments, by division and by logarithm."""
    some = lambda rng: (rng.normal(size=(rng.integers(2, 6), 3)), np.empty((0, 3)))
    exercise = Exercise(
        "ps9.1", "added", ["x", "more"], oracle=lambda x, more: x.sum(0) + more.sum(0), draw=some,
        reference=lambda: ("two rows", (np.ones((2, 3)), np.empty((0, 3))), None),
    )  # fmt: skip
    exercise.case("one row", [[1.0, 2.0, 3.0]], np.empty((0, 3)), expected=[1.0, 2.0, 3.0])
    assert "n is the first size of x" in run(exercise, lambda x, more: x.mean(0), 0).hint
    assert run(exercise, lambda x, more: x.square().sum(0), 0).fraction < 1


def test_half_precision_is_told():
    halves = lambda z, mu, logvar: solution("log_normal")(z.half(), mu.half(), logvar.half())
    assert "float16" in hint("log_normal", halves)


LOGVAR = ("logvar",)
MISTAKES = {  # how an answer is spoiled, and what must be said of it
    "log-variance for log σ": ("log σ|variance|half|½|deviation", lambda f, names: _changed(f, names, LOGVAR, lambda v: 2 * v)),
    "log-variance clamped": (r"clamp|cut off", lambda f, names: _changed(f, names, LOGVAR, lambda v: v.clamp(-1, 0.5))),
    "noise ignored": ("noise|sample|mean|logvar is missing", lambda f, names: _changed(f, names, ("noise",), lambda v: 0 * v)),
    "one number for all": ("one number|everything|dimension|image|batch", lambda f, names: lambda *a: f(*a).mean()),
    "sign": ("sign|other way", lambda f, names: lambda *a: -f(*a)),
    "twice": ("twice|factor|½|half", lambda f, names: lambda *a: 2 * f(*a)),
    "in bits": ("base 2|bits|log 2", lambda f, names: lambda *a: f(*a) / np.log(2)),
    "exp of the answer": ("exp|density", lambda f, names: lambda *a: f(*a).exp()),
    "swapped": ("swap|opposite|order", lambda f, names: lambda *a: f(*a)[::-1]),
    "float16": ("float16|half precision", lambda f, names: lambda *a: f(*a).half().double()),
}
LOG_DENSITIES = {
    "kl_normal",
    "kl_standard_normal",
    "log_normal",
    "log_bernoulli",
    "elbo",
    "masked_kl",
    "log_mixture",
    "kl_discrete",
}


def _changed(function, names, stems, change):
    at = [i for i, name in enumerate(names) if name.startswith(stems)]

    def answer(*arguments):
        return function(*(change(a) if i in at else a for i, a in enumerate(arguments)))

    return answer if at else None


def spoiled():
    """Every mistake in every exercise in which it can be made and shows."""
    for mistake, (said, spoil) in MISTAKES.items():
        for exercise in EXERCISES.values():
            if not exercise.graded:
                continue
            whole = exercise.name in ("active_units", "epitome_masks", "assign", "stratified_batches", "gibbs_step")
            single = exercise.parts == 1
            possible = {
                "swapped": exercise.parts == 2,
                "one number for all": single and not whole and any(t.expected[0][0].ndim for t in exercise.trials),
                "sign": single,
                "twice": single and not whole,
                "in bits": exercise.unit == "nats" and single,
                "exp of the answer": exercise.name in LOG_DENSITIES,
                "float16": single and not whole,
            }
            function = spoil(solution(exercise.name), list(exercise.arguments))
            if function is not None and possible.get(mistake, True):
                yield pytest.param(exercise, function, said, id=f"{mistake}-{exercise.number}")


@pytest.mark.parametrize(("exercise", "function", "said"), list(spoiled()))
def test_the_same_mistake_earns_the_same_help_everywhere(exercise, function, said):
    report = run(exercise, function, 1, seconds=3.0)
    told = f"{report.hint} {' '.join(row.note for row in report.rows if not row.passed)}"
    assert report.fraction < 1 and re.search(said, told), as_text(report)


def test_a_step_without_words_of_its_own_is_no_place_for_a_fault():
    steps = Steps(unnamed)
    assert [where.kind for where in steps.places] == ["argument", "operator", "use", "number", "use", "answer"]


def unnamed(x):
    y = 2 * x
    return y
