"""What is to be said of a rate model: where it rests, and how far its gains had to be moved."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from ..circuit.train_statistics import train_statistics
from ..circuit.wiring_pattern import MOST, pattern_of
from .loops.estimate import said_of_rhythms
from .loops.foretold import growth_of
from .loops.model_system import model_system, slopes_

__all__ = ["model_warnings"]

# Relative, plus Hz: a gain that had to be moved by more to pass through the operating point errs by as much
# beside it
FAR_MOVED, FAR_MOVED_ = 0.1, 0.1
RARE_ = 0.05  # Hz, of recorded trains: times in ms that were taken for seconds are a thousand times as rare


def model_warnings(model, request, found):
    """Sentences about one rate model.

    Parameters
    ----------
    model : ReducedCircuit
    request : Request
    found : Findings

    Raises
    ------
    InputError
        If a population cannot have the adaptation that was given.
    """
    point, rest = found.point, model.states_[0]
    # What needs them asks for them: they are measured once, and not at all where nothing does
    slopes = cache(partial(slopes_, model, model.operating_rate_, model.at_))
    return [
        *_of_gains(model, point),
        *_of_adaptation(model),
        *_of_cells(model),
        *_of_rest(model, point, rest, request),
        *_of_states(model, point, rest, request, found),
        *_of_delays(model, slopes),
        *_of_rhythms(model, request, slopes),
        *model.dynamics.warnings(model),
    ]


def _of_gains(model, point):
    if model.kind.shift_law:
        for name, fit in model.gains.items():
            yield from (f"population {name}: {warning}" for warning in fit.warnings)
    for name, moved in model.moved.items():
        moved_ = float(np.asarray(moved))
        if abs(moved_) > FAR_MOVED * point.rate_[name] + FAR_MOVED_:
            yield (
                f"population {name}: its gain lies {moved_:+.2g} Hz beside the operating"
                f" rate of {point.rate_[name]:.3g} Hz that cells fire at there, and was moved onto it: the"
                " form does not follow the measured curve; use level = 'surface' or 'transfer'"
            )


def _of_adaptation(model):
    for name, adaptation in model.adaptation.items():
        # A gain that no such cell can have is refused here
        adaptation.onset_slope_(float(np.asarray(model.gains[name].beta)))
        yield from (f"population {name}: adaptation: {warning}" for warning in adaptation.warnings)


def _of_cells(model):
    circuit = model.circuit
    for name, population in circuit.populations.items():
        if model.cells and population.model.spreads:
            yield (
                f"population {name}: its cells differ in {', '.join(population.model.spreads)}, which the"
                " gain averages over; units of single cells differ by their wiring alone, so that real rates"
                " are spread wider than theirs"
            )
    for drive in circuit.drives:
        yield from _of_drive(drive, circuit.populations[drive.target].size, model.cells)
    for label, projection in zip(circuit.labels, circuit.projections):
        ends = [circuit.populations[end].size for end in (projection.source, projection.target)]
        if projection.wiring is None or model.cells:
            continue
        if (pattern := pattern_of(projection.wiring, ends)) is not None and pattern > MOST:
            yield (
                f"projection {label}: its wiring has a pattern, {pattern:.2g} times as strong as in shuffled"
                " copies: groups of its cells may fire at rates of their own, and one rate a population is"
                " that of a network whose synapses were shuffled; make each group a population, or reduce"
                " with cells = True"
            )
    if not model.cells and any(e.profile is not None for e in (*circuit.projections, *circuit.drives)):
        yield (
            "projections or drives have profiles over preferred angles, and one unit a population stands for"
            " their mean: reduce with cells = True, or see ring_profile() for the rates over angles"
        )


def _of_drive(drive, size, cells):
    key = f"drive {drive.name}->{drive.target}"
    if drive.uneven and drive.profile is None and not cells:
        yield (
            f"{key}: its rate differs between cells by {drive.rate.cv:.2g} of its mean, and one unit a"
            f" population has the mean of {drive.rate_:.3g} Hz: reduce with cells = True for a unit a cell"
        )
    if drive.spikes is not None and drive.trains is None:
        silent = size - np.unique(drive.spikes.i).size
        if silent:
            yield (
                f"{key}: {silent} of {size} cells have no spike in their recorded trains; say trains = N and"
                " inputs = K where each cell should see K of N trains"
            )
    if drive.spikes is not None:
        found = train_statistics(drive.spikes, drive.inputs)
        yield (
            f"{key}: recorded trains count as Poisson trains of their mean rate, {drive.rate_:.3g} Hz over"
            f" {drive.spikes.duration_:.3g} s; {found.said}"
            + ("; if its times are in ms, give them with their unit" if drive.rate_ < RARE_ else "")
        )


def _of_delays(model, slopes):
    late = any(not p.delays.none for name in model.populations for p in model.circuit.pathways(name))
    if not late or _unstable(model):
        return
    system = model_system(model, slopes(), model.operating_rate_)
    leading = lambda delays: max(system.eigenvalues_(delays), key=lambda value: value.real)
    if leading(False).real < 0 < leading(True).real:
        yield (
            f"with the delays of the circuit the rate model does not stay at its operating point:"
            f" {growth_of(leading(True))}, by its own time constants, which are a modelling choice;"
            " simulate_rates(delays=False) leaves them out, and fluctuations() measures what cells do"
        )


def _of_rhythms(model, request, slopes):
    if request.noisy and (said := said_of_rhythms(model, slopes)):
        yield said


def _of_rest(model, point, rest, request):
    if unstable := _unstable(model):
        yield (
            f"the rate model does not stay at its operating point: {unstable}; from beside it it goes to"
            f" {_shown(rest)}"
        ) + (
            ""
            if model.kind.noise_moves
            else ". Measured with noise that moves with the rates, the loop is weaker or stronger than with"
            " noise that stays: use level = 'transfer'"
        )
    for name in () if model.kind.shift_law else model.populations:
        if model.kind.is_outside(model, name, rest, request.drives_):
            yield (
                f"population {name}: the rate model rests at {rest[name]:.3g} Hz, outside of what was"
                f" measured around {point.rate_[name]:.3g} Hz; its rate there is that of the nearest"
                " edge: reduce at other drives (at=)"
            )


def _of_states(model, point, rest, request, found):
    elsewhere = [
        name
        for name in model.populations
        if not abs(rest[name] - point.rate_[name]) <= FAR_MOVED * point.rate_[name] + FAR_MOVED_
    ]
    # Gains that were given need not pass through the operating point
    apart = [name for name in model.populations if name not in found.gains.through]
    if request.noisy and model.kind.shift_law and apart and elsewhere and not _unstable(model):
        yield (
            f"the rate model goes to {_shown(rest)}, but the cells of this circuit fire at"
            f" {_shown(point.rate_)}, which is the operating point that is shown: the gains of"
            f" {', '.join(apart)}, which were given, are not those of these cells there; give gains of these"
            " very cells, or of all populations"
        )
    if len(model.states_) > 1:
        yield (
            f"the rate model has more than one state: from its operating point it rests at {_shown(rest)},"
            f" from silence at {_shown(model.states_[1])}; give simulate_rates() the initial rates that are"
            " meant, or use another level"
        )


def _shown(rates):
    if not np.isfinite(list(rates.values())).all():
        return "no finite rates"
    return ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())


def _unstable(model):
    """What grows at the operating point of a rate model, in words; empty where nothing does."""
    names = model.populations
    values, vectors = np.linalg.eig(np.array([[model.loop_[a, b] for b in names] for a in names]))
    worst = int(np.argmax(values.real))
    if values[worst].real <= 1:
        return ""
    mode = np.abs(vectors[:, worst]) / np.abs(vectors[:, worst]).max()
    taking_part = ", ".join(f"{name} {part:.2g}" for name, part in zip(names, mode) if part > 0.05)
    return (
        f"d rates/d rates has the eigenvalue {values[worst].real:.3g} (above 1 it grows), in the proportion"
        f" {taking_part}"
    )
