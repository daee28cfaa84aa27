"""Where a learner stands: what is done in every problem set and what comes next, read from the outputs stored in the notebooks.

Nothing is run here, and neither torch nor Jupyter is imported, so that it answers at once. Left out: the lectures' own
exercises, which have no points, and the marks of written answers, which are the instructor's to give.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import CHECK_MIME

HEADING = re.compile(r"^## (ps\d+\.\d+) (?:`(\w+)|(.*))", re.M)
EFFORT = re.compile(r"(\d+) minutes · difficulty")
GRADE = re.compile(r'^grade\("(\w+)", .*points=(\d+(?:\.\d+)?)\)', re.M)
LECTURE = re.compile(r"\]\((?:\.\./)*lectures/(\w+?)_\w+\.ipynb\)")
STATES = ("done", "partly", "untried")


class NotebookError(Exception):
    """A notebook cannot be read or run, or is not there. The message is one sentence for the user."""


@dataclass(frozen=True)
class Step:
    """One exercise: the minutes it is reckoned with, its points, those it has now, and whether it is done, partly or untried."""

    number: str
    name: str
    minutes: int
    points: float
    earned: float
    state: str


@dataclass(frozen=True)
class ProblemSet:
    """One problem set: its file, the numbers of the lectures that it names first, and its exercises in order."""

    path: Path
    lectures: list[str]
    steps: list[Step]


def sets_in(folder: Path) -> list[Path]:
    """FOLDER/assignments/psN/psN.ipynb, else those of FOLDER/vae-course. Raises NotebookError where there are none."""
    for place in (folder, folder / "vae-course"):
        found = [path for path in place.glob("assignments/ps*/ps*.ipynb") if re.fullmatch(r"ps\d+", path.stem)]
        if found := [path for path in found if path.stem == path.parent.name]:
            return sorted(found, key=lambda path: int(path.stem[2:]))
    raise NotebookError(f"{folder} holds no problem sets: make a working copy with vae-edu start, or name the folder of yours.")


def cells_of(path: Path) -> list[dict]:
    """The cells of a stored notebook, each source one string. Raises NotebookError where the file is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [{**cell, "source": "".join(cell["source"]), "metadata": dict(cell["metadata"])} for cell in cells]
    except (ValueError, KeyError, TypeError):
        raise NotebookError(f"{path} is not a notebook that can be read: was it half-saved? Save it again in Jupyter.") from None


def check_outputs(cells: list, *, graded: bool = False) -> dict[str, tuple[dict, str]]:
    """What `check` (or `grade`) found, by exercise name, in executed cells: (data, text). Later cells win."""
    found = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get(CHECK_MIME)
            if isinstance(data, dict) and "name" in data and (data.get("points") is not None) == graded:
                found[data["name"]] = (data, output["data"].get("text/plain", ""))
    return found


def problem_set(path: Path, cells: list) -> ProblemSet:
    """What the outputs of one problem set say, as they are stored or after a run."""
    checked, graded = check_outputs(cells), check_outputs(cells, graded=True)
    steps, number, title, minutes = [], "", "", 0
    for cell in cells:
        source, markdown = cell["source"], cell["cell_type"] == "markdown"
        own = cell["metadata"].get("nbgrader", {})
        if markdown and (heading := HEADING.search(source)):
            number, title = heading[1], heading[2] or heading[3].strip().lower()
            minutes = int(effort[1]) if (effort := EFFORT.search(source)) else 0
        if markdown and own.get("solution") and own.get("points"):
            blank = source.strip() in ("", "YOUR ANSWER HERE")
            steps.append(Step(number, title, minutes, float(own["points"]), 0.0, "untried" if blank else "done"))
        if not markdown and (call := GRADE.search(source)):
            earned, state = _earned(float(call[2]), *(graded.get(call[1]) or checked.get(call[1]) or ({}, "")))
            steps.append(Step(number, call[1], minutes, float(call[2]), earned, state))
    return ProblemSet(path, LECTURE.findall(cells[0]["source"].split("**Time:**")[0]) if cells else [], steps)


def _earned(points: float, data: dict, text: str) -> tuple[float, str]:
    """Points and state of an exercise in code. Where `grade` was run it says the points; a passed `check` is worth all."""
    earned = data.get("points")
    if earned is None:
        earned = points if data.get("passed") else 0.0
    untried = not data or "not attempted yet" in text
    return float(earned), "untried" if untried else "done" if earned >= points else "partly"


def as_text(sets: list[ProblemSet]) -> str:
    """The table, and below it what comes next."""
    rows = [f"{'':<5}{'done':>6}{'partly':>8}{'untried':>9}   points"]
    for one in sets:
        done, partly, untried = (sum(step.state == state for step in one.steps) for state in STATES)
        earned, points = sum(step.earned for step in one.steps), sum(step.points for step in one.steps)
        rows.append(f"{one.path.stem:<5}{done:>6}{partly:>8}{untried:>9}   {earned:g} of {points:g}")
    ahead = [(one, step) for one in sets for step in one.steps if step.state != "done"]
    if not ahead:
        return "\n".join([*rows, "", "Everything is done."])
    one, step = ahead[0]
    after = f" (after lecture {' and '.join(one.lectures)})" * bool(one.lectures)
    minutes = f", {step.minutes} minutes" * bool(step.minutes)
    return "\n".join([*rows, "", f"Next: {step.number} {step.name}{minutes}, in {one.path.as_posix()}{after}."])
