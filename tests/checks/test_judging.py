"""What students do by accident: each gets one sentence, and no traceback of ours."""

import contextlib
import functools
import math
import sys
import time

import numpy as np
import pytest
import torch

from tests.exercises.answers import answers_to
from vae_edu import checks, divergences, evaluation
from vae_edu.checks import calling, check, grade
from vae_edu.checks import diagnosis as engine
from vae_edu.checks.report import as_text
from vae_edu.exercises import EXERCISES

KL = EXERCISES["kl_standard_normal"]


def right(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


def text_of(function, exercise=KL, **options):
    return as_text(engine.run(exercise, function, seed=1, **options))


def in_place(mu, logvar):
    mu **= 2
    return 0.5 * (mu + logvar.exp() - logvar - 1).sum(-1)


def own_noise(mu, logvar):
    return right(mu, logvar) + torch.randn(mu.shape[:-1])


def calls_the_library(mu, logvar):
    return divergences.kl_standard_normal(mu, logvar)


def exits(mu, logvar):
    sys.exit("bye")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (7, "expected the function kl_standard_normal(mu, logvar), got int"),
        (None, "got NoneType"),
        (lambda mu: mu, "expected kl_standard_normal(mu, logvar), found"),
        (lambda mu, logvar: None, "is a `return` missing"),
        (lambda mu, logvar: "0.5", "returns a str"),
        (lambda mu, logvar: {"kl": mu}, "returns a dict"),
        (lambda mu, logvar: (mu.sum(-1), logvar.sum(-1)), "2 values returned, expected 1"),
        (lambda mu, logvar: mu, "wrong shape"),
        (lambda mu, logvar: right(mu, logvar) * math.nan, "nan"),
        (lambda mu, logvar: right(mu, logvar) / 0, "inf"),
        (lambda mu, logvar: mu @ logvar, "RuntimeError"),
        (lambda mu, logvar: undefined_name, "NameError: name 'undefined_name' is not defined"),  # noqa: F821
        (in_place, "changes its inputs in place"),
        (own_noise, "draw no random numbers"),
        (calls_the_library, "closed-book"),
        (exits, "SystemExit: bye"),
        (lambda mu, logvar: right(mu, logvar) + 1j, "complex numbers"),
        (lambda mu, logvar: (), "0 values returned"),
        (lambda mu, logvar: torch.nn.Module()(mu), "missing the required"),
        (lambda mu, logvar: 3.7 * right(mu, logvar), "is multiplied by 3.7"),
        (lambda mu, logvar: right(mu, logvar) + 2.5, "off by the same +2.5"),
    ],
)
def test_a_slip_is_named(function, said):
    assert said in " ".join(text_of(function).split())


def sampled(mu, logvar, noise):
    return mu + (0.5 * logvar).exp() * noise


def sampled_in_place(mu, logvar, noise):
    z = (0 * sampled(mu, logvar, noise)).detach()
    return z.add_(sampled(mu, logvar, noise).detach())


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda *a: sampled(*a).detach(), "no gradient reaches mu"),
        (lambda *a: sampled(*a).numpy(), "with inputs that need a gradient"),
        (lambda *a: sampled(*a).float().tolist(), "no gradient reaches mu"),
        (sampled_in_place, "no gradient reaches mu"),
        (lambda mu, logvar, noise: sampled(mu.detach(), logvar, noise), "no gradient reaches mu"),
        (lambda mu, logvar, noise: sampled(mu, logvar, noise) + 0 * torch.randn(()), ""),
        (lambda mu, logvar, noise: sampled(mu, logvar, noise + 1e-3 * torch.randn(noise.shape)), "use the noise it is given"),
    ],
)
def test_where_gradients_are_asked_for_they_are_core(function, said):
    report = engine.run(EXERCISES["reparameterize"], function, seed=1)
    assert said in " ".join(as_text(report).split())
    assert report.fraction == (0 if said else 1)


def test_an_answer_that_changes_from_call_to_call_is_found_where_every_row_passes():
    calls = []

    def tired(mu, logvar):
        calls.append(0)
        return right(mu, logvar) * (1 if len(calls) < 14 else 0)

    report = engine.run(KL, tired, seed=1)
    assert [row.label for row in report.rows if not row.passed] == ["the same answer again"]
    assert report.fraction == 0


def test_an_endless_loop_stops_after_one_time_limit(monkeypatch):
    monkeypatch.setattr(calling, "TIME_LIMIT", 0.3)

    def endless(mu, logvar):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    started = time.perf_counter()
    assert "does a loop never end?" in text_of(endless)
    assert time.perf_counter() - started < 8


def test_a_busy_machine_fails_nobody(monkeypatch):
    """The limit is processor time: a call that waits for the processor half a second does not use up 0.3 seconds of it."""
    monkeypatch.setattr(calling, "TIME_LIMIT", 0.3)

    def patient(mu, logvar):
        time.sleep(0.05)
        return right(mu, logvar)

    assert engine.run(KL, patient, 1).fraction == 1


def test_prints_are_kept_out_of_the_way_and_shown_once(capsys):
    def chatty(mu, logvar):
        print("shape:", mu.shape)
        print("to stderr", file=sys.stderr)
        return right(mu, logvar)

    text = text_of(chatty)
    assert "your function printed: shape:" in text
    assert capsys.readouterr() == ("", "")


def test_other_ways_to_hand_in_an_answer_pass():
    class Module(torch.nn.Module):
        def forward(self, mu, logvar):
            return right(mu, logvar)

    rows = lambda mu, logvar: [right(a, b) for a, b in zip(mu, logvar)] if mu.ndim > 1 else right(mu, logvar)
    with torch.no_grad():
        for function in (Module(), functools.partial(right), rows):
            assert engine.run(KL, function, 1).fraction == 1
    score = EXERCISES["score_function_gradient"]
    single = lambda f, z, mu, logvar: answers_to("score_function_gradient").rights["loop"](
        *(t.float() for t in (f, z, mu, logvar))
    )
    arrays = lambda *a: [g.numpy() for g in answers_to("score_function_gradient").rights["loop"](*a)]
    for function in (single, arrays):
        assert engine.run(score, function, 1).fraction == 1


def test_random_numbers_after_a_check_are_what_they_would_have_been():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    check("pathwise_gradient", answers_to("pathwise_gradient").rights["einsum"])
    assert torch.rand(1) == expected


def test_near_misses_of_later_exercises_lose_points():
    shared_top = lambda w: (w - w.max()).exp().mean(0).log() + w.max()
    largest = lambda mu, threshold: ((mu - mu.mean(0)).abs().amax(0) ** 2 > threshold).sum()
    too_strict = lambda mu, threshold: (mu.var(0) > 4 * threshold).sum()
    assert engine.run(EXERCISES["importance_log_likelihood"], shared_top, 1).fraction < 1
    assert engine.run(EXERCISES["active_units"], largest, 1).fraction == 0
    assert engine.run(EXERCISES["active_units"], too_strict, 1).fraction == 0


def test_warnings_cost_nothing(recwarn):
    import warnings

    def warns(mu, logvar):
        warnings.warn("careful", stacklevel=1)
        return right(mu, logvar)

    assert engine.run(KL, warns, 1).fraction == 1


def test_the_book_is_open_again_after_a_check():
    engine.run(KL, calls_the_library, 1)
    engine.run(EXERCISES["active_units"], lambda mu, threshold: evaluation.active_units(mu.var(0), threshold=threshold), 1)
    assert divergences.kl_standard_normal(torch.zeros(2), torch.zeros(2)).item() == 0
    assert evaluation.active_units(torch.ones(3), threshold=0.5) == 3


def test_blank_answers_earn_nothing_and_say_so():
    def blank(mu, logvar):
        raise NotImplementedError()

    report = engine.run(KL, blank, 1)
    assert report.fraction == 0 and "not attempted yet" in as_text(report)


def test_a_right_formula_with_wrong_edges_earns_part():
    naive = EXERCISES["log_bernoulli"].misconceptions[0].function
    report = engine.run(EXERCISES["log_bernoulli"], naive, 1)
    failed = [row.label for row in report.rows if not row.passed]
    assert failed and all("sure and" in label for label in failed)
    assert report.fraction == pytest.approx(0.6 + 0.4 / 4)


def test_constant_answers_earn_nothing():
    for exercise in EXERCISES.values():
        expected = exercise.answer(exercise.draw(np.random.default_rng(0)))
        zeros = tuple(torch.zeros(e.shape) for e in expected)
        function = eval(f"lambda {', '.join(exercise.arguments)}: zeros", {"zeros": zeros if len(zeros) > 1 else zeros[0]})
        assert engine.run(exercise, function, 1).fraction == 0, exercise.name


def test_grade_returns_points_as_a_plain_float_and_uses_other_inputs(capsys):
    assert grade("kl_standard_normal", right, points=4) == 4.0
    assert type(grade("kl_standard_normal", right, points=4)) is float
    assert grade("kl_standard_normal", lambda mu, logvar: 2 * right(mu, logvar), points=4) == 0.0
    assert "4 of 4 points (a forecast: a class is graded on inputs of its own)" in " ".join(capsys.readouterr().out.split())
    drawn = [EXERCISES["kl_standard_normal"].trials_of(seed)[-2].inputs for seed in (checks.CHECK_SEED, checks.GRADE_SEED)]
    assert not np.array_equal(drawn[0][0][0], drawn[1][0][0])


@pytest.mark.parametrize("points", [0, -1, math.nan, "4", None])
def test_impossible_points_are_refused(points):
    with pytest.raises(ValueError, match="positive number"):
        grade("kl_standard_normal", right, points=points)


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(ValueError, match="kl_discrete, kl_normal"):
        check("kl_nromal", right)


def test_with_several_answers_the_hint_says_which_is_off_and_never_offers_a_factor_of_zero():
    exercise, whole = EXERCISES["match_epitomic"], answers_to("match_epitomic").rights["loop"]
    later = lambda change: lambda x, noise, masks, weights: change(*whole(x, noise, masks, weights))
    facts = lambda function: text_of(function, exercise, seconds=0)  # no time to look for a cause
    assert "Value 2: your values are 0.5 times" in facts(later(lambda y, bound: (y, bound / 2)))
    assert "Value 2: your values are off by the same +3" in facts(later(lambda y, bound: (y, bound + 3)))
    text = facts(later(lambda y, bound: (0 * y, bound)))
    assert "times" not in text and "everywhere" not in text
    assert engine.run(exercise, later(lambda y, bound: [y, bound]), seed=1).fraction == 1, "a list is as good as a tuple"


def test_answers_of_uneven_number_are_told_without_a_crash_of_the_diagnosis():
    exercise, whole = EXERCISES["three_terms"], answers_to("three_terms").rights["loop"]
    calls = []

    def uneven(*arguments):
        calls.append(0)
        return tuple(2 * part for part in whole(*arguments))[: 3 if len(calls) % 2 else 2]

    report = engine.run(exercise, uneven, seed=1)
    assert report.fraction == 0 and "values returned, expected 3" in as_text(report)


def test_a_factor_must_hold_where_the_expected_value_is_zero_too():
    half_more = lambda *sizes: answers_to("epitome_masks").rights["loop"](*sizes) + 0.5
    text = text_of(half_more, EXERCISES["epitome_masks"], seconds=0)
    assert "off by the same +0.5 everywhere" in text


def test_a_hundred_thousand_values_are_refused_before_they_are_looked_at():
    many = calling.Function(EXERCISES["kl_normal"], lambda *a: (object(),) * 100_000)
    assert many.call((1.0,) * 4) == calling.Failure("type", "it returns 100,000 values; expected 1.")
