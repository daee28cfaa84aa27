"""413 wrong answers by a hand that had not seen the checks: none earns all points, but for those that are known to."""

import pytest

from tests.exercises.unopened import ACCEPTED, ANSWERS, STEPS, Answer
from vae_edu.checks import diagnosis
from vae_edu.exercises import EXERCISES


def fraction(answer: Answer) -> float:
    return diagnosis.run(EXERCISES[answer.exercise], answer.function, 0, diagnose=False).fraction


@pytest.mark.parametrize("exercise", STEPS)
def test_no_wrong_answer_earns_all_points(exercise):
    answers = [answer for answer in ANSWERS if answer.exercise == exercise]
    assert len(answers) >= 14 and [answer.name for answer in answers if fraction(answer) == 1] == []


@pytest.mark.parametrize("answer", ACCEPTED, ids=lambda answer: f"{answer.exercise}: {answer.name}")
@pytest.mark.xfail(strict=True, reason="no row of the check shows what is wrong with it")
def test_what_is_wrong_and_earns_all_points_is_known(answer):
    assert fraction(answer) < 1
