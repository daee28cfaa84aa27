"""The checks against mutants of every solution: each is rejected, but for those that are listed here as the same function."""

import pytest

from tests.checks.mutants import mutants
from tests.conftest import ROOT, seeds
from vae_edu import notebooks
from vae_edu.checks import EXERCISES
from vae_edu.checks.calling import Failure, Function, surroundings
from vae_edu.checks.runner import judge, trials_of

SQUARED, LAST_IS_SECOND = "squared", "the last dimension of (batch, dim) is the second"
SAME = {
    "kl_normal": {"mu_q - mu_p  ->  mu_p - mu_q": SQUARED},
    "log_normal": {"z - mu  ->  mu - z": SQUARED},
    "score_function_gradient": {"z - mu  ->  mu - z": SQUARED},
    "elbo": {"-1  ->  1": LAST_IS_SECOND},
    "training_step": {"-1  ->  1": LAST_IS_SECOND},
    "masked_kl": {"-1  ->  1": LAST_IS_SECOND},
    "three_terms": {"-1  ->  1": LAST_IS_SECOND},
    "log_mixture": {"z - mu  ->  mu - z": SQUARED},
    "hvae_log_weight": {
        "z - mu  ->  mu - z": SQUARED,
        **{f"log_normal({a}, {b})  ->  log_normal({c})": "a normal density is symmetric in z and its mean"
           for a, b, c in (("z1", "mu_q1, logvar_q1", "mu_q1, z1, logvar_q1"), ("z2", "mu_q2, logvar_q2", "mu_q2, z2, logvar_q2"),
                           ("z1", "mu_p1, logvar_p1", "mu_p1, z1, logvar_p1"))},
    },
    "match_vampprior": {"-1  ->  1": LAST_IS_SECOND, "z - mu  ->  mu - z": SQUARED},
}  # fmt: skip


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


@pytest.mark.parametrize("exercise", [pytest.param(e, id=f"{e.number}-{e.name}") for e in EXERCISES.values()])
def test_every_mutant_is_rejected(exercise):
    source, survivors = solution(exercise), []
    batteries = [trials_of(exercise, seed) for seed in seeds()]
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
    assert sorted(set(survivors)) == sorted(SAME.get(exercise.name, {}))
