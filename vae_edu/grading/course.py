"""A course folder, as nbgrader sees it: solutions/ -> assignments/ -> classroom/{submitted,autograded,feedback}, gradebook.

nbgrader keeps its formats, its gradebook, its formgrader and its feedback. What is unsafe or slow is replaced: submissions
are taken in (`intake`), run by isolated workers (`execute`), and only then handed to nbgrader with their outputs, by this
one process, which never runs a student's line.
"""

import os
import secrets
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import AssignLatePenalties, OverwriteCells, SaveAutoGrades
from sqlalchemy.exc import OperationalError
from traitlets.config import Config, PyFileConfigLoader

from ..notebooks import NotebookError, kernel_surroundings, read
from . import gradebooks, marks
from .disk import alone, is_full, needs_room, write_whole
from .execute import begin, execute
from .feedback import printing
from .intake import IntakeError, Submission, take_in
from .ledger import Ledger, check_versions
from .marks import Result, id_of_test, is_test
from .outside import printable
from .processes import workers
from .releases import Release, exercise_number, faulty, reason, release
from .sandbox import Limits, SandboxError, missing, visible
from .standing import Standing, standing


class CourseError(Exception):
    """The course folder, a problem set or nbgrader itself is not as needed. The message is for the user."""


NOT_YET = "not graded yet."


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
        self.api = NbGraderAPI(config=config)
        self.rewritten: list[str] = []  # whose feedback pages this object has written
        self.said: list[str] = []  # what a changed problem set means for those already graded
        self._executed: dict[tuple[str, str], list[list[dict]]] = {}
        self._at_work = False

    def __deepcopy__(self, memo: dict) -> "Course":
        return self  # nbgrader copies its configuration again and again, and `_put_in` is in it

    def problem_sets(self) -> list[str]:
        return sorted(path.parent.name for path in (self.home / "solutions").glob("ps*/ps*.ipynb"))

    def release(self, ps: str) -> Path:
        """Make the students' version of a problem set, and enter it into the gradebook. Returns its notebook."""
        return self.released(ps).path

    def released(self, ps: str) -> Release:
        """`release`, with all that it has come to: the version, the earlier ones, what it means for those already graded."""
        if ps not in self.problem_sets():
            raise CourseError(f"There is no problem set {ps!r}; there are {', '.join(self.problem_sets())}.")
        source = read(self.home / "solutions" / ps / f"{ps}.ipynb")
        try:
            with self.at_work():
                self._draw_seed()
                return release(self, ps)
        except CourseError as error:
            where = f" See its cell {cell}." if (cell := faulty(source)) else ""
            raise CourseError(f"{ps} cannot be released, and all is as it was: {error}{where}") from None
        except OperationalError as error:
            if is_full(error):
                raise
            raise CourseError(f"The gradebook cannot be changed ({error.orig}): close what uses it, and try again.") from None

    def _draw_seed(self) -> int:
        """The class's own, from which the inputs that it is graded on are drawn: made once, and shown to no student."""
        path = self.classroom / "state" / "seed"
        return int(path.read_text() if path.exists() else write_whole(path, str(secrets.randbelow(2**31))).read_text())

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
        again: also what has not changed. While it runs, nobody else is at work on this course (see `at_work`).
        """
        with self.at_work(), printing(locked) as self._printer:
            yield from self._grade(ps, students, executor, jobs, locked, again, limits)

    def _grade(self, ps, students, executor, jobs, locked, again, limits) -> Iterator[list[Result]]:
        if locked and (problem := missing() or visible(self.root, self.home)):
            raise SandboxError(problem)
        released = self.released(ps)
        self.said = released.said
        asked = marks.questions(released.notebook)
        source = read(self.home / "solutions" / ps / f"{ps}.ipynb")
        tests = {id_of_test(cell): cell.source for cell in source.cells if cell.cell_type == "code" and is_test(cell)}
        seed, students = self._draw_seed(), list(self.students(ps) if students is None else students)
        jobs = jobs or min(os.cpu_count() or 1, 1 + len(students) // 8)  # a worker takes as long to start as a few submissions
        own = None if executor else workers(jobs)
        pool, ledger = executor or own, self._ledger(ps)
        running: dict[Future, Submission] = {}
        try:
            gradebooks.settle_penalties(self.api, ps)
            begun = cache(lambda: pool.submit(begin, ps, locked, asdict(limits)).result())
            current = check_versions(self._ledger("checks"), ps, begun)
            for student in students:
                try:
                    submission = self._take_in(ps, student, released)
                except Exception as error:  # whatever is wrong with this submission, the next one is graded
                    if is_full(error):
                        raise
                    problem = str(error) if isinstance(error, IntakeError) else f"it cannot be read ({type(error).__name__})."
                    yield self._without_score(ps, student, problem, ledger)
                    continue
                known = None if again else self._standing(ps, student)
                todo = ledger.todo(submission, current) if known else None
                if todo == []:
                    self._page(ps, student, known, ledger)
                    yield known.results
                    continue
                code = [[cell.source, id_of_test(cell)] for cell in submission.notebook.cells if cell.cell_type == "code"]
                job = {"cells": code, "files": submission.files, "tests": tests, "limits": asdict(limits), "locked": locked}
                job |= {"set": ps, "seed": seed}
                job["only"] = todo and [grade_id for grade_id in tests if exercise_number(grade_id) in todo]
                begun()
                running[pool.submit(execute, job)] = submission
                self._printer.start()
                while len(running) >= 2 * jobs:  # the class does not have to fit into memory
                    yield from self._record_some(ps, running, ledger, current, asked)
            while running:
                yield from self._record_some(ps, running, ledger, current, asked)
        except BrokenExecutor:
            raise SandboxError("A worker of the grader was killed (is memory short?). The same command goes on.") from None
        finally:
            if own:
                own.shutdown(cancel_futures=True)

    def _take_in(self, ps: str, student: str, released: Release) -> Submission:
        folder = self.classroom / "submitted" / student / ps
        if not folder.is_dir():
            raise IntakeError(f"missing: there is nothing in classroom/submitted/{printable(student)}/{ps}.")
        submission = take_in(folder, student, released.notebook, ps, released.earlier)
        staged = self.classroom / "intake" / student / ps
        staged.mkdir(parents=True, exist_ok=True)
        nbformat.write(submission.notebook, staged / f"{ps}.ipynb")
        (staged / "timestamp.txt").unlink(missing_ok=True)
        if submission.handed_in:
            (staged / "timestamp.txt").write_text(f"{submission.handed_in:%Y-%m-%d %H:%M:%S} UTC")
        return submission

    def _record_some(
        self, ps: str, running: dict[Future, Submission], ledger: Ledger, current: dict[str, str], asked: dict[str, str]
    ) -> Iterator[list[Result]]:
        """Enter what has been executed into the gradebook, and write its feedback."""
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            submission = running.pop(done)
            student = submission.student
            try:
                executed = self._result(done)
                self._executed[student, ps] = self._outputs(ps, submission, executed["outputs"])
                answers = marks.answers(submission.notebook, asked)
                self._enter(ps, student, ledger, answers)
                known = self._standing(ps, student)
                told = {"content": submission.content, "versions": current, "answers": answers, "problem": ""}
                closed = [f"called what is closed for this set: {', '.join(executed['closed'])}"] * bool(executed["closed"])
                told |= {"notes": submission.notes + closed, "ended": executed["ended"], "seconds": executed["seconds"]}
                self._page(ps, student, known, ledger, **told)
                yield known.results
            except (CourseError, NotebookError, SandboxError) as error:
                yield self._without_score(ps, student, str(error), ledger)
            finally:
                self._executed.pop((student, ps), None)

    def _enter(self, ps: str, student: str, ledger: Ledger, answers: dict[str, str]) -> None:
        """The scores into the gradebook; a person's marks of what has not changed stand.

        From before the gradebook changes until the ledger has it all, the ledger says that this student is to be graded anew:
        of a call that is killed in between, nothing but `marked` is needed.
        """
        with self.api.gradebook as gradebook:
            given = gradebooks.given_for(gradebook, ps, student, ledger.of(student))
        ledger.update(student, content="", marked=given)
        self._run(self.api.autograde, ps, student, force=True, create=True)
        with self.api.gradebook as gradebook:
            gradebooks.keep(gradebook, ps, student, given, answers)

    def _page(self, ps: str, student: str, known: Standing, ledger: Ledger, **told) -> None:
        """Have the student's feedback written where it would say something new; into the ledger goes what is `told` besides."""
        page = self.feedback(ps, student)
        if told or ledger.of(student).get("page") != known.digest or not page.exists():
            ledger.update(student, **told, page="")
            self._write_page(ps, student, known, ledger)

    def _write_page(self, ps: str, student: str, known: Standing, ledger: Ledger) -> None:
        """Without its page the points stand, and the next call tries again."""

        def done(problem: str) -> None:
            ledger.update(student, page="" if problem else known.digest, unwritten=problem)
            self.rewritten += [student] * (not problem)

        self._printer.begin(self.feedback(ps, student), self._autograded(ps, student), known, done)

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
        """What table, CSV, report, feedback and export say of a student: points, their state, hints, a person's comments.

        The points are the gradebook's, the hints those of the autograded notebook. Where the last hand-in could not be graded
        there is one result, without points, that says why.
        """
        entry = self._ledger(ps).of(student)
        if not entry.get("content"):
            return self._without_score(ps, student, entry.get("problem") or NOT_YET)
        known = self._standing(ps, student)
        return known.results if known else self._without_score(ps, student, NOT_YET)

    def _standing(self, ps: str, student: str) -> Standing | None:
        """None where gradebook or autograded notebook are not there (any more)."""
        try:
            with self.api.gradebook as gradebook:
                return standing(gradebook, ps, student, self._autograded(ps, student))
        except (MissingEntry, NotebookError):
            return None

    def rewrite_feedback(self, ps: str, students: Iterable[str] | None = None) -> list[str]:
        """Write the pages of everybody who has been graded (or of `students`) anew; returns whose they are."""
        with self.at_work():
            gradebooks.settle_penalties(self.api, ps)
            ledger = self._ledger(ps)
            graded = [student for student in ledger.entries if not self.results(ps, student)[0].problem]
            strangers = set(students or ()) - set(graded)
            if strangers or not graded:
                who = ", ".join(map(printable, sorted(strangers))) or "anybody"
                raise CourseError(f"Nothing of {ps} by {who} has been graded: first run vae-edu grade {ps}.")
            with printing(locked=not missing()) as self._printer:
                for student in students or graded:
                    self._write_page(ps, student, self._standing(ps, student), ledger)
            for student in students or graded:
                if problem := ledger.of(student)["unwritten"]:
                    raise CourseError(f"{printable(student)}: {problem}")
            return list(students or graded)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """What grades, marks or writes for the course does so alone. Raises BusyError, and FullError when the disk is full."""
        if self._at_work:
            yield
            return
        with needs_room(self.classroom), alone(self.classroom / "state"):
            gradebooks.make(self.classroom / "gradebook.db", self.api.course_id)
            self._at_work = True
            try:
                yield
            finally:
                self._at_work = False

    def _ledger(self, name: str) -> Ledger:
        return Ledger(self.classroom / "state" / f"{name}.json")

    def _autograded(self, ps: str, student: str) -> nbformat.NotebookNode:
        return read(self.classroom / "autograded" / student / ps / f"{ps}.ipynb")

    def remarks(self, ps: str) -> dict[str, list[str]]:
        """What a person may want to look at, by student: cells that were put back, processes that were lost."""
        found = {}
        for student, entry in sorted(self._ledger(ps).entries.items()):
            said = [*entry.get("notes", []), *entry.get("ended", []), entry.get("unwritten", "")]
            if any(said):
                found[printable(student)] = [printable(remark) for remark in said if remark]
        return found

    def feedback(self, ps: str, student: str) -> Path:
        return self.classroom / "feedback" / student / ps / f"{ps}.html"

    def _run(self, step, *arguments, **options) -> None:
        with kernel_surroundings(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's own, of SQLAlchemy and of older Jupyter interfaces
            outcome = step(*arguments, **options)
        if not outcome["success"]:
            whole = OSError(outcome.get("log", "") + outcome.get("error", ""))
            if is_full(whole):
                raise whole
            raise CourseError(f"nbgrader failed: {reason(outcome)}")

    def _without_score(self, ps: str, student: str, problem: str, ledger: Ledger | None = None) -> list[Result]:
        """The one result of who has no score. With a ledger it is news: an earlier hand-in's page goes, its marks are kept."""
        if ledger:
            ledger.update(student, content="", problem=problem, page="", notes=[], ended=[], unwritten="")
            self.feedback(ps, student).unlink(missing_ok=True)
        return [Result(printable(student), ps, None, 0.0, problem=printable(problem), state=marks.NO_SCORE)]
