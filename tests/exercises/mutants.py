"""Small wrong versions of a correct function: one change each, of the kinds that slip into formulas."""

import ast
import copy
from collections.abc import Iterator

TWINS = {
    "sum": "mean", "mean": "sum", "log": "log2", "exp": "exp2", "logsumexp": "sum",
    "log1p": "log", "argmin": "argmax", "var": "std",
}  # fmt: skip
OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv}


def mutants(source: str, name: str) -> Iterator[tuple[str, str]]:
    """(what was done, the module's source with `name` changed): terms dropped, signs flipped, arguments swapped, sum for mean,
    another axis, another base, numbers off by one."""
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    if ast.get_docstring(function) and len(function.body) > 1:
        function.body = function.body[1:]
    count = sum(1 for _ in ast.walk(function))
    seen = {ast.unparse(tree)}
    for position in range(count):
        for variant in range(4):
            changed = copy.deepcopy(tree)
            target = next(node for node in changed.body if isinstance(node, ast.FunctionDef) and node.name == name)
            nodes = list(ast.walk(target))
            before = ast.unparse(nodes[position]) if isinstance(nodes[position], ast.expr) else ""
            new = _changed(nodes[position], variant)
            if new is None:
                continue
            _replace(target, nodes[position], new)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text not in seen:
                seen.add(text)
                yield f"{before}  ->  {ast.unparse(new)}", text


def _changed(node: ast.AST, variant: int) -> ast.AST | None:
    """The variant-th change of this node, if there is one."""
    new = copy.deepcopy(node)
    if isinstance(node, ast.BinOp):
        if variant == 0 and type(node.op) in OPPOSITE:
            new.op = OPPOSITE[type(node.op)]()
            return new
        if variant == 1 and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            return new.left
        if variant == 2 and isinstance(node.op, (ast.Add, ast.Mult)):
            return new.right
        if variant == 3 and isinstance(node.op, (ast.Sub, ast.Div)):
            new.left, new.right = new.right, new.left
            return new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and variant == 0:
        return new.operand
    elif isinstance(node, ast.Attribute) and node.attr in TWINS and variant == 0:
        new.attr = TWINS[node.attr]
        return new
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool) and variant == 0:
        new.value = not node.value
        return new
    elif isinstance(node, ast.Subscript) and variant == 0:
        return new.value
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and variant < 2:
        new.value = node.value + (1 if variant == 0 else -1)
        return new
    elif isinstance(node, ast.Call):
        if variant == 0 and len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args[:2]):
            new.args[0], new.args[1] = new.args[1], new.args[0]
            return new
        if variant == 1 and isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean", "logsumexp") and node.args:
            new.args = [ast.Constant(0)] if ast.unparse(node.args[-1]) != "0" else [ast.Constant(-1)]
            return new
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and variant == 0:
        swaps = {ast.Gt: ast.GtE, ast.Lt: ast.LtE, ast.GtE: ast.Gt, ast.LtE: ast.Lt}
        if type(node.ops[0]) in swaps:
            new.ops = [swaps[type(node.ops[0])]()]
            return new
    return None


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                value[:] = [new if entry is old else entry for entry in value]
