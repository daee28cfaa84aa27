"""A reference in named steps, with a hook at every argument, name, number, operator and call, where one thing can go wrong.

A reference is a few lines of torch, one step each, and a comment that names the step:

    def steps(mu, logvar):
        variance = logvar.exp()  # the variance
        terms = 0.5 * (mu**2 + variance - logvar - 1)  # the KL of each latent
        return terms.sum(-1)  # the sum over the latents

Its syntax tree is rewritten once. Then `Steps.run(arguments, {place: fault})` is the reference with a fault at a place.
"""

import ast
import inspect
import io
import operator
import textwrap
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

LARGEST = 1_000_000  # numbers that a step with a fault may hold
OPERATORS = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "MatMult": operator.matmul,
    "BitAnd": operator.and_,
    "Eq": operator.eq,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Lt": operator.lt,
    "LtE": operator.le,
}
CONSTANTS = {"LOG_2PI": "log 2π", "LN2": "log 2"}
Faults = dict[int, Callable]


@dataclass(frozen=True)
class Place:
    """Where a fault can be.

    kind: "argument" (all its uses), "inner" (of a function in the reference), "step", "use" (one use of a name), "number",
        "operator", "call", "answer" (what is returned) or "pair" (where several are).
    step: the step it is in, in words. what: the name, number, operator or function. left, right: an operator's sides, in words.
    """

    kind: str
    step: str
    what: str
    left: str = ""
    right: str = ""


@dataclass(frozen=True)
class Trace:
    """A run without faults. seen: what a fault at each place is given (a value, an operator's sides, a call's arguments), and
    what comes out. lines: those in which a place is met. moments: all that is known before each line.
    """

    seen: dict[int, tuple]
    lines: dict[int, set[int]]
    moments: list[tuple[dict, dict, dict]]
    values: dict[str, Any]
    sides: dict[int, tuple]
    given: dict[str, Any]


class Steps:
    """An instrumented reference. `places[i]` is where the fault number i of `run` is."""

    def __init__(self, function: Callable):
        source = textwrap.dedent(inspect.getsource(function))
        self.places: list[Place] = []
        tree = _Hooks(self.places, _comments(source)).visit(ast.parse(source))
        self.arguments = list(inspect.signature(function).parameters)
        file = inspect.getfile(function)
        comments = _comments(source)
        self.words = [comments.get(line.end_lineno, "") for line in tree.body[0].body]  # of each line
        self.lines = [compile(ast.fix_missing_locations(ast.Module([line], [])), file, "exec") for line in tree.body[0].body]
        hooks = {"_at": self._at, "_keep": self._keep, "_operate": self._operate, "_call": self._call}
        self.scope = {**function.__globals__, **hooks}
        self.faults: Faults = {}
        self.line, self.only = 0, frozenset()  # where not empty: faults are in these lines alone
        self.seen: dict[int, tuple] | None = None  # what happens at every place, while it is asked for
        self.values: dict[str, Any] = {}  # of every argument and step so far
        self.sides: dict[int, tuple] = {}  # of every operator so far
        self.given: dict[str, Any] = {}

    def run(self, arguments: list, faults: Faults, only: frozenset[int] = frozenset()) -> Any:
        """The reference's answer to tensors, with faults at some places. only: the lines in which they are."""
        self._begin(arguments, faults, only)
        scope = self.scope | self.given
        for number, line in enumerate(self.lines):
            self.line = number
            exec(line, scope)
        return scope["_answer"]

    def _begin(self, arguments: list, faults: Faults, only: frozenset[int] = frozenset()) -> None:
        self.faults, self.only, self.values, self.sides = faults, only, {}, {}
        self.given = dict(zip(self.arguments, arguments))

    def trace(self, arguments: list) -> "Trace":
        """Run without a fault, and remember all of it."""
        self._begin(arguments, {})
        self.seen, moments, scope = {}, [], self.scope | self.given
        self.met: dict[int, set[int]] = {}
        try:
            for number, line in enumerate(self.lines):
                self.line = number
                moments.append((dict(scope), dict(self.values), dict(self.sides)))
                exec(line, scope)
            return Trace(self.seen, self.met, moments, dict(self.values), dict(self.sides), self.given)
        finally:
            self.seen = None

    def resume(self, trace: "Trace", faults: Faults, only: frozenset[int] = frozenset()) -> Any:
        """As `run` with a trace's arguments, but only from the first line with a fault on."""
        first = min(only or (min(trace.lines[place]) for place in faults))
        scope, values, sides = trace.moments[first]
        self.faults, self.only, self.values, self.sides, self.given = faults, only, dict(values), dict(sides), trace.given
        scope = dict(scope)
        for number in range(first, len(self.lines)):
            self.line = number
            exec(self.lines[number], scope)
        return scope["_answer"]

    def restore(self, trace: "Trace") -> None:
        """What a fault that asks for other values is to find."""
        self.values, self.sides, self.given = trace.values, trace.sides, trace.given

    def _fault(self, place: int) -> Callable | None:
        return self.faults.get(place) if not self.only or self.line in self.only else None

    def _see(self, place: int, given: tuple, named: dict, value: Any) -> None:
        self.seen[place] = given, named, value
        self.met.setdefault(place, set()).add(self.line)

    def _at(self, place: int, value: Any) -> Any:
        if self.seen is not None:
            self._see(place, (value,), {}, value)
        fault = self._fault(place)
        return value if fault is None else _bounded(fault(value))

    def _keep(self, place: int, name: str, value: Any) -> Any:
        value = self.values[name] = self._at(place, value)
        return value

    def _operate(self, place: int, name: str, left: Any, right: Any) -> Any:
        self.sides[place] = left, right
        fault = self._fault(place)
        value = OPERATORS[name](left, right) if fault is None else _bounded(fault(left, right))
        if self.seen is not None:
            self._see(place, (left, right), {}, value)
        return value

    def _call(self, place: int, function: Any, *given: Any, **named: Any) -> Any:
        fault = self._fault(place)
        if isinstance(function, str):
            function = getattr(type(given[0]), function)
        value = function(*given, **named) if fault is None else _bounded(fault(*given, **named))
        if self.seen is not None:
            self._see(place, given, named, value)
        return value


def _bounded(value: Any) -> Any:
    if (isinstance(value, torch.Tensor) and value.numel() > LARGEST) or (isinstance(value, int) and abs(value) > LARGEST):
        raise OverflowError("a fault that takes too much memory")
    return value


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


class _Hooks(ast.NodeTransformer):
    """Puts the hooks in. Steps are known by their comments, arguments by the signature."""

    def __init__(self, places: list[Place], comments: dict[int, str]):
        self.places, self.comments = places, comments
        self.step, self.words, self.depth = "", {}, 0

    def _place(self, *place: str) -> ast.Constant:
        self.places.append(Place(*place))
        return ast.Constant(len(self.places) - 1)

    def _hook(self, name: str, *parts: ast.expr, keywords: list | None = None) -> ast.Call:
        return ast.Call(ast.Name(name, ast.Load()), list(parts), keywords or [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.decorator_list = []
        outermost = not self.words
        names = [argument.arg for argument in node.args.args]
        self.words.update({name: f"`{name}`" for name in names} if outermost else {name: "what goes in" for name in names})
        entries = []
        for name in names:
            kind = "argument" if outermost else "inner"
            hook = self._hook("_keep", self._place(kind, "", name), ast.Constant(name), ast.Name(name, ast.Load()))
            entries.append(ast.Assign([ast.Name(name, ast.Store())], hook))
        self.depth += not outermost
        node.body = entries + [self.visit(line) for line in node.body]
        self.depth -= not outermost
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        self.step, name = self.comments.get(node.end_lineno, ""), node.targets[0].id
        self.words[name] = self.step or f"`{name}`"
        value = self.visit(node.value)
        if self.step:
            value = self._hook("_keep", self._place("step", self.step, name), ast.Constant(name), value)
        node.value = value
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        self.step = self.comments.get(node.end_lineno, "the answer")
        parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        node.value = self.visit(node.value)
        kind = "step" if self.depth else "pair" if len(parts) > 1 else "answer"
        node.value = self._hook("_at", self._place(kind, self.step, "return"), node.value)
        return node if self.depth else ast.Assign([ast.Name("_answer", ast.Store())], node.value)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.words:
            return node
        return self._hook("_at", self._place("use", self.step, node.id, self.words[node.id]), node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, (int, float)) or isinstance(node.value, bool):
            return node
        return self._hook("_at", self._place("number", self.step, f"{node.value:g}"), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        return node if isinstance(node.operand, ast.Constant) else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        sides = self._words(node.left), self._words(node.right)
        place = self._place("operator", self.step, type(node.op).__name__, *sides)
        number = isinstance(node.op, (ast.Pow, ast.Mod)) and isinstance(node.right, ast.Constant)
        right = node.right if number else self.visit(node.right)
        return self._hook("_operate", place, ast.Constant(type(node.op).__name__), self.visit(node.left), right)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        return self.visit_BinOp(ast.BinOp(node.left, node.ops[0], node.comparators[0]))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """An index that is a step has a hook; a number or a key has none. A size is a number."""
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return self._hook("_at", self._place("number", self.step, "shape"), node)
        if isinstance(node.slice, ast.Name):
            node.slice = self.visit(node.slice)
        if not (isinstance(node.value, ast.Name) and isinstance(node.slice, (ast.Constant, ast.JoinedStr, ast.Tuple))):
            node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name):  # a function of the reference's own, or a builtin
            if node.func.id == "len":
                return self._hook("_at", self._place("number", self.step, "len"), node)
            node.args = [self.visit(part) for part in node.args]
            return node
        root = node.func.value
        while isinstance(root, ast.Attribute):
            root = root.value
        of_module = isinstance(root, ast.Name) and root.id not in self.words
        place = self._place("call", self.step, node.func.attr, self._words(node.args[0] if of_module else node.func.value))
        if of_module:
            return self._hook("_call", place, node.func, *map(self.visit, node.args), keywords=node.keywords)
        return self._hook(
            "_call", place, ast.Constant(node.func.attr), self.visit(node.func.value), *node.args, keywords=node.keywords
        )

    def _words(self, node: ast.expr) -> str:
        """A side of an operator, in words: never the reference's code."""
        if isinstance(node, ast.Name):
            return self.words.get(node.id, CONSTANTS.get(node.id, ""))
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return f"{node.value:g}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Name):
            return f"the square of {self.words.get(node.left.id, '')}"
        return ""
