"""The form of a lecture: the learner writes and guesses, lines fit the page, and no graded answer stands in it."""

import ast
import copy
import inspect
import re

import pytest

from tests.conftest import ROOT
from vae_edu import notebooks
from vae_edu.checks.diagnosis import run
from vae_edu.checks.report import as_text
from vae_edu.exercises import EXERCISES

LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)


def own_exercises(path):
    return EXERCISES.of(f"lecture{path.name.split('_')[0]}")


@EACH
def test_the_learner_writes_and_guesses_and_no_line_of_code_runs_off_the_page(path):
    notebook = notebooks.read(path)
    assert len(own_exercises(path)) >= 2
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    guesses = re.findall(r"\*\*Guess first\.\*\*.*?<details>\s*<summary>.*?</summary>.*?</details>", text, re.S)
    assert len(guesses) >= 2 and text.count("<details>") == text.count("</details>")
    assert len(guesses) == text.count("**Guess first"), "a guess whose answer stands open"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) <= 100, cell.id


def namespace_of(path):
    """What a lecture imports and defines, its learner's cells answered by their exercises' references; nothing else is run."""
    answers, names = {exercise.name: exercise for exercise in own_exercises(path)}, {"__name__": "__main__"}
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            exercise = answers.pop(cell.id.split("-")[-1], None)
            source = answered(cell.source, exercise) if exercise else cell.source
            kept = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
            exec(compile(ast.Module(kept, []), path.name, "exec"), names)
    assert not answers, f"no cell for {list(answers)}"
    return names


def answered(source, exercise):
    """The cell with the body of the reference in the place of its `raise NotImplementedError()`."""
    (cell,) = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert cell.name == exercise.name and isinstance(cell.body[-1], ast.Raise)
    (reference,) = ast.parse(inspect.getsource(exercise.in_steps)).body
    cell.body[-1:] = reference.body
    assert [arg.arg for arg in cell.args.args] == [arg.arg for arg in reference.args.args] == list(exercise.arguments)
    return "import math\nimport torch\n" + ast.unparse(cell)


@EACH
def test_the_right_answers_fit_the_cells_and_no_function_of_a_lecture_earns_graded_points(path):
    names = namespace_of(path)
    for exercise in own_exercises(path):
        report = run(exercise, names[exercise.name], 1)
        assert report.fraction == 1, as_text(report)
    answered = {exercise.name for exercise in own_exercises(path)}  # by the learner, who may use them again
    own = {name: f for name, f in names.items() if inspect.isfunction(f) and f.__module__ == "__main__" and name not in answered}
    for exercise in EXERCISES.values():
        for name, function in own.items():
            if exercise.graded and len(inspect.signature(function).parameters) == len(exercise.arguments):
                assert run(exercise, function, 1, diagnose=False).fraction == 0, f"{name} earns points in {exercise.number}"


def shape_of(node):
    """A syntax tree with every name but an attribute's replaced by a number in order of its first use: equal where code is."""
    names, tree = {}, copy.deepcopy(node)
    for part in ast.walk(tree):
        if isinstance(part, ast.Name):
            part.id = f"n{names.setdefault(part.id, len(names))}"
        if isinstance(part, ast.arg):
            part.arg = f"n{names.setdefault(part.arg, len(names))}"
    return ast.dump(tree)


def says_something(node):
    """An expression of four operations, calls and names at least."""
    return isinstance(node, ast.expr) and sum(isinstance(n, ast.Name | ast.Call | ast.BinOp) for n in ast.walk(node)) >= 4


def expressions(source):
    return {shape_of(node) for node in ast.walk(ast.parse(source)) if says_something(node)}


def graded_answers():
    """What each graded function returns, in the solutions: {number: normalised expressions}."""
    found = {}
    for exercise in EXERCISES.values():
        if exercise.graded:
            folder = exercise.order[0]
            cells = notebooks.read(ROOT / "solutions" / folder / f"{folder}.ipynb").cells
            (source,) = [c.source for c in cells if c.id == f"{exercise.number.replace('.', '-')}-{exercise.name}"]
            tree = ast.parse(source)
            returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
            found[exercise.number] = {shape_of(value) for value in returned if says_something(value)}
    return found


ANSWERS = graded_answers()


@EACH
def test_no_line_of_a_graded_solution_stands_in_a_lecture(path):
    said = set()
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            said |= expressions(cell.source)
    assert not {number: shapes & said for number, shapes in ANSWERS.items() if shapes & said}


def test_the_comparison_finds_an_answer_that_is_written_with_other_names():
    assert sum(map(bool, ANSWERS.values())) >= 12
    leak = "def forecast(m, lv):\n    return 0.5 * (m**2 + lv.exp() - lv - 1).sum(-1)"
    assert any(expressions(leak) & shapes for number, shapes in ANSWERS.items() if number == "ps1.3")
