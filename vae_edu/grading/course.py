"""A course folder, as nbgrader sees it: solutions/ -> assignments/ -> classroom/{submitted,autograded,feedback}, gradebook.

nbgrader keeps its formats, its gradebook, its formgrader and its feedback. What is unsafe or slow is replaced: submissions
are taken in (`intake`), run by isolated workers (`execute`), and only then handed to nbgrader with their outputs, by this
one process, which never runs a student's line.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import AssignLatePenalties, ClearHiddenTests, GetGrades, OverwriteCells, SaveAutoGrades
from traitlets.config import Config, PyFileConfigLoader

from ..notebooks import NotebookError, check_outputs, kernel_surroundings, read
from .execute import execute, versions
from .feedback import FeedbackExporter
from .intake import IntakeError, Submission, take_in
from .processes import workers
from .sandbox import Limits, SandboxError, missing


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
    misconception: str = ""


class Course:
    """The course in folder `root`; `home` is the folder that holds solutions/ and nbgrader_config.py (default: root)."""

    def __init__(self, root: Path, home: Path | None = None):
        self.root, self.home = Path(root).resolve(), Path(home or root).resolve()
        self.classroom = self.root / "classroom"
        settings = self.home / "nbgrader_config.py"
        if not settings.is_file() or not (self.home / "solutions").is_dir():
            raise CourseError(f"{self.home} is not a course folder: it should hold nbgrader_config.py and solutions/.")
        config: Config = PyFileConfigLoader(settings.name, path=str(settings.parent)).load_config()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.source_directory = str(self.home / "solutions")
        config.CourseDirectory.submitted_directory = "classroom/intake"  # nbgrader sees what `intake` made of a submission
        self.classroom.mkdir(parents=True, exist_ok=True)
        config.CourseDirectory.db_url = f"sqlite:///{self.classroom / 'gradebook.db'}"
        config.NbGrader.logfile = None
        config.Autograde.sanitize_preprocessors = [OverwriteCells]  # the hidden tests; all else is `intake`'s
        config.Autograde.autograde_preprocessors = [self._put_in, SaveAutoGrades, AssignLatePenalties]
        config.GenerateFeedback.preprocessors = [ClearHiddenTests, GetGrades, "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor"]
        config.GenerateFeedback.exporter_class = FeedbackExporter
        self.api = NbGraderAPI(config=config)
        self._executed: dict[tuple[str, str], list[list[dict]]] = {}

    def problem_sets(self) -> list[str]:
        return sorted(path.parent.name for path in (self.home / "solutions").glob("ps*/ps*.ipynb"))

    def release(self, ps: str) -> Path:
        """Make the students' version of a problem set, and enter it into the gradebook. Returns its notebook."""
        if ps not in self.problem_sets():
            raise CourseError(f"There is no problem set {ps!r}; there are {', '.join(self.problem_sets())}.")
        self._run(self.api.generate_assignment, ps, force=True)
        return self.root / "assignments" / ps / f"{ps}.ipynb"

    def students(self, ps: str) -> list[str]:
        """The class: who is in the gradebook, and who has submitted the problem set."""
        submitted = {path.parent.name for path in (self.classroom / "submitted").glob(f"*/{ps}")}
        if not (self.classroom / "gradebook.db").exists():
            return sorted(submitted)
        with self.api.gradebook as gradebook:
            return sorted(submitted | {student.id for student in gradebook.students})

    def grade(
        self, ps: str, students: Iterable[str] | None = None, *, executor: Executor | None = None, jobs: int | None = None,
        locked: bool = True, again: bool = False, limits: Limits = Limits(),
    ) -> Iterator[list[Result]]:  # fmt: skip
        """Grade what is new or has changed since the last call; yields one student's results at a time, as they are done.

        executor: where submissions run (default: a process for each of `jobs`, or of the cores); locked: in a sandbox;
        again: also what has not changed.
        """
        if locked and missing():
            raise SandboxError(missing())
        release = read(self.release(ps))
        source = read(self.home / "solutions" / ps / f"{ps}.ipynb")
        tests = {id_of_test(cell): cell.source for cell in source.cells if cell.cell_type == "code" and is_test(cell)}
        students = list(self.students(ps) if students is None else students)
        jobs = jobs or min(os.cpu_count() or 1, 1 + len(students) // 8)  # a worker takes as long to start as a few submissions
        own = None if executor else workers(jobs)
        pool, ledger = executor or own, Ledger(self.classroom / "state" / f"{ps}.json")
        running: dict[Future, Submission] = {}
        try:
            current = self._versions(ps, pool)
            for student in students:
                try:
                    submission = self._take_in(ps, student, release)
                except Exception as error:  # whatever is wrong with this submission, the next one is graded
                    problem = str(error) if isinstance(error, IntakeError) else f"it cannot be read ({type(error).__name__})."
                    yield self._without_score(ps, student, problem, ledger)
                    continue
                todo = None if again else ledger.todo(submission, current)
                if todo is not None and not todo:
                    yield self.results(ps, student)
                    continue
                code = [[cell.source, id_of_test(cell)] for cell in submission.notebook.cells if cell.cell_type == "code"]
                job = {"cells": code, "files": submission.files, "tests": tests, "limits": asdict(limits), "locked": locked}
                job["only"] = todo and [grade_id for grade_id in tests if exercise_number(grade_id) in todo]
                running[pool.submit(execute, job)] = submission
                while len(running) >= 2 * jobs:  # the class does not have to fit into memory
                    yield from self._record_some(ps, running, ledger, current)
            while running:
                yield from self._record_some(ps, running, ledger, current)
        except BrokenExecutor:
            raise SandboxError("A worker of the grader was killed (is memory short?). The same command goes on.") from None
        finally:
            if own:
                own.shutdown(cancel_futures=True)

    def _versions(self, ps: str, pool: Executor) -> dict[str, str]:
        """The version of each check of the problem set; asked of a worker where a file of the checks has changed."""
        files = sorted((Path(__file__).parents[1] / "exercises").rglob("*.py"))
        source = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        known = Ledger(self.classroom / "state" / "checks.json")
        if known.entries.get(ps, {}).get("source") != source:
            known.write(ps, source=source, versions=pool.submit(versions, [ps]).result())
        return known.entries[ps]["versions"]

    def _take_in(self, ps: str, student: str, release: nbformat.NotebookNode) -> Submission:
        folder = self.classroom / "submitted" / student / ps
        if not folder.is_dir():
            raise IntakeError(f"missing: there is nothing in classroom/submitted/{student}/{ps}.")
        submission = take_in(folder, student, release, ps)
        staged = self.classroom / "intake" / student / ps
        staged.mkdir(parents=True, exist_ok=True)
        nbformat.write(submission.notebook, staged / f"{ps}.ipynb")
        (staged / "timestamp.txt").unlink(missing_ok=True)
        if submission.handed_in:
            (staged / "timestamp.txt").write_text(f"{submission.handed_in:%Y-%m-%d %H:%M:%S} UTC")
        return submission

    def _record_some(self, ps: str, running: dict[Future, Submission], ledger: "Ledger", current: dict) -> Iterator[list[Result]]:
        """Enter what has been executed into the gradebook, and write its feedback."""
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            submission = running.pop(done)
            student = submission.student
            try:
                executed = self._result(done)
                self._executed[student, ps] = self._outputs(ps, submission, executed["outputs"])
                self._run(self.api.autograde, ps, student, force=True, create=True)
                self._run(self.api.generate_feedback, ps, student, force=True)
                ledger.write(
                    student,
                    content=submission.content,
                    versions=current,
                    notes=submission.notes,
                    ended=executed["ended"],
                    seconds=executed["seconds"],
                )
                yield self.results(ps, student)
            except (CourseError, NotebookError, SandboxError) as error:
                yield self._without_score(ps, student, str(error), ledger)
            finally:
                self._executed.pop((student, ps), None)

    def _result(self, done: Future) -> dict:
        try:
            return done.result()
        except (BrokenExecutor, CourseError, SandboxError):
            raise
        except Exception as error:  # a cluster gives up on one submission, not on all
            raise CourseError(f"it could not be run ({type(error).__name__}: {error}).") from None

    def _outputs(self, ps: str, submission: Submission, outputs: list[list[dict] | None]) -> list[list[dict]]:
        """The outputs of every code cell; of a test that was not run again, those of the last time."""
        if None not in outputs:
            return outputs
        before = [cell.outputs for cell in self._autograded(ps, submission.student).cells if cell.cell_type == "code"]
        return [old if new is None else new for old, new in zip(before, outputs, strict=True)]

    def _put_in(self, notebook: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        """A preprocessor in the place of nbgrader's Execute: the outputs come from the workers."""
        about = resources["nbgrader"]
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, (cell, outputs) in enumerate(zip(cells, self._executed[about["student"], about["assignment"]], strict=True)):
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
            cell.execution_count = number + 1
            if is_test(cell) and not outputs:  # nbgrader would take silence for full marks
                cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text="This test was not run.")]
        return notebook, resources

    def results(self, ps: str, student: str) -> list[Result]:
        """The scores in the gradebook, with the hints that the autograded notebook holds."""
        try:
            with self.api.gradebook as gradebook:
                notebooks = gradebook.find_submission(ps, student).notebooks
                grades = [
                    (grade.name, grade.cell.cell_type, grade.score, grade.max_score, grade.needs_manual_grade)
                    for notebook in notebooks for grade in notebook.grades
                ]  # fmt: skip
        except MissingEntry:
            return self._without_score(ps, student, "not graded yet")
        executed = self._autograded(ps, student)
        data = {found["exercise"]: found for found, _ in check_outputs(executed, graded=True).values()}
        ends = {
            exercise_number(cell.metadata.nbgrader.grade_id): output.evalue
            for cell in executed.cells if is_test(cell)
            for output in cell.get("outputs", []) if output.output_type == "error"
        }  # fmt: skip
        results = []
        for name, cell_type, score, max_score, by_hand in grades:
            number = exercise_number(name)
            found = data.get(number, {})
            hint = "" if score == max_score or by_hand else found.get("hint") or ends.get(number, "")
            points = None if cell_type != "code" and by_hand else score or 0.0
            results.append(Result(student, number, points, max_score, hint, misconception=found.get("misconception", "")))
        return sorted(results, key=lambda result: result.exercise)

    def _autograded(self, ps: str, student: str) -> nbformat.NotebookNode:
        return read(self.classroom / "autograded" / student / ps / f"{ps}.ipynb")

    def remarks(self, ps: str) -> dict[str, list[str]]:
        """What a person may want to look at, by student: cells that were put back, processes that were lost."""
        entries = Ledger(self.classroom / "state" / f"{ps}.json").entries
        found = {student: [*entry.get("notes", []), *entry.get("ended", [])] for student, entry in sorted(entries.items())}
        return {student: remarks for student, remarks in found.items() if remarks}

    def feedback(self, ps: str, student: str) -> Path:
        return self.classroom / "feedback" / student / ps / f"{ps}.html"

    def _run(self, step, *arguments, **options) -> None:
        with kernel_surroundings(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's own, of SQLAlchemy and of older Jupyter interfaces
            outcome = step(*arguments, **options)
        if not outcome["success"]:
            log = [line for line in outcome.get("log", "").splitlines() if "ERROR" in line or "Error" in line]
            raise CourseError(f"nbgrader failed: {log[-1].strip() if log else outcome.get('error', 'without a message')}")

    def _without_score(self, ps: str, student: str, problem: str, ledger: "Ledger | None" = None) -> list[Result]:
        if ledger:
            ledger.write(student, problem=problem)
        return [Result(student, ps, None, 0.0, problem=problem)]


class Ledger:
    """What has been graded, in a file: written after every student, so that a call that was killed is taken up again."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self.entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.entries = {}

    def todo(self, submission: Submission, current: dict[str, str]) -> list[str] | None:
        """The exercises whose check has changed since this very submission was graded; None: all of it."""
        entry = self.entries.get(submission.student, {})
        if entry.get("content") != submission.content or entry["versions"].keys() != current.keys():
            return None
        return [number for number, version in current.items() if entry["versions"][number] != version]

    def write(self, student: str, **entry) -> None:
        self.entries[student] = entry
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.entries, indent=0), encoding="utf-8")
        os.replace(partial, self.path)


def is_test(cell: nbformat.NotebookNode) -> bool:
    """Graded by running it, and not the student's to edit."""
    marks = cell.metadata.get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")


def id_of_test(cell: nbformat.NotebookNode) -> str:
    return cell.metadata.nbgrader.grade_id if is_test(cell) else ""


def exercise_number(grade_id: str) -> str:
    """ "ps1-2-grade" -> "ps1.2": grade ids begin with the exercise's number."""
    return ".".join(grade_id.split("-")[:2])
