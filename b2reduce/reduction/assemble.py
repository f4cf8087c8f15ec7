"""A rate model from what was measured, with the warnings that belong to it."""

from __future__ import annotations

from ..basics.errors import InputError
from ..basics.provenance import versions
from ..basics.units import with_units
from .levels.register import LEVELS
from .model_warnings import model_warnings
from .reduced_circuit import ReducedCircuit

__all__ = ["assembled"]


def assembled(request, level, found):
    """The ReducedCircuit of one level.

    Parameters
    ----------
    request : Request
    level : str
    found : Findings
    """
    circuit, point, kind = request.asked, found.point, LEVELS[level]
    fits = kind.fits(dict(found.gains.fits), found.gains)
    for name, fit in fits.items():
        if fit.per_area != circuit.per_area(name):
            raise InputError(
                f"gains, {name}: got a gain per {'area' if fit.per_area else 'cell'}, but the population's"
                f" model is per {'cell' if fit.per_area else 'area'}"
            )
    hertz = lambda values: {name: with_units(value, "Hz") for name, value in values.items()}
    unit = lambda name: "A/m^2" if circuit.per_area(name) else "A"
    taus, tau_stderr = request.dynamics.time_constants(circuit, request.tau, point, fits, found.responses)
    provenance = {
        "circuit": circuit.name,
        "circuit_hash": circuit.hash,
        "seed": request.seed,
        "dt [s]": request.dt_,
        "level": level,
        "noise": request.noise,
        "engine": found.engines[0] if found.engines else "none",
        "operating_rate_sem [Hz]": dict(point.rate_sem_),
        "iterations": point.iterations,
        **({"tau_stderr [s]": tau_stderr} if tau_stderr else {}),
        "versions": versions(),
    }
    model = ReducedCircuit(
        circuit=circuit,
        gains=fits,
        surfaces=found.gains.surfaces,
        tau=taus,
        tau_choice=request.dynamics.name,
        operating_rate=hertz(point.rate_),
        operating_I={name: with_units(value, unit(name)) for name, value in point.I_.items()},
        operating_g={
            name: with_units(value, unit(name).replace("A", "S")) for name, value in point.g_.items()
        },
        noise_free_rate=hertz(point.noise_free_rate_),
        at=_drive_rates(circuit, request.drives_),
        level=level,
        noise=request.noise,
        warnings=[],
        provenance=provenance,
        transfers=found.transfers if kind.measures_transfer else {},
        moving_response=point.response_,
        cv2=point.cv2_,
        others=point.others,
        cells=request.cells,
        adaptation=found.adaptation,
        responses=found.responses,
        answers=found.answers,
        moving=found.moving,
        operating_covariance=point.covariance_,
        operating_out_sem=point.out_sem_,
    )
    return model.saying_([*found.warnings, *model_warnings(model, request, found)])


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
