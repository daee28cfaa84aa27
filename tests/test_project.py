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
from vae_edu.exercises import EXERCISES
from vae_edu.reference import table

FLOORS = [
    {"divergences", "densities", "reparam", "epitome", "information", "flows"},
    {"networks", "likelihoods", "priors", "objectives"},
    {"models"},
    {"training", "evaluation", "drawing", "disentanglement", "data", "sprites", "sources", "formats"},
    {"reference"},
    {"exercises"},
    {"checks"},
    {"plots", "explore", "notebooks", "errata", "grading", "start", "progress"},
    {"cli"},
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


def test_what_a_reader_of_the_course_reads_stays_short():
    """Floors 1 to 4, but for where files are found and how they are decoded, which no lecture shows."""
    read = set().union(*FLOORS[:4]) - {"data", "sources", "formats"}
    core = [path for path in FILES if path.relative_to(ROOT / "vae_edu").parts[0].removesuffix(".py") in read]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in core) < 3200


def test_the_machinery_of_checks_knows_no_exercise_by_name():
    names = "|".join(EXERCISES)
    for path in (ROOT / "vae_edu" / "checks").glob("*.py"):
        code = ast.unparse(without_docstrings(ast.parse(path.read_text(encoding="utf-8"))))
        assert not re.search(rf"\b({names})\b", code), path.name


def without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def test_nothing_points_to_a_document_outside_the_project():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    texts = [ROOT / name for name in tracked if name.endswith((".py", ".md", ".ipynb", ".toml", ".yml", "Makefile", ".json"))]
    outside = re.compile(r"\bFACTS\b|\bDESIGN\.md|\bSTYLE\.md|\bRECIPES\.md|\bGRADING\.md|\bDIAGNOSIS\.md|\bshared/(?!data)")
    for path in texts:
        if path.exists() and path.name != "test_project.py":
            found = outside.search(re.sub(r'"image/png": "[^"]*"', "", path.read_text(encoding="utf-8")))
            assert not found, f"{path.relative_to(ROOT)}: {found.group()}"


def test_exercises_are_imported_when_asked_for():
    code = (
        "import sys, vae_edu.checks as c\n"
        "print(sum(name.startswith('vae_edu.exercises.ps') for name in sys.modules), 'scipy' in sys.modules)\n"
        "c.EXERCISES['kl_normal']\n"
        "print(sorted(n.split('.')[-1] for n in sys.modules if n.startswith('vae_edu.exercises.ps')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0 False", "['_shared', 'kl_normal', 'ps1']"]


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
    for name in ("README.md", "CONTRIBUTING.md", "NOTATION.md", "SOURCES.md", "ERRATA.md"):
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
