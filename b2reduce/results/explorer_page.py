"""The page to explore a rate model in, from what was measured for it."""

from __future__ import annotations

import base64
import json

import numpy as np

from .. import __version__
from ..basics.display import field_unit, quantity_text
from ..basics.errors import InputError
from ..basics.files import without_nan
from ..basics.rendering import rendered
from ..basics.units import with_units
from ..reduction.rate_system import printed, rate_system
from ..reduction.states import measured_start

__all__ = ["page_of"]


def page_of(reduced, curves, points):
    """The text of the page: the rate model as JavaScript, and what was measured beside it."""
    if reduced.plastic:
        raise InputError(
            f"circuit {reduced.circuit.name!r}: has short-term plasticity, of which the page has no curves;"
            " simulate_rates and fixed_points have it, or to_script writes a script that has it"
        )
    constant = {d.name: with_units(d.rate_, "Hz") for d in reduced.circuit.drives}
    if not reduced.circuit.drives and (reduced.kind.holds_synapses or not reduced.circuit.projections):
        raise InputError(
            "circuit: has no drive and no conductance that can be moved; add a drive, or reduce at another"
            " level than 'transfer'"
        )
    drives = constant if _one_rate(reduced.circuit) else None
    system = rate_system(reduced, drives, initial=measured_start(reduced), delays="steps")
    script = [
        f"const {{{', '.join([*system.parameters, *system.drives])}}} = p;",
        *(f"const {state.name} = x[{k}];" for k, state in enumerate(system.states)),
        *(f"const {name} = {printed(formula, 'javascript')};" for name, formula in system.definitions),
        *(
            f"const {symbol} = late(pasts, {k}, {brought});"
            for k, (symbol, (brought, _)) in enumerate(system.late.items())
        ),
    ]
    places = [_place_code(reduced, system, name) for name in reduced.populations]
    after = [
        f"advance({state.name}, {printed(state.decay, 'javascript')},"
        f" {printed(state.input, 'javascript')}, dt)"
        for state in system.states
    ]
    data = {
        "circuit": reduced.circuit.name,
        "level": reduced.level,
        "dt": system.dt_,
        "populations": list(reduced.populations),
        "initial": [state.initial for state in system.states],
        "late": [weights for _, weights in system.late.values()],
        "parameters": {name: value for name, (value, _) in system.parameters.items()},
        "drives": [
            {
                "symbol": symbol,
                "name": name,
                "rate": rate if not isinstance(rate, tuple) else float(rate[1][0]),
            }
            for symbol, (name, rate) in system.drives.items()
        ],
        "synapses": _synapses(reduced, system),
        "pathways": _pathways(reduced),
        "operating": reduced.operating_rate_,
        "curves": curves,
        "points": points,
        "units": {name: _units(reduced, name) for name in reduced.populations},
        "windows": {
            name: [float(np.asarray(rate)) for rate in reduced.gains[name].rates]
            for name in reduced.populations
        },
        "tables": {
            name: {
                "first": table.first.tolist(),
                "last": table.last.tolist(),
                "shape": list(table.values.shape),
                "shift": float(table.shift),
                "data": base64.b64encode(np.ascontiguousarray(table.values, dtype="<f4").tobytes()).decode(),
            }
            for name, table in system.functions.items()
        },
    }
    # Within a script element < could end it.
    values = dict(
        circuit=reduced.circuit,
        level=reduced.level,
        meaning=reduced.kind.meaning,
        version=__version__,
        seed=reduced.provenance.get("seed"),
        late=bool(system.late),
        data=json.dumps(without_nan(data), ensure_ascii=True).replace("<", "\\u003c"),
        body="\n  ".join(script),
        after=", ".join(after),
        rates=", ".join(system.rates[name] for name in reduced.populations),
        outside=", ".join(places),
    )
    return rendered("explorer.html.jinja", values, escaped=True)


def _one_rate(circuit):
    """Whether all drives of a name have one rate, so that one slider moves them."""
    rates = {}
    return all(rates.setdefault(d.name, d.rate_) == d.rate_ for d in circuit.drives)


def _place_code(reduced, system, name):
    """Whether a population is outside of what was measured, in JavaScript."""
    rate = system.rates[name]
    if reduced.kind.shift_law:
        lo, hi = (float(np.asarray(limit)) for limit in reduced.gains[name].rates)
        return f"({rate} < {lo!r} || {rate} > {hi!r})"
    formula = dict(system.definitions)[rate]
    return printed(formula, "javascript").replace(f"F_{name}(", f"F_{name}.outside(", 1)


def _synapses(reduced, system):
    """[{label, name, value, effects}] of every pathway.

    By how much each parameter of the equations grows when the size of its events doubles.
    """
    if reduced.kind.holds_synapses:
        return []
    circuit, found = reduced.circuit, []
    entries = [("projection", label, entry) for label, entry in zip(circuit.labels, circuit.projections)]
    entries += [("drive", f"{entry.name}->{entry.target}", entry) for entry in circuit.drives]
    for kind, label, entry in entries:
        name = entry.synapse.size
        value = entry.parameters[name]
        if entry.synapse.size_ == 0:
            continue
        doubled = rate_system(reduced.replace({f"{kind}.{label}.{name}": 2 * value})).parameters
        effects = {
            key: doubled[key][0] - before
            for key, (before, _) in system.parameters.items()
            if doubled[key][0] != before
        }
        found.append({"label": label, "name": name, "value": quantity_text(value), "effects": effects})
    return found


def _pathways(reduced):
    """{population: mean current per hertz of every pathway, and where its operating point lies on the f-I
    curve}.
    """
    circuit = reduced.circuit
    return {
        name: {
            "I": circuit.populations[name].model.constant_input_,
            "g": circuit.populations[name].model.leak_,
            "inputs": [
                {
                    "label": p.label,
                    "source": p.source,
                    "drive": p.is_drive,
                    "charge": p.current_(1.0, circuit.populations[name].model),
                }
                for p in circuit.pathways(name)
            ],
        }
        for name in circuit.populations
    }


def _units(reduced, name):
    area = "/m^2" if reduced.circuit.per_area(name) else ""
    (I, I_unit), (g, g_unit) = (
        field_unit(f"A{area}", [float(np.asarray(reduced.operating_I[name]))]),
        field_unit(f"S{area}", [float(np.asarray(reduced.operating_g[name]))]),
    )
    return {"I": I, "I_unit": I_unit, "g": g, "g_unit": g_unit}
