"""The checks against mutants of every solution: each is rejected, but for those that its answers list as the same function."""

import pytest

from tests.conftest import ROOT, seeds
from tests.exercises.answers import answers_to
from tests.exercises.mutants import mutants
from vae_edu import notebooks
from vae_edu.checks.calling import Failure, Function, surroundings
from vae_edu.checks.judging import judge
from vae_edu.exercises import EXERCISES


def solution(exercise):
    """The code of the problem set up to and with the exercise's own cell, checks left out."""
    ps = exercise.number.split(".")[0]
    cells = notebooks.read(ROOT / "solutions" / ps / f"{ps}.ipynb").cells
    code = [cell for cell in cells if cell.cell_type == "code" and not cell.source.startswith(("check(", "grade("))]
    own = next(i for i, cell in enumerate(code) if f"def {exercise.name}(" in cell.source)
    return "\n".join(cell.source for cell in code[: own + 1])


def passes(exercise, function, trials):
    """Every row but the gradients, from the first that fails no further."""
    student = Function(exercise, function)
    for trial in trials:
        answers = []
        for arguments in trial.inputs:
            answers.append(student.call(arguments))
            if isinstance(answers[-1], Failure) or not judge(exercise, trial, answers).passed:
                return False
    return True


@pytest.mark.parametrize("exercise", [pytest.param(e, id=f"{e.number}-{e.name}") for e in EXERCISES.values() if e.graded])
def test_every_mutant_is_rejected(exercise):
    source, survivors = solution(exercise), []
    batteries = [exercise.trials_of(seed) for seed in seeds()]
    tried = 0
    for what, mutant in mutants(source, exercise.name):
        scope: dict = {}
        exec(mutant, scope)
        tried += 1
        with surroundings():
            for trials in batteries:
                if passes(exercise, scope[exercise.name], trials):
                    survivors.append(what)
                    break
    assert tried >= 4
    assert sorted(set(survivors)) == sorted(answers_to(exercise.name).same)
