"""Answers as students write them: psN/NAME.py holds right ones in other styles, and wrong ones with their cause."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from vae_edu.exercises import EXERCISES


class Wrong(NamedTuple):
    """cause: a regular expression that a hint naming the right cause matches; fair: the most a reasonable instructor gives."""

    cause: str
    function: Callable
    fair: float


@dataclass
class Answers:
    """The answers to one exercise, by a few words that say what each does.

    same: mutants of the printed solution that are the same function, and why.
    """

    rights: dict[str, Callable] = field(default_factory=dict)
    wrongs: dict[str, Wrong] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)

    def right(self, name: str, function: Callable) -> None:
        assert name not in self.rights
        self.rights[name] = function

    def wrong(self, name: str, cause: str, function: Callable, fair: float = 0.0) -> None:
        """fair: 0 for a wrong formula."""
        assert name not in self.wrongs
        self.wrongs[name] = Wrong(cause, function, fair)


def answers_to(exercise: str) -> Answers:
    """The answers to the exercise of this name."""
    return importlib.import_module(f"tests.exercises.{EXERCISES.files[exercise].parent.name}.{exercise}").answers
