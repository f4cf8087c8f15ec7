"""A rate model from what was measured, with the warnings that belong to it."""

from __future__ import annotations

import numpy as np

from ..basics.errors import InputError
from ..basics.frozen import FrozenList, put
from ..basics.provenance import versions
from ..basics.units import with_units
from .levels.register import LEVELS
from .local_measurements import fitted_tau_
from .reduced_circuit import ReducedCircuit
from .time_constants import time_constants_of

# Relative, plus Hz: a gain that had to be moved by more to pass through the operating point errs by as much
# beside it
FAR_MOVED, FAR_MOVED_ = 0.1, 0.1


def assembled(
    circuit,
    level,
    noise,
    tau,
    point,
    measured,
    transfers,
    adapts,
    responses,
    warnings,
    drives_,
    cells,
    seed,
    dt_,
):
    """The ReducedCircuit of one level."""
    kind = LEVELS[level]
    fits = kind.fits(dict(measured.fits), measured)
    for name, fit in fits.items():
        if fit.per_area != circuit.per_area(name):
            raise InputError(
                f"gains, {name}: got a gain per {'area' if fit.per_area else 'cell'}, but the population's"
                f" model is per {'cell' if fit.per_area else 'area'}"
            )
    if kind.shift_law:
        warnings = [
            *warnings,
            *(f"population {name}: {warning}" for name, fit in fits.items() for warning in fit.warnings),
        ]
    hertz = lambda values: {name: with_units(value, "Hz") for name, value in values.items()}
    unit = lambda name: "A/m^2" if circuit.per_area(name) else "A"
    choice, taus = time_constants_of(circuit, tau, point.g_)
    tau_stderr = {}
    if choice == "fitted":
        found = {
            name: fitted_tau_(circuit, name, point, float(np.asarray(fits[name].v_theta)), response)
            for name, response in responses.items()
        }
        taus, tau_stderr = (
            {name: with_units(value, "s") for name, (value, _) in found.items()},
            {"tau_stderr [s]": {name: error for name, (_, error) in found.items()}},
        )
    engines = [
        s.provenance["engine"]
        for s in (*measured.surfaces.values(), *transfers.values())
        if "engine" in s.provenance
    ]
    provenance = {
        "circuit": circuit.name,
        "circuit_hash": circuit.hash,
        "seed": seed,
        "dt [s]": dt_,
        "level": level,
        "noise": noise,
        "engine": engines[0] if engines else "none",
        "operating_rate_sem [Hz]": dict(point.rate_sem_),
        "iterations": point.iterations,
        **tau_stderr,
        "versions": versions(),
    }
    reduced = ReducedCircuit(
        circuit=circuit,
        gains=fits,
        surfaces=measured.surfaces,
        tau=taus,
        tau_choice=choice,
        operating_rate=hertz(point.rate_),
        operating_I={name: with_units(value, unit(name)) for name, value in point.I_.items()},
        operating_g={
            name: with_units(value, unit(name).replace("A", "S")) for name, value in point.g_.items()
        },
        noise_free_rate=hertz(point.noise_free_rate_),
        at=_drive_rates(circuit, drives_),
        level=level,
        noise=noise,
        warnings=warnings,
        provenance=provenance,
        transfers=transfers if kind.measures_transfer else {},
        moving_response=point.response_,
        cv2=point.cv2_,
        others=point.others,
        cells=cells,
        adaptation=adapts,
        responses=responses,
        operating_covariance=point.covariance_,
        operating_out_sem=point.out_sem_,
    )
    said = list(warnings)
    for name, moved in reduced.moved.items():
        if abs(float(np.asarray(moved))) > FAR_MOVED * point.rate_[name] + FAR_MOVED_:
            said.append(
                f"population {name}: its gain lies {float(np.asarray(moved)):+.2g} Hz beside the operating"
                f" rate of {point.rate_[name]:.3g} Hz that cells fire at there, and was moved onto it: the"
                " form does not follow the measured curve; use level = 'surface' or 'transfer'"
            )
    for name, adaptation in adapts.items():
        # A gain that no such cell can have is refused here
        adaptation.onset_slope_(float(np.asarray(fits[name].beta)))
        said.extend(f"population {name}: adaptation: {warning}" for warning in adaptation.warnings)
    for name, population in circuit.populations.items():
        if cells and population.model.spreads:
            said.append(
                f"population {name}: its cells differ in {', '.join(population.model.spreads)}, which the"
                " gain averages over; units of single cells differ by their wiring alone, so that real rates"
                " are spread wider than theirs"
            )
    rest = reduced.states_[0]
    if not cells and any(entry.profile is not None for entry in (*circuit.projections, *circuit.drives)):
        said.append(
            "projections or drives have profiles over preferred angles, and one unit a population stands for"
            " their mean: reduce with cells = True, or see ring_profile() for the rates over angles"
        )
    show = lambda rates: (
        ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())
        if np.isfinite(list(rates.values())).all()
        else "no finite rates"
    )
    if unstable := _unstable(reduced):
        said.append(
            f"the rate model does not stay at its operating point: {unstable}; from beside it it goes to"
            f" {show(rest)}. Measured with noise that moves with the rates, the loop is weaker or stronger"
            " than with noise that stays: use level = 'transfer'"
            if not kind.noise_moves
            else (
                f"the rate model does not stay at its operating point: {unstable}; from beside it it goes to"
                f" {show(rest)}"
            )
        )
    if not kind.shift_law:
        for name in reduced.populations:
            if kind.is_outside(reduced, name, rest, drives_):
                said.append(
                    f"population {name}: the rate model rests at {rest[name]:.3g} Hz, outside of what was"
                    f" measured around {point.rate_[name]:.3g} Hz; its rate there is that of the nearest"
                    " edge: reduce at other drives (at=)"
                )
    elsewhere = [
        name
        for name in reduced.populations
        if not abs(rest[name] - point.rate_[name]) <= FAR_MOVED * point.rate_[name] + FAR_MOVED_
    ]
    # Gains that were given need not pass through the operating point
    apart = [name for name in reduced.populations if name not in measured.through]
    if noise != "none" and kind.shift_law and apart and elsewhere and not unstable:
        said.append(
            f"the rate model goes to {show(rest)}, but the cells of this circuit fire at {show(point.rate_)},"
            f" which is the operating point that is shown: the gains of {', '.join(apart)}, which were given,"
            " are not those of these cells there; give gains of these very cells, or of all populations"
        )
    if len(reduced.states_) > 1:
        said.append(
            f"the rate model has more than one state: from its operating point it rests at {show(rest)}, from"
            f" silence at {show(reduced.states_[1])}; give simulate_rates() the initial rates that are meant,"
            " or use another level"
        )
    put(reduced, warnings=FrozenList(said))  # nobody has it yet
    return reduced


def _unstable(reduced):
    """What grows at the operating point of a rate model, in words; empty where nothing does."""
    names = reduced.populations
    values, vectors = np.linalg.eig(np.array([[reduced.loop_[a, b] for b in names] for a in names]))
    worst = int(np.argmax(values.real))
    if values[worst].real <= 1:
        return ""
    mode = np.abs(vectors[:, worst]) / np.abs(vectors[:, worst]).max()
    taking_part = ", ".join(f"{name} {part:.2g}" for name, part in zip(names, mode) if part > 0.05)
    return (
        f"d rates/d rates has the eigenvalue {values[worst].real:.3g} (above 1 it grows), in the proportion"
        f" {taking_part}"
    )


def _drive_rates(circuit, drives_):
    """{drive: rate}; a drive with different rates on its targets has an entry for each, "name->target"."""
    rates = {}
    for name in circuit.drive_names:
        own = {target: rate for (drive, target), rate in drives_.items() if drive == name}
        same = len(set(own.values())) == 1
        rates.update(
            {name if same else f"{name}->{target}": with_units(rate, "Hz") for target, rate in own.items()}
        )
    return rates
