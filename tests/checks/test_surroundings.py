"""Whatever a function does or a notebook has set: `check` and `grade` say something, raise nothing, and leave no trace."""

import random
import sys
import warnings

import numpy as np
import pytest
import torch

from vae_edu import reference
from vae_edu.checks import calling, check, grade
from vae_edu.exercises import EXERCISES


def right(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


class NoWords(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


class NoName(type):
    def __repr__(cls):
        raise RuntimeError("no words")


class Unprintable(metaclass=NoName):
    def __call__(self, mu, logvar):
        return right(mu, logvar)

    def __repr__(self):
        raise RuntimeError("no words")

    __str__ = __repr__


class Own(BaseException):
    pass


def raising(error):
    def function(mu, logvar):
        raise error

    return function


def recursing(mu, logvar):
    return recursing(mu, logvar)


def closes_stdout(mu, logvar):
    sys.stdout.close()
    return right(mu, logvar)


def replaces_stdout(mu, logvar):
    sys.stdout = None
    return right(mu, logvar)


def changes_settings(mu, logvar):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.manual_seed(7)
    np.seterr(all="raise")
    random.seed(1)
    return right(mu, logvar)


def checks_itself(mu, logvar):
    check("kl_standard_normal", right)
    return right(mu, logvar)


STRANGE = {
    "an exception without words": (raising(NoWords()), 0),
    "several exceptions at once": (raising(ExceptionGroup("several", [ValueError("a"), NoWords()])), 0),
    "a BaseException of its own": (raising(Own()), 0),
    "GeneratorExit": (raising(GeneratorExit()), 0),
    "sys.exit": (raising(SystemExit(0)), 0),
    "recursion": (recursing, 0),
    "more memory than there is": (lambda mu, logvar: torch.empty(10**14), 0),
    "an unprintable object": (Unprintable(), 1),
    "stdout closed": (closes_stdout, 1),
    "stdout replaced": (replaces_stdout, 1),
    "settings changed": (changes_settings, 1),
    "a check inside the function": (checks_itself, 1),
    "an answer of 10^12 numbers": (lambda mu, logvar: torch.zeros(1).expand(10**6, 10**6), 0),
    "a meta tensor": (lambda mu, logvar: right(mu, logvar).to("meta"), 0),
    "a sparse answer": (lambda mu, logvar: right(mu, logvar).to_sparse() if mu.ndim == 2 else right(mu, logvar), 1),
    "a ragged list": (lambda mu, logvar: [[1.0], [1.0, 2.0]], 0),
    "an array of objects": (lambda mu, logvar: np.array([None, "a"], dtype=object), 0),
    "inputs resized": (lambda mu, logvar: right(mu, logvar.unsqueeze_(0)), 0),
    "a builtin": (max, 0),
    "a class": (type("K", (), {"__init__": lambda self, mu, logvar: None}), 0),
    "good only at first": ((lambda calls: lambda mu, logvar: (calls.append(0), right(mu, logvar) / (len(calls) < 3))[1])([]), 0),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_function_gets_its_points_and_leaves_no_trace(name):
    function, points = STRANGE[name]
    before = torch.get_default_dtype(), torch.is_grad_enabled(), np.geterr(), sys.stdout
    try:
        assert grade("kl_standard_normal", function, points=1) == points
        check("kl_standard_normal", function)
        assert (torch.get_default_dtype(), torch.is_grad_enabled(), np.geterr(), sys.stdout) == before
    finally:
        sys.stdout = before[-1]


SETTINGS = {
    "float64": (lambda: torch.set_default_dtype(torch.float64), lambda: torch.set_default_dtype(torch.float32)),
    "no gradients": (lambda: torch.set_grad_enabled(False), lambda: torch.set_grad_enabled(True)),
    "another device": (lambda: torch.set_default_device("meta"), lambda: torch.set_default_device(None)),
    "deterministic": (lambda: torch.use_deterministic_algorithms(True), lambda: torch.use_deterministic_algorithms(False)),
    "numpy errors": (lambda: np.seterr(all="raise"), lambda: np.seterr(all="warn")),
    "warnings are errors": (lambda: warnings.simplefilter("error"), lambda: None),
    "anomaly detection": (lambda: torch.autograd.set_detect_anomaly(True), lambda: torch.autograd.set_detect_anomaly(False)),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_whatever_a_notebook_has_set_right_answers_earn_everything(name):
    from tests.exercises.answers import answers_to

    change, restore = SETTINGS[name]
    with warnings.catch_warnings():
        change()
        try:
            for exercise in EXERCISES:
                right_answers = answers_to(exercise).rights.items()
                said, function = next((n, f) for n, f in right_answers if (exercise, n) != ("kl_discrete", "distributions"))
                assert grade(exercise, function, points=1) == 1, (exercise, said)
        finally:
            restore()


def test_where_the_check_itself_cannot_run_it_says_so_and_gives_nothing(monkeypatch, capsys):
    def damaged(*arguments):
        raise reference.StoreError("vae-mnist.probe.safetensors is damaged")

    exercise = EXERCISES["kl_standard_normal"]
    monkeypatch.setattr(exercise, "reference", damaged)
    exercise.__dict__.pop("constant_trials", None)
    assert grade("kl_standard_normal", right, points=1) == 0
    check("kl_standard_normal", right)
    said = capsys.readouterr().out
    assert said.count("the check itself could not run: StoreError: vae-mnist.probe.safetensors is damaged") == 2


def test_inputs_are_made_on_the_processor_whatever_device_a_notebook_has_set():
    torch.set_default_device("meta")
    try:
        answer = calling.Function(EXERCISES["kl_monte_carlo"], lambda q, p: (q - p).mean(0)).call((np.ones(3), np.zeros(3)))
    finally:
        torch.set_default_device(None)
    np.testing.assert_allclose(answer, (1.0,))
