"""What a class has understood: its scores, and the misconceptions that it holds, as a picture and a table."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .course import Result


def misconceptions(results: Sequence[Result]) -> list[tuple[str, str, int, str]]:
    """(exercise, misconception, students, hint), the most frequent first; points lost for another reason are "other"."""
    lost = [r for r in results if r.points is not None and r.points < r.max_points and r.hint]
    counts = Counter((r.exercise, r.misconception or ("not attempted" if "not attempted" in r.hint else "other")) for r in lost)
    hints = {(r.exercise, r.misconception): r.hint for r in lost if r.misconception}  # the course's own words
    return [(*key, number, hints.get(key, "")) for key, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def as_markdown(ps: str, results: Sequence[Result]) -> str:
    """The class report: who has no score and why, what was earned, what to teach again."""
    students = list(dict.fromkeys(r.student for r in results))
    without = [r for r in results if r.problem]
    lines = [f"# {ps}: {len(students)} students, {len(students) - len(without)} graded", ""]
    lines += [f"- **{r.student}** has no score: {r.problem}" for r in without] + [""] * bool(without)
    lines += ["| exercise | mean | full marks | none |", "| --- | --- | --- | --- |"]
    scored = [r for r in results if r.points is not None]
    for exercise in sorted({r.exercise for r in scored}):
        rows = [r for r in scored if r.exercise == exercise]
        mean = sum(r.points for r in rows) / len(rows)
        full, none = sum(r.points == r.max_points for r in rows), sum(r.points == 0 for r in rows)
        lines.append(f"| {exercise} | {mean:.2f} of {rows[0].max_points:g} | {full} | {none} |")
    lines += [
        "",
        "## What to teach again",
        "",
        "| students | exercise | misconception | the hint they read |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {n} | {exercise} | {name} | {hint} |" for exercise, name, n, hint in misconceptions(results)]
    return "\n".join(lines) + "\n"


def write_report(ps: str, results: Sequence[Result], folder: Path) -> list[Path]:
    """PS-report.md and PS-report.png in `folder`."""
    from matplotlib.figure import Figure

    results = list(results)
    text, picture = folder / f"{ps}-report.md", folder / f"{ps}-report.png"
    text.write_text(as_markdown(ps, results), encoding="utf-8")
    totals: dict[str, float] = {}
    for r in results:
        if r.points is not None:
            totals[r.student] = totals.get(r.student, 0.0) + r.points
    held = misconceptions(results)[:12][::-1]
    figure = Figure(figsize=(11, 1.5 + 0.32 * max(8, len(held))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    highest = max(sum(r.max_points for r in results if r.student == s and r.points is not None) for s in totals) if totals else 1
    left.hist(list(totals.values()), bins=[highest * i / 10 for i in range(11)], color="#4477aa", rwidth=0.9)
    left.set(title=f"{ps}: scores of {len(totals)} students", xlabel="points (auto-graded and marked)", ylabel="students")
    right.barh(
        [f"{exercise}  {name.replace('_', ' ')}" for exercise, name, _, _ in held], [n for _, _, n, _ in held], color="#cc6677"
    )
    right.set(title="why points were lost", xlabel="students")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, dpi=120)
    return [text, picture]
