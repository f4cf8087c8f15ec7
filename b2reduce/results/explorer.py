"""A page to explore a rate model in.

Self-contained, computed where it is read, by the equations of `simulate_rates`.
"""

from __future__ import annotations

import base64
import json

import numpy as np

from .. import __version__
from ..basics.arguments import whole
from ..basics.display import field_unit, quantity_text
from ..basics.errors import InputError
from ..basics.files import new_file, without_nan, write_text
from ..basics.progress import Progress
from ..basics.rendering import rendered
from ..basics.streams import seed_streams
from ..basics.units import with_units
from ..cells.points import measure_points
from ..circuit.circuit import load_circuit
from ..networks.simulate_spikes import simulate_spikes
from ..reduction.inputs import sources_of
from ..reduction.integration_steps import integrated
from ..reduction.rate_system import printed, rate_system
from ..reduction.reduce import reduce
from ..reduction.reduced_circuit import ReducedCircuit

__all__ = ["PAGES", "explore"]

PAGES = (".html", ".htm")  # endings of a page
# Leaks at which f-I curves are measured, from none to 40 nS more: 32 nS are those of Chance et al. (2002)
SHUNTS, SHUNT_ = 6, 40e-9
CURRENTS, REPLICATES = 13, 24  # of each of these curves
SPAN = 0.4  # of a drive, either way, at which spiking networks are run


def explore(
    circuit,
    path,
    *,
    level="surface",
    noise="renewal",
    tau="membrane",
    spikes=0,
    duration="2 s",
    seed=1,
    progress=None,
):
    """Write a page with sliders for drives and conductances, the rate model at rest and after a step, and f-I
    curves under a shunt.

    Parameters
    ----------
    circuit : Circuit, str, path or ReducedCircuit
        A circuit is reduced first.
    path : path
        Of the page, a new file that ends in .html.
    level, noise, tau
        As in `reduce`; at level "transfer" conductances have no sliders, since its tables were measured with
        the synapses as they are.
    spikes : int
        Runs of the spiking network, at drives 40 % either way, whose rates are shown as points.
    duration : Quantity
        Of each of them.
    seed : int
    progress : None, bool, str or callable

    Raises
    ------
    InputError
        If the circuit is unknown, or nothing of it can be moved.
    OutputError
        If the file is there already, or cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> page = os.path.join(tempfile.mkdtemp(), "page.html")
    >>> explore("e_shriki", page, level="linear", noise="none")
    >>> os.path.exists(page)
    True
    """
    target = new_file(path, *PAGES)
    spikes, seed = whole(spikes, "spikes", 0), whole(seed, "seed")
    with Progress(progress) as bar:
        reduced = (
            circuit
            if isinstance(circuit, ReducedCircuit)
            else reduce(load_circuit(circuit), level=level, noise=noise, tau=tau, seed=seed, progress=bar)
        )
        if reduced.cells:
            raise InputError(
                "circuit: got one unit a cell (cells=True), which a page is too slow for; reduce(...,"
                " cells=False)"
            )
        curves = {name: _curves(reduced, name, seed, bar) for number, name in enumerate(reduced.populations)}
        points = _spiking_points(reduced, spikes, duration, seed, bar)
    write_text(target, _page(reduced, curves, points))


def _curves(reduced, name, seed, bar):
    """Measured f-I curves of a population at its operating leak and with more of it, in the noise of the
    operating point.
    """
    circuit = integrated(reduced.circuit, reduced.dt_, fixed=True)[0]
    model, gain = circuit.populations[name].model, reduced.gains[name]
    si = lambda value: float(np.asarray(value))
    g_0, beta, lo, hi = si(reduced.operating_g[name]), si(gain.beta), *map(si, gain.rates)
    reach = g_0 if circuit.per_area(name) else max(SHUNT_, g_0)
    step = (
        8e-9 * max(1, round(reach / 8e-9 / (SHUNTS - 1)))
        if not circuit.per_area(name)
        else reach / (SHUNTS - 1)
    )
    shunts = step * np.arange(SHUNTS)
    # Currents at which the law puts the rates of the window and those below it, which noise fills.
    x = np.linspace(-0.6, 1.3, CURRENTS) * hi / beta
    I_ = x[:, None] + si(gain.I_theta) + si(gain.v_theta) * (g_0 + shunts)
    sources = (
        sources_of(
            circuit,
            name,
            reduced.operating_rate_,
            reduced.at_,
            reduced.cv2 or dict.fromkeys(circuit.populations, 1.0),
        )
        if reduced.noise != "none"
        else ()
    )
    measured = measure_points(
        model,
        I_.ravel(),
        np.tile(g_0 + shunts, CURRENTS),
        sources,
        replicates=REPLICATES if sources else 1,
        duration_=2.5,
        warmup_=0.5,
        dt_=reduced.dt_,
        seed=seed_streams(seed, 6, list(circuit.populations).index(name)),
        report=bar.stage(f"f-I curves of {name} under a shunt"),
    )
    return {
        "g": (g_0 + shunts).tolist(),
        "I": I_.T.tolist(),
        "rate": measured.rate_.reshape(CURRENTS, SHUNTS).T.tolist(),
        "v_theta": si(gain.v_theta),
        "window": [lo, hi],
    }


def _spiking_points(reduced, number, duration, seed, bar):
    """[{drive, factor, rates}] of spiking runs, the first drive changed."""
    if not number or not reduced.circuit.drives:
        return []
    drive = reduced.circuit.drive_names[0]
    found = []
    for factor in np.linspace(1 - SPAN, 1 + SPAN, number) if number > 1 else [1.0]:
        rates = {
            f"drive.{d.name}->{d.target}.rate": with_units(factor * d.rate_, "Hz")
            for d in reduced.circuit.drives
            if d.name == drive
        }
        run = simulate_spikes(reduced.circuit.replace(rates), duration=duration, seed=seed, progress=bar)
        found.append(
            {
                "drive": drive,
                "factor": float(factor),
                "rates": run.mean(with_units(min(0.5, run.duration_ / 4), "s")).to_dict(),
            }
        )
    return found


def _page(reduced, curves, points):
    constant = {d.name: with_units(d.rate_, "Hz") for d in reduced.circuit.drives}
    if not reduced.circuit.drives and (reduced.kind.holds_synapses or not reduced.circuit.projections):
        raise InputError(
            "circuit: has no drive and no conductance that can be moved; add a drive, or reduce at another"
            " level than 'transfer'"
        )
    drives = constant if _one_rate(reduced.circuit) else None
    # Of several states the one that was measured
    start = (
        {name: with_units(rate, "Hz") for name, rate in reduced.operating_rate_.items()}
        if len(reduced.states_) > 1
        else None
    )
    system = rate_system(reduced, drives, initial=start)
    script = [
        f"const {{{', '.join([*system.parameters, *system.drives])}}} = p;",
        *(f"const {state.name} = x[{k}];" for k, state in enumerate(system.states)),
        *(f"const {name} = {printed(formula, 'javascript')};" for name, formula in system.definitions),
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
    """{population.

    Mean current per hertz of every pathway}, where its operating point lies on the f-I curve.
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
