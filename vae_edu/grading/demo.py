"""The demonstration: a release, three sample students, their grades, and one picture. Everything goes into one folder."""

import inspect
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat
import torch
from tqdm import tqdm

from .. import data, plots, reference
from ..exercises import EXERCISES
from ..likelihoods import Gaussian
from ..models import VAE
from ..notebooks import read
from ..training import Settings, fit
from .course import Course, CourseError, Result, workers
from .sandbox import missing

TYPICAL_MISTAKES = {  # exercise: the misconception that the second student holds
    "kl_discrete": "nan_at_zero",
    "kl_normal": "half_missing",
    "kl_standard_normal": "minus_kl",
    "reparameterize": "variance_as_std",
    "log_bernoulli": "log_of_sigmoid",
    "pathwise_gradient": "inner_half_missing",
    "importance_log_likelihood": "log_s_missing",
    "active_units": "mean_square",
    "epitome_masks": "count_without_one",
    "stratified_batches": "starts_anew",
    "epitome_activity": "unmasked_activity",
    "three_terms": "two_pi_dropped",
    "vampprior_sample": "first_components",
    "chunked_log_likelihood": "mean_over_chunks",
}
STUDENTS = ("all-right", "mistakes", "blank")


def demo(home: Path, folder: Path) -> tuple[list[Result], list[Path]]:
    """Release every problem set, grade the three sample students, draw the picture. Returns results and files."""
    mark = folder / ".vae-edu-demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise CourseError(f"{folder} holds files that are not a demonstration's: name an empty or a new folder.")
    Course(home)  # refuses what is no course, before anything is removed
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
    course = Course(folder, home)
    results, files = [], []
    sets = course.problem_sets()
    bar = tqdm(total=len(sets) * (1 + len(STUDENTS)) + 2, unit="step", leave=False)
    locked = not missing()
    with workers(1) as pool:
        for ps in sets:
            bar.set_description(f"releasing {ps}")
            submit(course, ps, course.release(ps))
            bar.update()
            bar.set_description(f"grading {ps}")
            for rows in course.grade(ps, STUDENTS, executor=pool, locked=locked):
                results += rows
                files.append(course.feedback(ps, rows[0].student))
                bar.update()
    bar.set_description("training a VAE on the digits")
    files.append(picture(folder / "picture.png"))
    bar.update(2)
    bar.close()
    return results, files


def submit(course: Course, ps: str, release: Path) -> None:
    """Write what the three students hand in: the solutions, the solutions with typical mistakes, the untouched release."""
    solutions = {
        cell.metadata["nbgrader"]["grade_id"]: cell.source
        for cell in read(course.home / "solutions" / ps / f"{ps}.ipynb").cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    for student in STUDENTS:
        notebook = read(release)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if student != "blank" and grade_id in solutions:
                cell.source = solutions[grade_id]
                name = grade_id.split("-")[-1]
                if student == "mistakes" and name in TYPICAL_MISTAKES:
                    cell.source = mistaken(name, TYPICAL_MISTAKES[name])
        target = course.root / "classroom" / "submitted" / student / ps / f"{ps}.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(notebook, target)


def mistaken(exercise: str, misconception: str) -> str:
    """The misconception's source as a student would have written it, under the exercise's name."""
    found = next(m for m in EXERCISES[exercise].misconceptions if m.name == misconception)
    source = inspect.getsource(found.function)
    return re.sub(rf"(?s)^.*?def {misconception}\(", f"def {exercise}(", source).rstrip()


def picture(path: Path) -> Path:
    """Train a small VAE on the embedded digits; draw originals, reconstructions and samples beside the reference's."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # a network this small is slower on many threads
    images = data.load("digits")
    model = VAE(64, 4, (128, 64), likelihood=Gaussian(0.03))
    settings = Settings(epochs=60, batch_size=50, lr=3e-3, lr_decay=0.05, warmup=20)
    fit(model, images.train, images.valid, settings, progress=False)
    generator = torch.Generator().manual_seed(0)
    originals = images.test[:40]
    with torch.no_grad():
        reconstructions = model.likelihood.mean(model.decode(model.encode(originals)[0]))
        samples = model.sample(40, mean=True, generator=generator)
        reference_samples = reference.load("vae-mnist").sample(40, mean=True, generator=generator)
    panels: Iterable = [
        ("digits: originals", originals, images.shape),
        ("reconstructions", reconstructions, images.shape),
        ("samples", samples, images.shape),
        ("samples of the reference vae-mnist", reference_samples, (28, 28)),
    ]
    figure = plots.panels(panels, columns=5)
    figure.savefig(path, dpi=110)
    return path
