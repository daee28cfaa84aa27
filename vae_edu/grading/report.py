"""What a class has understood: its scores, and the mistakes that it shares, as a picture and a table."""

import io
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from .disk import write_whole
from .marks import LATE, MARKED, WAITS, Result, total, unmarked
from .outside import for_markdown

WIDTH = 58  # of a mistake in the picture, in letters: two lines at most
NOTHING: Mapping[str, Sequence[str]] = {}


def misconceptions(results: Sequence[Result]) -> list[tuple[str, str, int, str]]:
    """(exercise, misconception, students, hint), the most frequent first; points lost for another reason are "other".

    A mistake that no exercise declares goes by its own words: students who made it are counted together all the same.
    """
    lost = [r for r in results if r.points is not None and r.points < r.max_points and r.hint]
    counts = Counter((r.exercise, r.misconception or ("not attempted" if "not attempted" in r.hint else "other")) for r in lost)
    hints = {(r.exercise, r.misconception): r.hint for r in lost if r.misconception}  # the course's own words
    return [(*key, number, hints.get(key, "")) for key, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def as_markdown(ps: str, results: Sequence[Result], remarks: Mapping[str, Sequence[str]] = NOTHING) -> str:
    """The class report: who has no score and why, what was earned, what to teach again, what to look at."""
    students = list(dict.fromkeys(r.student for r in results))
    without = [r for r in results if r.problem]
    lines = [f"# {ps}: {len(students)} students, {len(students) - len(without)} graded", ""]
    lines += [f"- **{for_markdown(r.student)}** has no score: {for_markdown(r.problem)}" for r in without] + [""] * bool(without)
    lines += ["| exercise | mean | full marks | none | not marked |", "| --- | --- | --- | --- | --- |"]
    for exercise in sorted({r.exercise for r in results if not r.problem and r.exercise != LATE}):
        lines.append(_of_exercise(exercise, [r for r in results if r.exercise == exercise and not r.problem]))
    lines += [
        "",
        "## What to teach again",
        "",
        "| students | exercise | mistake | the hint they read |",
        "| --- | --- | --- | --- |",
    ]
    graded = len(students) - len(without)
    for exercise, name, n, hint in misconceptions(results):
        said = "" if name in hint else for_markdown(hint)  # a hint that is the mistake's own words is said once
        lines.append(f"| {n} of {graded} | {exercise} | {for_markdown(name.replace('_', ' '))} | {said} |")
    looked = [f"- **{for_markdown(student)}**: {for_markdown('; '.join(said))}" for student, said in remarks.items()]
    lines += ["", "## To look at", "", *looked] if looked else []
    return "\n".join(lines) + "\n"


def _of_exercise(exercise: str, rows: Sequence[Result]) -> str:
    """One row of the class's scores, without those that nobody has marked.

    While written answers wait, neither do the blank ones count: their zeros alone are no mean of the class.
    """
    wait, waits = len(unmarked(rows)), any(r.state == WAITS for r in rows)
    points = [r.points for r in rows if (r.state == MARKED if waits else r not in unmarked(rows))]
    mean = f"{sum(points) / len(points):.2f} of {rows[0].max_points:g}" if points else "–"
    full, none = (sum(p >= rows[0].max_points for p in points), sum(p == 0 for p in points)) if points else ("–", "–")
    return f"| {exercise} | {mean} | {full} | {none} | {f'{wait} wait' if wait else ''} |"


def write_report(ps: str, results: Sequence[Result], folder: Path, remarks: Mapping[str, Sequence[str]] = NOTHING) -> list[Path]:
    """PS-report.md and PS-report.png in `folder`. remarks: of a student, what a person may want to look at."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    results = list(results)
    text, picture = folder / f"{ps}-report.md", folder / f"{ps}-report.png"
    write_whole(text, as_markdown(ps, results, remarks))
    graded = {r.student for r in results if not r.problem}
    totals = {student: total(r for r in results if r.student == student) for student in graded}
    held = misconceptions(results)[:12][::-1]
    figure = Figure(figsize=(11, 1.5 + 0.32 * max(8, len(held))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    highest = max((max(pair) for pair in totals.values()), default=0) or 1
    left.hist([points for points, _ in totals.values()], bins=[highest * i / 10 for i in range(11)], color="#4477aa", rwidth=0.9)
    left.set(title=f"{ps}: scores of {len(totals)} students", xlabel="points (auto-graded and marked)", ylabel="students")
    right.barh(
        ["\n".join(textwrap.wrap(f"{exercise}  {name.replace('_', ' ')}", WIDTH)[:2]) for exercise, name, _, _ in held],
        [n for _, _, n, _ in held],
        color="#cc6677",
    )
    right.set(title="why points were lost", xlabel="students")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    for axis in (left.yaxis, right.xaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=120)
    write_whole(picture, drawn.getvalue())
    return [text, picture]
