"""Every exercise: its oracle agrees with the cases worked by hand, its misconceptions are caught by name, its solution passes."""

import numpy as np
import pytest

from tests.checks import alternatives
from tests.conftest import ROOT, seeds
from vae_edu import notebooks
from vae_edu.checks import EXERCISES
from vae_edu.checks.report import as_text
from vae_edu.checks.runner import run

ALL = [pytest.param(exercise, id=f"{exercise.number}-{exercise.name}") for exercise in EXERCISES.values()]
MISCONCEPTIONS = [
    pytest.param(exercise, m, id=f"{exercise.number}-{exercise.name}-{m.name}")
    for exercise in EXERCISES.values()
    for m in exercise.misconceptions
]
ALTERNATIVES = [
    pytest.param(exercise, f, id=f"{exercise.number}-{f.__name__}")
    for exercise in EXERCISES.values()
    for f in alternatives.of(exercise.name)
]


@pytest.mark.parametrize("exercise", ALL)
def test_the_oracle_agrees_with_every_case_worked_by_hand(exercise):
    for trial in exercise.trials:
        for found, expected in zip(exercise.answer(trial.inputs[0]), trial.expected[0], strict=True):
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7, err_msg=trial.label)


@pytest.mark.parametrize("exercise", ALL)
def test_the_oracle_agrees_with_the_trained_reference(exercise):
    _, arguments, expected = exercise.reference()
    if expected is None:
        pytest.skip("the oracle itself says what is expected of this reference's inputs")
    for found, stored in zip(exercise.answer(arguments), expected, strict=True):
        np.testing.assert_allclose(found, stored, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("exercise", ALL)
def test_there_are_enough_ways_to_be_wrong_and_to_be_right(exercise):
    assert len(exercise.misconceptions) >= 4
    assert len({m.hint for m in exercise.misconceptions}) == len(exercise.misconceptions), "each mistake has a hint of its own"
    assert len(alternatives.of(exercise.name)) >= 2


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize(("exercise", "misconception"), MISCONCEPTIONS)
def test_a_misconception_is_rejected_with_its_own_hint(exercise, misconception, seed):
    report = run(exercise, misconception.function, seed)
    assert report.misconception == misconception.name, as_text(report)
    assert report.fraction < 1
    assert report.hint == misconception.hint


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize(("exercise", "solution"), ALTERNATIVES)
def test_a_correct_solution_in_another_style_passes(exercise, solution, seed):
    report = run(exercise, solution, seed)
    allowed = {"kl_discrete_distributions": "infinite"}  # torch's own answer there is finite: it clamps p
    wrong = [row for row in report.rows if not row.passed and allowed.get(solution.__name__, "no row") not in row.label]
    assert not wrong, as_text(report)


@pytest.mark.parametrize("exercise", ALL)
def test_the_printed_solution_earns_everything(exercise):
    ps = exercise.number.split(".")[0]
    scope: dict = {}
    for cell in notebooks.read(ROOT / "solutions" / ps / f"{ps}.ipynb").cells:
        if cell.cell_type == "code" and not cell.source.startswith(("check(", "grade(")):
            exec(cell.source, scope)
    report = run(exercise, scope[exercise.name], seed=7)
    assert report.fraction == 1, as_text(report)
