"""The house rules that a machine can see."""

import ast
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import yaml

from tests.conftest import ROOT
from vae_edu.reference import table

FLOORS = [
    {"divergences", "densities", "reparam", "epitome"},
    {"networks", "likelihoods", "priors", "objectives"},
    {"models"},
    {"training", "evaluation", "data", "formats"},
    {"reference", "checks", "grading", "plots", "notebooks", "doctor", "cli", "cli_grading"},
]
FILES = sorted((ROOT / "vae_edu").rglob("*.py"))


def floor(name):
    return next(i for i, names in enumerate(FLOORS) if name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "vae_edu")))
def test_a_module_is_short_and_imports_nothing_from_above(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350
    own = path.relative_to(ROOT / "vae_edu").parts[0].removesuffix(".py")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 50, node.name
        if isinstance(node, ast.ImportFrom) and node.level and own != "__init__":
            inside = len(path.relative_to(ROOT / "vae_edu").parts) - 1
            if node.level > inside:
                names = [node.module.split(".")[0]] if node.module else [a.name for a in node.names]
                for name in names:
                    assert name in ("__version__", "CHECK_MIME") or floor(name) <= floor(own), f"{own} imports {name}"


def test_the_teaching_core_and_the_library_stay_readable():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    core = sum(n for path, n in lines.items() if path.relative_to(ROOT / "vae_edu").parts[0].removesuffix(".py") not in FLOORS[4])
    assert core < 2000
    grader = sum(n for path, n in lines.items() if path.parent.name == "grading" or path.name == "cli_grading.py")
    exercises = sum(n for path, n in lines.items() if path.parent.name == "checks" and path.name.startswith("ps"))
    assert sum(lines.values()) - exercises - grader < 4000
    assert grader < 2000  # a tool for instructors, beside what the course teaches


def test_pins_and_requirements_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    numbers = lambda version: tuple(int(n) for n in re.findall(r"\d+", version)[:3])
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        name, operator, bound = re.fullmatch(r"([\w-]+)(>=|==)([\d.]+)", requirement).groups()
        assert name in pins, f"{name} has no pin in constraints.txt"
        assert numbers(pins[name]) >= numbers(bound) if operator == ">=" else pins[name] == bound, requirement


def test_conda_installs_the_same_set():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-c constraints.txt", "-e .[dev]"]
    python = next(entry for entry in environment["dependencies"] if str(entry).startswith("python="))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={python.removeprefix('python=')}"


def test_make_alone_lists_every_target():
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True).stdout
    for target in ["setup", "demo", "test", "test-all", "lab", "grade", "assignments", "lectures", "reference", "lint"]:
        assert re.search(rf"^{target}\s", listed, re.M), target


def test_the_readmes_table_is_the_one_the_cards_give():
    assert table.as_markdown() in (ROOT / "README.md").read_text(encoding="utf-8"), (
        "run: vae-edu reference table --write README.md"
    )


def test_the_readme_names_only_files_that_exist():
    for name in ("README.md", "CONTRIBUTING.md", "NOTATION.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (ROOT / target).exists(), f"{name} links to {target}"


def test_no_data_set_is_in_the_repository():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    assert not re.search(r"idx[13]-ubyte|frey_?faces\.|\.amat|\.mat$|\.gz$", tracked, re.M)


def test_references_can_be_trained_with_torch_numpy_safetensors_and_tqdm_alone(tmp_path, monkeypatch):
    code = (
        "import sys\n"
        "others = 'matplotlib sklearn scipy pooch click IPython nbgrader nbformat'.split()\n"
        "sys.modules.update(dict.fromkeys(others))\n"
        "import vae_edu.reference.train\n"
        "from vae_edu import data\n"
        "print(data.read('frey-faces', 'images').shape)\n"
    )
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "DataError: frey-faces cannot be downloaded" in done.stderr  # and not an ImportError of pooch
    np.savez(tmp_path / "frey_faces.npz", images=np.zeros((2, 28, 20), np.uint8))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "SHA-256" in done.stderr, "the file in the folder is found, read, and judged"
