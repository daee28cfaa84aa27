"""Run one submission: the student's cells in a sandbox, the test cells here, with the student's functions at the end of a pipe.

`execute` is a pure function from a job to the outputs of every cell. It knows no gradebook, no solutions and no other
student, and runs unchanged in a process pool or on a cluster. A cell that kills its process costs itself: the cells before
it are run again in a fresh one, and the rest goes on.
"""

import ast
import atexit
import builtins
import math
import re
import threading
import time
from typing import Any

import numpy as np

from .outside import line
from .sandbox import Ended, Limits, Sandbox, Submission

RESTARTS = 5  # fresh processes for one submission
SHOWN, ESCAPES = 200_000, 1_000  # characters of one output, and colours in it: what turns them into HTML is quadratic
KEPT = 16_000_000  # characters of all outputs of a notebook, pictures included; a quarter of it for one cell
ANSWER = 2_000_000  # numbers in one answer
PICTURES = ("image/png", "image/jpeg")  # HTML and scripts of a student are shown to nobody
KINDS = ("blank", "time", "none", "type", "in place", "no gradient")

_open: tuple[tuple, Sandbox] | None = None  # what it was opened for, and the sandbox
_one_at_a_time = threading.Lock()  # a worker of a cluster may have several threads


def execute(job: dict) -> dict:
    """The outputs of a submission's code cells.

    job: "cells" (a list of [source, grade_id of a test cell or ""]), "files" (name to bytes), "tests" (grade_id to the
    course's own source), "only" (the tests to run, or None: all), "set" (the problem set), "seed" (of the class), "limits" (of
    `Limits`), "locked" (False: without a sandbox).
    Returns "outputs" (one list per cell, as nbformat has them, None for a test that was not asked for), "seconds" by the clock,
    "ended" (why a process was lost, if one was) and "closed" (what it called that is closed meanwhile: see `room`).
    """
    with _one_at_a_time:
        started = time.monotonic()
        try:
            run = _Run(job)
            outputs = run.all_cells()
            run.submission.close()
        except BaseException:
            close()  # whatever went wrong, the next submission gets a new sandbox
            raise
    return {"outputs": outputs, "ended": run.ended, "closed": run.closed, "seconds": round(time.monotonic() - started, 2)}


def begin(problem_set: str, locked: bool, limits: dict) -> dict[str, str]:
    """Begin to start this process's sandbox; returns the version of each exercise's check, by the exercise's number."""
    opened(problem_set, locked, Limits(**limits))
    from ..exercises import EXERCISES

    return {exercise.number: exercise.version for exercise in EXERCISES.of(problem_set)}


def opened(problem_set: str, locked: bool, limits: Limits) -> Sandbox:
    """This process's sandbox, ready or not, which stays for the next submission to the same problem set."""
    global _open
    if _open and _open[0] != (problem_set, locked, limits):
        close()
    if not _open:
        _open = (problem_set, locked, limits), Sandbox(problem_set, locked=locked, limits=limits)
        from ..checks import graded  # noqa: F401  (imported while the sandbox does the same)
        from ..exercises import EXERCISES

        EXERCISES.of(problem_set)
    return _open[1]


def close() -> None:
    """End this process's sandbox, if there is one."""
    global _open
    if _open:
        sandbox, _open = _open[1], None
        sandbox.close()


atexit.register(close)


class _Run:
    def __init__(self, job: dict):
        self.job, self.limits, self.ended, self.closed, self.shown = job, Limits(**job["limits"]), [], [], 0
        self.sandbox = opened(job["set"], job["locked"], self.limits)
        self.deadline = time.monotonic() + self.limits.whole
        self.submission = self._fresh()

    def _fresh(self) -> Submission:
        return self.sandbox.submission(self.job["files"], self.deadline)

    def all_cells(self) -> list[list[dict] | None]:
        outputs: list[list[dict] | None] = []
        fatal: set[int] = set()
        for index, (source, test) in enumerate(self.job["cells"]):
            if self.submission.ended and not self._again(index, fatal):
                outputs.append([error("NotRun", "not run: the cells above took too long, or ended their process too often.")])
                continue
            try:
                outputs.append(self._test(test) if test else self._cell(source))
            except Ended as end:
                outputs.append([error("Stopped", str(end))])
            if self.submission.ended:
                fatal.add(index)
                self.ended.append(self.submission.ended)
        return outputs

    def _again(self, index: int, fatal: set[int]) -> bool:
        """A fresh process in which the cells before `index` have been run, but for those that ended one."""
        if len(self.ended) > RESTARTS or time.monotonic() > self.deadline:
            return False
        self.submission = self._fresh()
        try:
            for i, (source, test) in enumerate(self.job["cells"][:index]):
                if not test and i not in fatal:
                    self._cell(source)
        except Ended as end:
            self.ended += [str(end)] * RESTARTS  # not twice the same: do not try for ever
            return False
        return True

    def _cell(self, source: str) -> list[dict]:
        message = {"do": "cell", "source": source, "seconds": self.limits.cell}
        reply = self.submission.ask(message, self.limits.wait(self.limits.cell))
        self.heard(reply)
        outputs = cleaned(reply.get("outputs"))
        self.shown += sum(len(str(output)) for output in outputs)
        return outputs if self.shown < KEPT else [error("TooMuch", "the notebook shows more than is kept")]

    def heard(self, reply: dict) -> None:
        """Keep what the submission's process says that it has called and was closed."""
        said = reply.get("closed")
        called = map(line, said[:20] if isinstance(said, list) else [])
        self.closed += [what for what in called if what not in self.closed]

    def _test(self, test: str) -> list[dict] | None:
        """Run a test cell of the course in this process. Only its points and what `grade` says leave it."""
        if self.job.get("only") is not None and test not in self.job["only"]:
            return None
        from ..checks import graded

        outputs: list[dict] = []

        def grade(name: str, function: Any, points: float) -> float:
            score, bundle = graded(name, function, points, self.job["seed"])
            outputs.append({"output_type": "display_data", "data": bundle, "metadata": {}})
            return score

        names = _Names(self, grade=grade)
        body = ast.parse(self.job["tests"][test]).body
        value = None
        try:
            last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), "test", "exec"), {}, names)
            if last:
                value = eval(compile(ast.Expression(last.value), "test", "eval"), {}, names)
        except Ended:
            raise
        except Exception as problem:
            return [*outputs, error(type(problem).__name__, "this test did not pass")]  # its message may hold what is hidden
        if value is not None and not (type(value) in (int, float) and 0 <= value < math.inf):
            return [*outputs, error("TestError", "this test cell ends in something that is no number of points")]
        if value is None:
            return outputs or [{"output_type": "stream", "name": "stdout", "text": "passed"}]
        return [*outputs, result(repr(float(value)))]


class _Names(dict):
    """What a test cell sees: `grade`, builtins, and for every other name the student's, at the end of the pipe."""

    def __init__(self, run: _Run, **known: Any):
        super().__init__(known)
        self.run = run

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        return remote(self.run, name)


def remote(run: _Run, name: str):
    """The student's function `name`, to be judged from here (see `checks.judging.Elsewhere`)."""
    from ..checks.calling import Failure
    from ..checks.judging import Elsewhere

    class Remote(Elsewhere):
        def under(self, exercise):
            self.exercise, self.printed = exercise, ""
            return self

        def misfit(self) -> str:
            reply = self._ask("misfit")
            return reply.message if isinstance(reply, Failure) else line(reply.get("misfit", "no answer"))

        def call(self, arguments):
            reply = self._ask("call", arguments=list(arguments))
            if isinstance(reply, Failure):
                return reply
            arrays = reply.get("arrays")
            if not isinstance(arrays, list) or not all(isinstance(a, np.ndarray) for a in arrays):
                return Failure("type", "its answer is no array.")
            if sum(a.size for a in arrays) > ANSWER:
                return Failure("type", f"its answer has more than {ANSWER:,} numbers.")
            return tuple(array.astype(np.float64) for array in arrays)

        def gradient(self, arguments, at, weights):
            reply = self._ask("gradient", arguments=list(arguments), at=at, weights=list(weights))
            if isinstance(reply, Failure):
                return reply
            arrays = reply.get("arrays")
            if not isinstance(arrays, list) or [getattr(a, "shape", None) for a in arrays] != [arguments[at].shape]:
                return Failure("no gradient", "its gradient is no array of the right shape.")
            return arrays[0].astype(np.float64)

        def _ask(self, what: str, **message):
            exercise = self.exercise
            wanted = {"name": exercise.name, "arguments": list(exercise.arguments), "parts": exercise.parts}
            request = {"do": what, "wanted": wanted, "name": name, **message}
            try:
                reply = run.submission.ask(request, run.limits.wait(run.limits.call))
            except Ended as end:
                return Failure("lost", f"{end}.")
            run.heard(reply)
            self.printed = self.printed or str(reply.get("printed", ""))[:2000]
            if "kind" not in reply:
                return reply
            kind = _words(reply["kind"])
            return Failure(kind if kind in KINDS or kind.startswith("raised ") else "type", _words(reply.get("message")))

    return Remote()


def _words(text: Any) -> str:
    """A text as one short line; what should be a text and is none would take long to write down."""
    return line(text) if isinstance(text, str) else "it answers something else than its process should"


def shown(text: Any) -> str:
    """What a submission printed, cut, and without its colours where there are too many."""
    text = str(text)[:SHOWN]
    return text.replace("\x1b", "") if text.count("\x1b") > ESCAPES else text


def error(name: str, value: str, traceback: list[str] | None = None) -> dict:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback or [f"{name}: {value}"]}


def result(text: str) -> dict:
    return {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}


def cleaned(outputs: Any) -> list[dict]:
    """What a submission showed, as nbformat's outputs: text and pictures, of a bounded size; all else is left out."""
    found: list[dict] = []
    for output in outputs[:200] if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") in ("stdout", "stderr"):
            found.append({"output_type": "stream", "name": output["name"], "text": shown(output.get("text", ""))})
        elif kind == "error":
            trace = output.get("traceback")
            lines = [shown(str(entry)[:2000]) for entry in trace[:60]] if isinstance(trace, list) else []
            found.append(error(line(output.get("ename", "")), line(output.get("evalue", "")), lines))
        elif kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
            pictures = {kind: str(output["data"].get(kind, "")) for kind in PICTURES}
            data = {kind: base64 for kind, base64 in pictures.items() if re.fullmatch(r"[A-Za-z0-9+/=\s]{1,3000000}", base64)}
            data["text/plain"] = shown(output["data"].get("text/plain", ""))
            found.append({"output_type": "display_data", "data": data, "metadata": {}})
    if sum(len(str(output)) for output in found) > KEPT / 4:
        return [error("TooMuch", "its output is too long to keep")]
    return found
