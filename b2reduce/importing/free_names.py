"""Names of the user's that circuits have another use for, and what they are called instead."""

from __future__ import annotations

import re

from ..circuit.neuron_names import name_fault

__all__ = ["renamed", "replacements"]


def replacements(names, input_):
    """{name: another} of those among some names that a `NeuronModel` would refuse."""
    taken, found = set(names), {}
    for name in sorted(names):
        if not name_fault(name, input_):
            continue
        plain = re.sub(r"_syn_|^_+", "_", name).strip("_").removesuffix("_post").removesuffix("_pre") or "x"
        candidates = (
            plain,
            *(f"{plain}_{number}" for number in range(1, 100)),
            *(f"own_{plain}{k}" for k in range(9)),
        )
        found[name] = next(each for each in candidates if each not in taken and not name_fault(each, input_))
        taken.add(found[name])
    return found


def renamed(text, new_names):
    """A text with other names in it."""
    for old, new in new_names.items():
        text = re.sub(rf"\bd{re.escape(old)}(?=\s*/\s*dt\b)", f"d{new}", text)
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text
