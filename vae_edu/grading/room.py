"""What stands in the room while a problem set is graded: the library without the answers.

A copy of the package is made for the set and mounted over it, read-only. It holds no exercise, no answer of a probe, nothing
of the grader but what runs inside; and where the set asks for a function that the library has, a body that says so. What a
student has copied from the open repository cannot be told from what a student has written.
"""

import ast
import inspect
import os
import shutil
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PUT_AWAY = ("exercises", "checks", "grading", "cli", "course", "start.py", "notebooks.py", "errata.py", "__pycache__")
INSIDE = ("__init__", "inside", "walls", "denied", "processes", "wire", "outside", "pages")
BROUGHT = ("checks/calling.py", *(f"grading/{name}.py" for name in INSIDE))
PREFIX = "vae-edu-room-"
MODELS = {"vae": "VAE", "epitomic": "EpitomicVAE", "hierarchical": "HVAE"}
ALWAYS = {("vae_edu.reference", "probe"), *((f"vae_edu.models.{module}", f"{name}.answers") for module, name in MODELS.items())}
CHECKS = '''"""`check` and `grade` while a class is graded: the graded cells of the course say the same, on other inputs."""


def check(name, function):
    print("(not run while grading: the graded cell below says the same, on other inputs)")


def grade(name, function, points, seed=None):
    check(name, function)
    return 0.0
'''
CLOSED = "from vae_edu.checks.calling import closed\nclosed({what!r})"


def new_folder() -> tempfile.TemporaryDirectory:
    """A folder for a room, by the name of this process; what processes that were killed have left is removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if Path("/proc/self").exists() and not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")


def furnish(folder: Path, *, linked: bool) -> Path:
    """Make the copy, `folder`/vae_edu, where nothing is closed yet. Weights, which are large and tell nothing, are not copied
    but linked; where links would lead nowhere, empty files stand for them, to be mounted over.
    """
    room = folder / "vae_edu"
    shutil.copytree(PACKAGE, room, ignore=_put_away)
    for path in weights():
        place = room / path.relative_to(PACKAGE)
        place.symlink_to(path) if linked else place.touch()
    for name in BROUGHT:
        (room / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(PACKAGE / name, room / name)
    (room / "checks" / "__init__.py").write_text(CHECKS, encoding="utf-8")
    return room


def close(folder: Path, problem_set: str) -> None:
    """Take the answers out of the copy in `folder`: those of the probes, and the functions that the problem set asks for."""
    from ..exercises import EXERCISES

    asked = [inspect.unwrap(f) for exercise in EXERCISES.of(problem_set) for f in exercise.closed_book]  # under no_grad and such
    for module, name in {*ALWAYS, *((function.__module__, function.__qualname__) for function in asked)}:
        _close(folder, module, name)


def weights() -> list[Path]:
    """The files of the trained references, without the probes."""
    return [path for path in sorted(PACKAGE.glob("reference/store/*.safetensors")) if ".probe." not in path.name]


def _put_away(folder: str, names: list[str]) -> list[str]:
    """What is not copied: what is put away at the top, weights, and the answers of probes."""
    top = Path(folder) == PACKAGE
    return [name for name in names if (top and name in PUT_AWAY) or name == "__pycache__" or name.endswith(".safetensors")]


def _close(folder: Path, module: str, name: str) -> None:
    """Take the body out of one function, or method, of the copy."""
    base = folder / module.replace(".", "/")
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    tree = node = ast.parse(path.read_text(encoding="utf-8"))
    for part in name.split("."):
        node = next(inner for inner in node.body if getattr(inner, "name", "") == part)
    node.body = ast.parse(CLOSED.format(what=f"{module}.{name}")).body
    path.write_text(ast.unparse(tree), encoding="utf-8")
