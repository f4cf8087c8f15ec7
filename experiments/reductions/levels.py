"""Predictions of this package's levels, and of what is foretold about them: no spiking network is run.

A circuit is reduced once, at the drives of the first of its family, and the rate model is run at the drives of
the others too, as a user of a reduction does.

A prediction is warned of where the reduction warns, where a premise does not hold that a reduction alone decides
(how near an instability it is, whether it has one operating point, and, at other drives, whether it follows them),
or where `fluctuations` foretells that cells fire together or rates vary as fast as the synapses.
"""

from __future__ import annotations

import warnings

import numpy as np
from b2reduce.experiments.reductions.listing import circuit_of, listed

import b2reduce as b2r
from b2reduce.basics.errors import B2reduceError
from b2reduce.basics.progress import Progress
from b2reduce.networks.activity import OUTSIDE_LIMIT
from b2reduce.reduction.states import measured_start
from b2reduce.validation.premises.agreement import FollowsTheDrives
from b2reduce.validation.premises.evidence import Evidence
from b2reduce.validation.premises.instability import FarFromInstability
from b2reduce.validation.premises.one_operating_point import OneOperatingPoint
from b2reduce.validation.premises.uncoupled import UncoupledCells

__all__ = ["family_rows", "members", "reductions_of"]

SEED = 1  # of the reductions; those of the spiking references are others


def members(family):
    """Names of the circuits of a family, the one that is reduced first."""
    return [name for name, one in listed().items() if one.family == family]


def reductions_of(family, levels, noise):
    """{level: ReducedCircuit, or the text of the error that refused it}.

    Levels share what they measure; where one is refused, each is asked for alone.
    """
    settings = dict(noise=noise, at=dict(listed()[family].at) or None, seed=SEED, progress=False)
    circuit = circuit_of(family)
    if len(levels) > 1:
        try:
            return dict(b2r.reduce(circuit, levels=list(levels), **settings))
        except B2reduceError:
            return {level: reductions_of(family, [level], noise)[level] for level in levels}
    try:
        return {levels[0]: b2r.reduce(circuit, level=levels[0], **settings)}
    except B2reduceError as error:
        return {levels[0]: f"{type(error).__name__}: {error}"}


def family_rows(family, levels, noise):
    """{level: {circuit: [(population, rate, stderr, warned, note)]}} of a family."""
    with warnings.catch_warnings():
        # Of a percent or so, where 15 % is what is to be warned of
        warnings.simplefilter("ignore", b2r.errors.AccuracyWarning)
        reductions = reductions_of(family, levels, noise)
    found, shared = {}, None
    for level, reduced in reductions.items():
        found[level] = {}
        if not isinstance(reduced, str) and shared is None:
            shared = _foretold(reduced)
        for name in members(family):
            if isinstance(reduced, str):
                names = circuit_of(name).populations
                found[level][name] = [(key, None, None, False, reduced) for key in names]
            else:
                found[level][name] = _rows(name, reduced, shared)
    return found


def _rows(name, reduced, said):
    """Rows of one circuit; where the rate model runs away or cannot be run its prediction is no number."""
    drives = {drive.name: drive.rate for drive in circuit_of(name).drives} if listed()[name].of else None
    said = [*said, *map(str, reduced.warnings), *_of_the_model(reduced, moved=drives is not None)]
    what = listed()[name]
    try:
        with warnings.catch_warnings():
            # What it says is in the table: it is the premises again, or that rates leave what was measured.
            warnings.simplefilter("ignore")
            run = b2r.simulate_rates(
                reduced, duration=f"{what.duration} s", drives=drives, initial=measured_start(reduced)
            )
        rates = run.mean(f"{what.after} s").to_dict()
        most = 1 / float(np.asarray(reduced.circuit.dt))
        if max(rates.values()) > most:
            said.append(f"the rate model runs away: it passes a spike a step, {most:g} Hz")
            rates = dict.fromkeys(rates, np.nan)
        beyond = [key for key, part in run.outside.items() if part > OUTSIDE_LIMIT]
        said += [f"population {key}: outside of what was measured" for key in beyond]
    except B2reduceError as error:
        rates, said = dict.fromkeys(reduced.populations, np.nan), [*said, str(error)]
    stderr = {} if drives else {key: float(np.asarray(each)) for key, each in reduced.stderr["rates"].items()}
    note = "; ".join(dict.fromkeys(said))
    return [(key, rates[key], stderr.get(key), bool(said), note) for key in reduced.populations]


def _of_the_model(reduced, moved):
    """Sentences of the premises that a rate model alone decides, where they do not hold."""
    with Progress(False) as bar:
        uncoupled = UncoupledCells(reduced, SEED, "auto", bar) if moved else None
        evidence = Evidence(reduced.circuit, [], reduced, None, uncoupled)
        kinds = (FarFromInstability, OneOperatingPoint, *((FollowsTheDrives,) if moved else ()))
        rows = [kind().measure(evidence) for kind in kinds]
    return [f"{row.assumption}: {row.measured:.3g}" for row in rows if row is not None and not row.holds]


def _foretold(reduced):
    """Sentences of what fluctuations foretell beyond the limits of premises; where they cannot be had, why."""
    if reduced.noise == "none":
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", b2r.errors.AccuracyWarning)  # of spectra, which are not shown
        try:
            table = b2r.fluctuations(reduced, seed=SEED, progress=False).foretold
        except B2reduceError as error:
            return [f"fluctuations cannot be foretold: {error}"]
    return [f"foretold {row.Index}: {row.foretold:.3g}" for row in table.itertuples() if not row.holds]
