"""Blocks of synapses that became one projection, or one drive of a population, and their weights shuffled.

A mean field knows how many synapses a block has and how large they are, not which of them has which size: it
is that of the network in which they are shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .spread_values import same

__all__ = ["Block", "blocks_of", "shuffle"]


@dataclass(frozen=True, eq=False)
class Block:
    """Synapses of one object, between the same populations and of one sign, whose weights differ.

    Attributes
    ----------
    name : str
        For messages.
    synapses : Synapses
    variables : tuple of str
        Of the object, whose values go together.
    chosen : ndarray of int
        Which of its synapses.
    """

    name: str
    synapses: Any
    variables: tuple
    chosen: Any


def blocks_of(links, parts):
    """The `Block`s of all links onto populations.

    Parameters
    ----------
    links : list of Link
    parts : mapping of str to list of Part
        By the names of groups.
    """
    by_object: dict[str, list] = {}
    for link in links:
        if link.sizes and link.target.name in parts:
            by_object.setdefault(link.synapses.name, []).append(link)
    return [block for alike in by_object.values() for block in _of_one_object(alike, parts)]


def _of_one_object(links, parts):
    """Blocks of links that are pathways of one Synapses object: what one of them adds may hang on the same
    variables as what another does.
    """
    first = links[0]
    variables = tuple(sorted({name for link in links for name in link.sizes}))
    for source, from_it in _ends(first.source, first.i, parts):
        for target, onto_it in _ends(first.target, first.j, parts):
            groups = [np.flatnonzero(from_it & onto_it)]
            for link in links:
                for values in link.increments.values():
                    groups = [piece for group in groups for piece in _by_sign(group, values)]
            for chosen in groups:
                if chosen.size > 1 and not all(
                    same(first.synapses.variables[name].get_value()[chosen]) for name in variables
                ):
                    yield Block(f"{first.name}: {source}->{target}", first.synapses, variables, chosen)


def _ends(group, cells, parts):
    """(name, which synapses have their end there) of all populations of a group, or of the whole of one that
    is none.
    """
    if group.name not in parts:
        return [(group.name, np.ones(cells.size, dtype=bool))]
    return [(part.name, part.among(cells)) for part in parts[group.name]]


def _by_sign(chosen, values):
    """Synapses, apart by the sign of what they add: both signs are two projections."""
    if np.ndim(values) == 0 or not chosen.size:
        return [chosen]
    signs = np.sign(values[chosen])
    if signs.min() >= 0 or signs.max() <= 0:
        return [chosen]
    return [chosen[signs == sign] for sign in (1, -1)]


def shuffle(blocks, seed):
    """Give the values of every block to its synapses in another order, in the user's own objects."""
    rng = np.random.default_rng(seed)
    for block in blocks:
        order = rng.permutation(block.chosen)
        for name in block.variables:
            variable = block.synapses.variables[name]
            values = np.array(variable.get_value())
            values[block.chosen] = values[order]
            variable.set_value(values)
