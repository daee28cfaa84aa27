"""How each reference is made: its network, its data, its settings, what is measured, and the number it is held against.

A file for each source; each file's REFERENCES are collected here.
"""

from ..recipe import Recipe
from . import gulrajani2017, higgins2017, kingma2014, tomczak2018, yeung2017, zhao2017

RECIPES = {}
for source in (kingma2014, tomczak2018, yeung2017, gulrajani2017, zhao2017, higgins2017):
    RECIPES |= source.REFERENCES
GRIDS = {  # models that one command trains
    "epitomic": yeung2017.GRID,
    "vampprior": tomczak2018.GRID,
    "colour": zhao2017.GRID,
    "references": RECIPES,
}


def every() -> dict[str, Recipe]:
    """All recipes by name, the references first; a cell of a paper's table that has a reference's name is the reference's."""
    return RECIPES | {name: recipe for grid in GRIDS.values() for name, recipe in grid.items() if name not in RECIPES}
