"""The command `vae-edu`. Heavy modules are imported by the command that needs them, so that --help answers at once."""

import os
import sys
from pathlib import Path

import click

from . import __version__


class FriendlyGroup(click.Group):
    """Turns the library's own errors into one sentence on stderr; anything else is a bug and keeps its traceback."""

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except Exception as error:
            if type(error).__module__.startswith("vae_edu."):
                raise click.ClickException(str(error)) from None
            if isinstance(error, OSError):
                raise click.ClickException(f"{error.strerror or error}: {error.filename or 'the disk'}.") from None
            raise


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Variational autoencoders: lectures, graded assignments, trained references."""


@main.command()
@click.argument("notebook", type=click.Path(path_type=Path))
def check(notebook: Path) -> None:
    """Run a student's NOTEBOOK in a fresh kernel and print what its checks say."""
    from . import notebooks

    content = notebooks.read(notebook)
    click.echo(f"Running {notebook.name} in a fresh kernel …", err=True)
    notebooks.execute(content, notebook.resolve().parent, allow_errors=True)
    found = notebooks.check_outputs(content)
    if not found:
        raise click.ClickException(f"{notebook} holds no check cells: is it one of the problem sets in assignments/?")
    for _, text in found.values():
        click.echo(text + "\n")
    passed = sum(data["passed"] for data, _ in found.values())
    click.echo(f"{passed} of {len(found)} exercises pass every row.")


@main.command()
@click.argument("problem_set")
@click.option("--student", "students", multiple=True, help="Only this student (may be repeated).")
@click.option("--course", type=click.Path(path_type=Path), default=".", help="The course folder; default: this one.")
def grade(problem_set: str, students: tuple[str, ...], course: Path) -> None:
    """Grade every submission of PROBLEM_SET in classroom/submitted/STUDENT/PROBLEM_SET/ with nbgrader."""
    from tqdm import tqdm

    from .grading import Course, as_table

    classroom = Course(course)
    chosen = list(students) or classroom.students(problem_set)
    bar = tqdm(classroom.grade(problem_set, chosen), total=len(chosen), unit="student", leave=False)
    results = [result for rows in bar for result in rows]
    if not results:
        raise click.ClickException(
            f"Nobody has submitted {problem_set}: put notebooks into classroom/submitted/STUDENT/{problem_set}/."
        )
    click.echo(as_table(results))
    click.echo(f"\nFeedback: {classroom.root / 'classroom' / 'feedback'}   gradebook: classroom/gradebook.db")


@main.command()
@click.argument("problem_sets", nargs=-1)
@click.option("--course", type=click.Path(path_type=Path), default=".", help="The course folder; default: this one.")
def release(problem_sets: tuple[str, ...], course: Path) -> None:
    """Make the students' notebooks in assignments/ from solutions/ (all of them, or PROBLEM_SETS)."""
    from .grading import Course

    classroom = Course(course)
    for ps in problem_sets or classroom.problem_sets():
        click.echo(classroom.release(ps).relative_to(classroom.root))


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default="demo", help="The folder to write to.")
@click.option("--course", type=click.Path(path_type=Path), default=".", help="The course folder; default: this one.")
def demo(out: Path, course: Path) -> None:
    """Release the problem sets, grade three sample students against the trained reference, draw one picture."""
    from .grading import as_table
    from .grading.demo import demo

    results, files = demo(course, out)
    for ps in dict.fromkeys(result.exercise.split(".")[0] for result in results):
        click.echo(as_table([r for r in results if r.exercise.startswith(ps)]) + "\n")
    click.echo("Feedback and picture:")
    for path in files:
        click.echo(f"  {os.path.relpath(path)}")


@main.command()
@click.argument("lectures", nargs=-1, type=click.Path(path_type=Path))
def lectures(lectures: tuple[Path, ...]) -> None:
    """Execute LECTURES (default: all in lectures/) and store their outputs."""
    from tqdm import tqdm

    from . import notebooks

    bar = tqdm(lectures or sorted(Path("lectures").glob("*.ipynb")), unit="lecture", leave=False)
    for path in bar:
        bar.set_description(path.stem)
        notebooks.refresh(path)


if __name__ == "__main__":
    sys.exit(main())
