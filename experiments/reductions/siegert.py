"""Rates by the formula of Siegert, as the package NNMT has it, where it applies.

It applies where all cells are leaky integrate-and-fire with a constant threshold, reset and refractory time, all
drives constant, and all synapses jumps of the membrane (`nnmt.lif.delta`), or currents that jump and decay with
one time constant for the whole circuit (`nnmt.lif.exp`, the shift of threshold and reset of Fourcaud & Brunel
2002). Conductances, several time constants, other cells, plasticity and profiles over angles it does not have.

Of sizes of synapses and numbers of inputs that differ it takes the means; noise is white, trains are Poisson's.
NNMT goes from silence to where rates rest.
"""

from __future__ import annotations

import re
import warnings

import numpy as np

__all__ = ["siegert_arguments", "siegert_problem", "siegert_rates"]

CELL = "dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)"


def siegert_problem(circuit):
    """Why the formula does not apply; empty where it does."""
    for name, population in circuit.populations.items():
        model = population.model
        if model.equations.strip() != CELL or model.spreads:
            return f"population {name} is not of leaky integrate-and-fire cells that are all alike"
        if population.feature or any(value for key, value in model.parameters.items() if key == model.input):
            return f"population {name} has preferred angles or a current of its own"
        if not all(re.fullmatch(rf"v {sign} \w+", text) for sign, text in _limits(model)):
            return f"population {name} has no constant threshold and reset"
    if any(not drive.constant or drive.uneven for drive in circuit.drives):
        return "a drive changes in time or differs between cells"
    if any(projection.plasticity is not None for projection in circuit.projections):
        return "synapses are plastic"
    pathways = [pathway for name in circuit.populations for pathway in circuit.pathways(name)]
    kinds = {pathway.synapse.kind for pathway in pathways}
    if kinds == {"jump"}:
        return ""
    if kinds != {"current"}:
        return f"synapses are {', '.join(sorted(kinds))}, not jumps alone and not currents alone"
    taus = {pathway.tau_ for pathway in pathways}
    return "" if len(taus) == 1 else "synapses have several time constants"


def _limits(model):
    return (">", model.threshold.strip()), ("=", model.reset.strip())


def siegert_arguments(circuit):
    """What `_firing_rates` of `nnmt.lif.delta` and `nnmt.lif.exp` take, in SI; `tau_s` only with currents."""
    names = list(circuit.populations)
    drives = sorted({(drive.name, drive.target) for drive in circuit.drives})
    weight = {key: np.zeros((len(names), len(sources))) for key, sources in (("", names), ("_ext", drives))}
    degree = {key: np.zeros_like(each) for key, each in weight.items()}
    taus, cells = [], {"V_0_rel": [], "V_th_rel": [], "tau_m": [], "tau_r": []}
    for row, name in enumerate(names):
        model = circuit.populations[name].model
        value = lambda key, model=model: float(np.asarray(model.parameters[key]))
        reset, threshold = (text.split()[-1] for text in (model.reset, model.threshold))
        cells["V_0_rel"].append(value(reset) - value("E_L"))
        cells["V_th_rel"].append(value(threshold) - value("E_L"))
        cells["tau_m"].append(value("C_m") / value("g_L"))
        cells["tau_r"].append(value(model.refractory.strip()))
        for pathway in circuit.pathways(name):
            jumps = pathway.synapse.kind == "jump"
            taus += [] if jumps else [pathway.tau_]
            # A current moves the membrane by its charge over the capacitance.
            size = pathway.J_ if jumps else pathway.w_ * pathway.tau_ / value("C_m")
            key = "_ext" if pathway.is_drive else ""
            column = drives.index((pathway.source, name)) if key else names.index(pathway.source)
            if degree[key][row, column]:
                raise ValueError(f"{pathway.label}: two projections between two populations are not read")
            weight[key][row, column], degree[key][row, column] = size, pathway.K
    rates = circuit.drives_
    return {
        **{key: np.array(each) for key, each in cells.items()},
        **({"tau_s": taus[0]} if taus else {}),
        "J": weight[""],
        "K": degree[""],
        "J_ext": weight["_ext"],
        "K_ext": degree["_ext"],
        "nu_ext": np.array([rates[drive] for drive in drives]),
    }


def siegert_rates(circuit):
    """({population: rate in Hz}, [what was warned of]) of a circuit that the formula applies to."""
    from nnmt.lif import delta, exp

    arguments = siegert_arguments(circuit)
    solve = exp._firing_rates if "tau_s" in arguments else delta._firing_rates
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rates = np.atleast_1d(solve(**arguments))
    said = list(dict.fromkeys(str(each.message) for each in caught if each.category is UserWarning))
    return dict(zip(circuit.populations, rates.tolist())), said
