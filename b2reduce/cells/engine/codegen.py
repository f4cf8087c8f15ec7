"""C++ for the native engine: the kernel of a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from .cell_code import cell_code

__all__ = ["LANES", "MOST_ENTRIES", "KernelSource", "filled", "generate"]

LANES = 16  # cells side by side: two AVX-512 or four AVX2 registers, whose latencies hide one another
MOST_ENTRIES = 24  # of the table of Poisson probabilities; beyond it events are counted one by one


@dataclass(frozen=True)
class KernelSource:
    """A kernel's text, and the order in which it is given values; names as in the equations."""

    text: str
    constants: dict
    parameters: tuple
    variables: tuple
    method: str
    autonomous: bool  #: neither time nor chance appears: a state that comes back brings the same future


def filled(template, **values):
    """A template in C++ behind what all of them share."""
    return "\n".join(
        _compiled(text).render(lanes=LANES, **values) for text in (text_of("common.cpp"), template)
    )


@lru_cache(maxsize=8)
def _compiled(text):
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(text)


def text_of(name):
    """A template of this folder."""
    return resources.files("b2reduce.cells.engine").joinpath(name).read_text(encoding="utf-8")


def _of_lane(expression, parameters):
    """An expression where every parameter is the array over the cells side by side."""
    return re.sub(
        r"\bm_(\w+)", lambda match: f"{match[0]}_[l]" if match[1] in parameters else match[0], expression
    )


def generate(model, per_cell, synapses, dt_, method=None, swinging=False):
    """The kernel of a model, with Poisson events on all its synapses.

    Parameters
    ----------
    model, per_cell, synapses, dt_, method
        As of `cell_code`.
    swinging : bool
        Whether rates of sources swing in time.

    Raises
    ------
    NotExpressible
        As `cell_code` does.
    """
    code = cell_code(model, per_cell, synapses, dt_, method)
    prefixed = lambda names: [f"m_{name}" for name in names]
    text = filled(
        text_of("kernel.cpp"),
        most_entries=MOST_ENTRIES,
        random=bool(synapses or code.draws),
        draws=code.draws,
        normals=[k for k, kind in enumerate(code.draws) if kind == "randn"],
        constants=prefixed(code.constants),
        parameters=prefixed(code.parameters),
        variables=prefixed(code.variables),
        sources=[
            [(name, _of_lane(size, code.parameters), name in code.held) for name, size in jumps.items()]
            for jumps in code.jumps
        ],
        invariants=code.invariants,
        refractory=code.refractory,
        swinging=swinging,
        **{
            piece: getattr(code, piece)
            for piece in ("once", "each_step", "update", "threshold", "watch", "reset")
        },
    )
    return KernelSource(text, code.constants, code.parameters, code.variables, code.method, code.autonomous)
