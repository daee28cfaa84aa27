"""What can go wrong at an operator: {left} and {right} are what stands on its sides, in words."""

import operator
from collections.abc import Callable
from typing import Any

import torch

from .faults import Fault


def _in(kind: str, words: str, function: Callable) -> Fault:
    return Fault(kind, "in {step}, " + words, function)


def _first_alone(a: Any, b: Any) -> Any:
    return a + 0 * b


def _second_alone(a: Any, b: Any) -> Any:
    return b + 0 * a


SIDES = {
    "Add": [
        _in("sign", "a minus stands where a plus belongs, before {right}", operator.sub),
        _in("another quantity", "{left} and {right} are multiplied instead of added", operator.mul),
        _in("left out", "{right} is missing", _first_alone),
        _in("left out", "{left} is missing", _second_alone),
        _in("another quantity", "the larger of {left} and {right} is taken instead of their sum", torch.maximum),
        _in("another quantity", "{left} and {right} are averaged instead of added", lambda a, b: (a + b) / 2),
    ],
    "Sub": [
        _in("sign", "a plus stands where a minus belongs, before {right}", operator.add),
        _in("sign", "the difference is taken the other way round", lambda a, b: b - a),
        _in("left out", "{right} is missing", _first_alone),
        _in("left out", "{left} is missing", lambda a, b: -b + 0 * a),
        _in("another quantity", "{left} is divided by {right} instead of a difference", operator.truediv),
        _in("another quantity", "{left} and {right} are multiplied instead of a difference", operator.mul),
        _in("power or root", "an absolute value is taken of the difference", lambda a, b: abs(a - b)),
        _in("power or root", "each side is squared, not the difference", lambda a, b: (a * a - b * b).abs().sqrt()),
    ],
    "Mult": [
        _in("left out", "{right} is missing as a factor", _first_alone),
        _in("left out", "{left} is missing as a factor", _second_alone),
        _in("another quantity", "{left} and {right} are added instead of multiplied", operator.add),
        _in("another quantity", "{right} is taken off instead of multiplied", operator.sub),
        _in("another quantity", "it is divided by {right} instead of multiplied", operator.truediv),
        _in("another quantity", "it is divided by {left} instead of multiplied", lambda a, b: b / a),
        _in("power or root", "{left} is squared", lambda a, b: a * a * b),
        _in("power or root", "{right} is squared", lambda a, b: a * b * b),
    ],
    "Div": [
        _in("another quantity", "it is multiplied by {right} instead of divided", operator.mul),
        _in("sign", "the fraction is upside down", lambda a, b: b / a),
        _in("left out", "the division by {right} is missing", _first_alone),
        _in("left out", "{left} is missing above the fraction", lambda a, b: 1 / b + 0 * a),
        _in("another quantity", "{right} is taken off instead of divided by", operator.sub),
        _in("power or root", "{right} is squared under the fraction", lambda a, b: a / b / b),
        _in("power or root", "a square root is taken of {right} under the fraction", lambda a, b: a / b**0.5),
        _in("constant", "the denominator is too large by one", lambda a, b: a / (b + 1)),
    ],
    "FloorDiv": [
        _in("precision", "the division rounds up instead of down", lambda a, b: -(-a // b)),
        _in("left out", "the division by {right} is missing", _first_alone),
        _in("precision", "the division rounds to the nearest", lambda a, b: round(a / b)),
    ],
    "Mod": [
        _in("another quantity", "whole multiples are counted instead of remainders", operator.floordiv),
        _in("left out", "nothing starts over again", _first_alone),
        _in("index or order", "neighbours go together (blocks instead of turns)", lambda a, b: a * b // len(a)),
        _in("index or order", "the turns run to and fro", lambda a, b: torch.where(a // b % 2 == 0, a % b, b - 1 - a % b)),
        _in("index or order", "blocks of equal size stand where turns belong", lambda a, b: a // -(-len(a) // b)),
        _in(
            "index or order",
            "blocks of equal size stand where turns belong",
            lambda a, b: (a // max(len(a) // b, 1)).clamp(max=b - 1),
        ),
        _in("index or order", "the turns start at the last", lambda a, b: b - 1 - a % b),
    ],
    "Pow": [
        _in("power or root", "nothing is squared", _first_alone),
        _in("power or root", "an absolute value stands where a square belongs", lambda a, b: abs(a)),
        _in("power or root", "a third power stands where a square belongs", lambda a, b: a**3),
        _in("power or root", "a fourth power stands where a square belongs", lambda a, b: a**4),
        _in("factor", "it is doubled instead of squared", lambda a, b: 2 * a),
    ],
    "MatMult": [
        _in("axis or shape", "the matrix is transposed", lambda a, b: a @ b.T),
        _in("reduction", "the sum is divided by the number of its parts", lambda a, b: a @ b / b.shape[0]),
        _in("reduction", "the sum is divided by the number of ones in the mask", lambda a, b: a @ b / b.sum(0)),
        _in("reduction", "everything is added, whatever the mask says", lambda a, b: a.sum(-1, True).expand(-1, b.shape[1])),
        _in("sign", "the mask is upside down", lambda a, b: a @ (1 - b)),
    ],
    "BitAnd": [
        _in("left out", "{right} are not asked for", lambda a, b: a | (a & b) | (a & ~b)),
        _in("left out", "{left} are not asked for", lambda a, b: b & (a | ~a)),
        _in("another quantity", "“or” stands where “and” belongs", operator.or_),
    ],
}
COMPARED = {"Gt": operator.gt, "GtE": operator.ge, "Lt": operator.lt, "LtE": operator.le, "Eq": operator.eq}
SAID = {"Gt": "greater than", "GtE": "at least", "Lt": "less than", "LtE": "at most", "Eq": "equal to"}


def compared(name: str) -> list[Fault]:
    """Another comparison in the place of one: with or without equality is an edge."""
    faults = []
    for other, function in COMPARED.items():
        if other != name:
            edge = other.rstrip("E") == name.rstrip("E")
            words = f"“{SAID[other]}” stands where “{SAID[name]}” belongs"
            faults.append(Fault("edge" if edge else "sign", "in {step}, " + words, function, edge))
    return faults
