"""A course folder, as nbgrader sees it: solutions/ -> assignments/ -> classroom/{submitted,autograded,feedback}, gradebook.

nbgrader does the work (its formats, its gradebook, its feedback); this adds what a table needs: every student with every
exercise, the points, and the hint that a wrong answer earned. Submissions are run one after the other, unisolated.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

from ..notebooks import NotebookError, check_outputs, kernel_surroundings, read

_SUSPECT = "points without a reply of the check: was `grade` replaced? Look at this notebook."


class CourseError(Exception):
    """The course folder, a problem set or nbgrader itself is not as needed. The message is for the user."""


@dataclass(frozen=True)
class Result:
    """One student's exercise. points is None where a person has to grade; `problem` says why there is no score."""

    student: str
    exercise: str
    points: float | None
    max_points: float
    hint: str = ""
    problem: str = ""


class Course:
    """The course in folder `root`; `home` is the folder that holds solutions/ and nbgrader_config.py (default: root)."""

    def __init__(self, root: Path, home: Path | None = None):
        self.root, self.home = Path(root).resolve(), Path(home or root).resolve()
        settings = self.home / "nbgrader_config.py"
        if not settings.is_file() or not (self.home / "solutions").is_dir():
            raise CourseError(f"{self.home} is not a course folder: it should hold nbgrader_config.py and solutions/.")
        config: Config = PyFileConfigLoader(settings.name, path=str(settings.parent)).load_config()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.source_directory = str(self.home / "solutions")
        (self.root / "classroom").mkdir(parents=True, exist_ok=True)
        config.CourseDirectory.db_url = f"sqlite:///{self.root / 'classroom' / 'gradebook.db'}"
        config.NbGrader.logfile = None
        self.api = NbGraderAPI(config=config)

    def problem_sets(self) -> list[str]:
        return sorted(path.parent.name for path in (self.home / "solutions").glob("ps*/ps*.ipynb"))

    def release(self, ps: str) -> Path:
        """Make the students' version of a problem set, and enter it into the gradebook. Returns its notebook."""
        if ps not in self.problem_sets():
            raise CourseError(f"There is no problem set {ps!r}; there are {', '.join(self.problem_sets())}.")
        self._run(self.api.generate_assignment, ps, force=True)
        return self.root / "assignments" / ps / f"{ps}.ipynb"

    def students(self, ps: str) -> list[str]:
        """Who has submitted the problem set."""
        return sorted(path.parent.name for path in (self.root / "classroom" / "submitted").glob(f"*/{ps}"))

    def grade(self, ps: str, students: list[str] | None = None) -> Iterator[list[Result]]:
        """Run, score and write the feedback of each submission; yields one student's results at a time."""
        self.release(ps)
        for student in self.students(ps) if students is None else students:
            if student not in self.students(ps):
                yield [self._without_score(ps, student, f"nothing in classroom/submitted/{student}/{ps}")]
                continue
            try:
                self._run(self.api.autograde, ps, student, force=True, create=True)
                self._run(self.api.generate_feedback, ps, student, force=True)
                yield self.results(ps, student)
            except (CourseError, NotebookError) as error:
                yield [self._without_score(ps, student, str(error))]

    def results(self, ps: str, student: str) -> list[Result]:
        """The scores in the gradebook, with the hints that the autograded notebook holds."""
        try:
            with self.api.gradebook as gradebook:
                notebooks = gradebook.find_submission(ps, student).notebooks
                grades = [(g.name, g.cell.cell_type, g.auto_score, g.max_score) for n in notebooks for g in n.grades]
        except MissingEntry:
            return [self._without_score(ps, student, "not graded yet")]
        executed = read(self.root / "classroom" / "autograded" / student / ps / f"{ps}.ipynb")
        data = {found["exercise"]: found for found, _ in check_outputs(executed, graded=True).values()}
        results = []
        for name, cell_type, score, max_score in grades:
            number = exercise_number(name)
            hint = data.get(number, {}).get("hint", "") if score != max_score else ""
            if cell_type == "code" and number not in data:
                hint = _SUSPECT if score else "the grade cell is missing or did not run to its end"
            results.append(Result(student, number, (score or 0.0) if cell_type == "code" else None, max_score, hint))
        return sorted(results, key=lambda result: result.exercise)

    def feedback(self, ps: str, student: str) -> Path:
        return self.root / "classroom" / "feedback" / student / ps / f"{ps}.html"

    def _run(self, step, *arguments, **options) -> None:
        with kernel_surroundings(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's own, of SQLAlchemy and of older Jupyter interfaces
            outcome = step(*arguments, **options)
        if not outcome["success"]:
            log = [line for line in outcome.get("log", "").splitlines() if "ERROR" in line or "Error" in line]
            raise CourseError(f"nbgrader failed: {log[-1].strip() if log else outcome.get('error', 'without a message')}")

    def _without_score(self, ps: str, student: str, problem: str) -> Result:
        return Result(student, ps, None, 0.0, problem=problem)


def exercise_number(grade_id: str) -> str:
    """ "ps1-2-grade" -> "ps1.2": grade ids begin with the exercise's number."""
    return ".".join(grade_id.split("-")[:2])
