"""The exercises, one file each: psN/NAME.py, found by its name and imported when asked for."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from .exercise import Exercise


class _Exercises(Mapping):
    """Every exercise by its name: EXERCISES["kl_normal"] imports psN/kl_normal.py. Iterating goes by number: ps1.1, ps1.2, ..."""

    def __init__(self, folder: Path):
        self.files = {path.stem: path for path in sorted(folder.glob("*/[!_]*.py"))}

    def __getitem__(self, name: str) -> Exercise:
        return importlib.import_module(f"{__name__}.{self.files[name].parent.name}.{name}").exercise

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.files, key=lambda name: self[name].order))

    def __len__(self) -> int:
        return len(self.files)

    def of(self, problem_set: str) -> list[Exercise]:
        """The exercises of one problem set (or lecture), by number; no other is imported."""
        own = [self[name] for name, path in self.files.items() if path.parent.name == problem_set]
        return sorted(own, key=lambda exercise: exercise.order)


EXERCISES = _Exercises(Path(__file__).parent)
