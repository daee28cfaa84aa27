"""The commands of an instructor: demo, roster, release, collect, grade, feedback, grades."""

import os
from collections.abc import Sized
from contextlib import nullcontext
from pathlib import Path

import click

COURSE = click.option("--course", type=click.Path(path_type=Path), default=".", help="The course folder; default: this one.")


@click.command()
@click.argument("problem_set")
@click.option("--student", "students", multiple=True, help="Only this student (may be repeated).")
@click.option("--jobs", type=click.IntRange(1), help="Submissions run at once; default: one per core, fewer for a small class.")
@click.option("--cluster", metavar="tcp://HOST:8786", help="Run submissions on the workers of this Dask scheduler.")
@click.option("--again", is_flag=True, help="Grade everything again, not only what has changed.")
@click.option("--cell-seconds", default=60.0, show_default=True, type=click.FloatRange(0.1), help="What one cell may take.")
@click.option("--notebook-seconds", default=900.0, show_default=True, type=click.FloatRange(1), help="And a whole notebook.")
@click.option("--no-sandbox", is_flag=True, help="Run submissions unisolated: they can read and change what you can.")
@COURSE
def grade(problem_set, students, jobs, cluster, again, cell_seconds, notebook_seconds, no_sandbox, course) -> None:
    """Grade the submissions of PROBLEM_SET in classroom/submitted/STUDENT/PROBLEM_SET/: those that are new or have changed."""
    from tqdm import tqdm

    from ..grading import Course, Limits, as_table, on_cluster, write_csv, write_report
    from ..grading.marks import LATE

    classroom = Course(course)
    chosen = list(students) or classroom.students(problem_set)
    if not chosen:
        raise click.ClickException(
            f"Nobody has submitted {problem_set}: put notebooks into classroom/submitted/STUDENT/{problem_set}/."
        )
    limits = Limits(cell=cell_seconds, whole=notebook_seconds)
    options = {"jobs": jobs, "again": again, "locked": not no_sandbox, "limits": limits}
    results: list = []
    with (
        classroom.at_work(),
        tqdm(total=len(chosen), unit="student", leave=False) as bar,
        on_cluster(cluster) if cluster else nullcontext({}) as workers,
    ):
        for rows in classroom.grade(problem_set, chosen, **options | workers):
            bar.set_description(rows[0].student)
            bar.update()
            results += rows
        results.sort(key=lambda result: (result.student, result.exercise == LATE, result.exercise))
        files = []
        if not students:  # a table and a report of the class, not of a few
            table = write_csv(results, classroom.classroom / f"{problem_set}.csv")
            files = [table, *write_report(problem_set, results, classroom.classroom, classroom.remarks(problem_set))]
    click.echo("\n".join([*classroom.said, as_table(results)]))
    for student, remarks in classroom.remarks(problem_set).items():
        click.echo(f"  {student}: {'; '.join(remarks)}")
    click.echo(f"\n{_pages(classroom.rewritten)} in {classroom.classroom / 'feedback'}")
    click.echo(f"Gradebook: {classroom.classroom / 'gradebook.db'}")
    if files:
        click.echo("\n".join(f"  {path}" for path in files))


def _pages(written: Sized) -> str:
    return f"{len(written)} feedback page{'s were' if len(written) != 1 else ' was'} written"


@click.command()
@click.argument("problem_set")
@click.option("--student", "students", multiple=True, help="Only this student (may be repeated).")
@COURSE
def feedback(problem_set: str, students: tuple[str, ...], course: Path) -> None:
    """Write the feedback pages of PROBLEM_SET anew, as the gradebook is now; no submission is run."""
    from ..grading import Course

    classroom = Course(course)
    written = classroom.rewrite_feedback(problem_set, students or None)
    click.echo(f"{_pages(written)} in {classroom.classroom / 'feedback'}")


@click.command()
@click.argument("problem_set")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--pattern", default=r"(?P<student>[^_.]+).*", show_default=True, help="Who it is, in a file's name.")
@COURSE
def collect(problem_set: str, folder: Path, pattern: str, course: Path) -> None:
    """Take in the archives (or notebooks) in FOLDER, one per student, as hand-ins of PROBLEM_SET."""
    from ..grading import Course
    from ..grading.roster import collect

    for name, outcome in collect(Course(course), problem_set, sorted(folder.iterdir()), pattern):
        click.echo(f"{name:<40} {outcome}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@COURSE
def roster(file: Path, course: Path) -> None:
    """Enter the class in FILE (CSV: of Canvas, Moodle or nbgrader) into the gradebook."""
    from ..grading import Course
    from ..grading.roster import read_roster

    click.echo(f"{len(read_roster(Course(course), file))} students are in the gradebook.")


@click.command()
@click.argument("problem_set")
@click.option("--for", "form", type=click.Choice(["canvas", "moodle"]), required=True, help="Whose column names to use.")
@click.option("--unmarked", type=click.Choice(["zero", "empty"]), help="What is not marked counts 0, or leaves a cell empty.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: classroom/PROBLEM_SET-FOR.csv")
@COURSE
def grades(problem_set: str, form: str, unmarked: str | None, out: Path | None, course: Path) -> None:
    """Write everybody's points for PROBLEM_SET as CSV, to be imported elsewhere."""
    from ..grading import Course
    from ..grading.grades import write_grades

    classroom = Course(course)
    path, waiting = write_grades(
        classroom, problem_set, out or classroom.classroom / f"{problem_set}-{form}.csv", form, unmarked or ""
    )
    click.echo(path)
    if waiting:
        counted = "they count 0" if unmarked == "zero" else "the cells of those students are empty"
        click.echo(f"{waiting}: {counted}.")


@click.command()
@click.argument("problem_sets", nargs=-1)
@COURSE
def release(problem_sets: tuple[str, ...], course: Path) -> None:
    """Make the students' notebooks in assignments/ from solutions/ (all of them, or PROBLEM_SETS)."""
    from ..grading import Course

    classroom = Course(course)
    for ps in problem_sets or classroom.problem_sets():
        released = classroom.released(ps)
        click.echo("\n  ".join([str(released.path.relative_to(classroom.root)), *released.said]))


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default="demo", help="The folder to write to.")
@COURSE
def demo(out: Path, course: Path) -> None:
    """Release the problem sets, grade three sample students against the trained reference, draw one picture."""
    from ..grading import as_table
    from ..grading.demo import demo

    results, files = demo(course, out)
    for ps in dict.fromkeys(result.exercise.split(".")[0] for result in results):
        click.echo(as_table([r for r in results if r.exercise.startswith(ps)]) + "\n")
    click.echo("Feedback and picture:")
    for path in files:
        click.echo(f"  {os.path.relpath(path)}")


COMMANDS = (demo, roster, release, collect, grade, feedback, grades)
