"""Every exercise: its oracle agrees with the cases worked by hand, its misconceptions are caught by name, right answers earn
everything, and wrong ones never more than is fair."""

import numpy as np
import pytest
import torch

from tests.conftest import ROOT, seeds
from tests.exercises.answers import answers_to
from vae_edu import notebooks
from vae_edu.checks.diagnosis import run
from vae_edu.checks.report import as_text
from vae_edu.exercises import EXERCISES

ALL = [pytest.param(exercise, id=f"{exercise.number}-{exercise.name}") for exercise in EXERCISES.values()]
GRADED = [parameter for parameter in ALL if parameter.values[0].graded]
MISCONCEPTIONS = [
    pytest.param(exercise, m, id=f"{exercise.number}-{exercise.name}-{m.name}")
    for exercise in EXERCISES.values()
    for m in exercise.misconceptions
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
def test_an_exercise_is_found_where_its_number_says(exercise):
    problem_set, _ = exercise.order
    assert EXERCISES.files[exercise.name].parent.name == problem_set
    assert EXERCISES[exercise.name] is exercise and exercise in EXERCISES.of(problem_set)


@pytest.mark.parametrize("exercise", ALL)
def test_there_are_enough_ways_to_be_wrong_and_to_be_right(exercise):
    assert len(exercise.misconceptions) >= 4
    assert len({m.hint for m in exercise.misconceptions}) == len(exercise.misconceptions), "each mistake has a hint of its own"
    assert len(answers_to(exercise.name).rights) >= 2 and len(answers_to(exercise.name).wrongs) >= 10


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize(("exercise", "misconception"), MISCONCEPTIONS)
def test_a_misconception_is_rejected_with_its_own_hint(exercise, misconception, seed):
    report = run(exercise, misconception.function, seed)
    assert report.misconception == misconception.name, as_text(report)
    assert report.fraction < 1
    assert report.hint == misconception.hint


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("exercise", ALL)
def test_right_answers_in_other_styles_earn_everything(exercise, seed):
    allowed = {"distributions": "infinite"} if exercise.name == "kl_discrete" else {}  # torch's own clamps p: finite there
    for name, function in answers_to(exercise.name).rights.items():
        report = run(exercise, function, seed, diagnose=False)
        wrong = [row for row in report.rows if not row.passed and allowed.get(name, "no row") not in row.label]
        assert not wrong, f"{name}\n{as_text(report)}"


@pytest.mark.parametrize("exercise", ALL)
def test_wrong_answers_are_rejected_whatever_the_seed(exercise):
    """No full marks, no more than is fair, and `check` and `grade` agree on every row, whatever seed either draws from."""
    for name, wrong in answers_to(exercise.name).wrongs.items():
        verdicts = set()
        for seed in seeds():
            torch.manual_seed(0)  # for answers that draw noise of their own
            report = run(exercise, wrong.function, seed, diagnose=False)
            assert report.fraction <= wrong.fair, f"{name}, seed {seed}\n{as_text(report)}"
            assert report.fraction < 1, f"{name}, seed {seed}"
            verdicts.add(report.fraction)
        assert len(verdicts) == 1, f"{name} earns {verdicts}"


@pytest.mark.parametrize("exercise", GRADED)
def test_a_right_answer_through_numpy_earns_everything_where_no_gradient_is_asked_for(exercise):
    """The printed solution, its answer taken through numpy; where the statement asks for gradients, it earns nothing."""
    solution = printed_solution(exercise)

    def through_numpy(*arguments):
        answer = solution(*arguments)
        arrays = [torch.as_tensor(part).detach().numpy() for part in (answer if isinstance(answer, tuple) else (answer,))]
        return tuple(arrays) if isinstance(answer, tuple) else arrays[0]

    report = run(exercise, through_numpy, 1)
    statement = next(
        cell.source
        for cell in notebooks.read(ROOT / "solutions" / exercise.order[0] / f"{exercise.order[0]}.ipynb").cells
        if cell.source.startswith(f"## {exercise.number} ")
    )
    assert ("radients" in statement and "reach" in statement) == bool(exercise.differentiable)
    assert report.fraction == (0 if exercise.differentiable else 1), as_text(report)


def printed_solution(exercise):
    """The function of the instructor's notebook."""
    ps = exercise.order[0]
    scope: dict = {}
    for cell in notebooks.read(ROOT / "solutions" / ps / f"{ps}.ipynb").cells:
        if cell.cell_type == "code" and not cell.source.startswith(("check(", "grade(")):
            exec(cell.source, scope)
    return scope[exercise.name]


@pytest.mark.parametrize("exercise", GRADED)
def test_the_printed_solution_earns_everything(exercise):
    report = run(exercise, printed_solution(exercise), seed=7)
    assert report.fraction == 1, as_text(report)
