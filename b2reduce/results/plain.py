"""Results as plain data: SI floats, units in the keys."""

from __future__ import annotations

import numpy as np

__all__ = [
    "surface_data",
    "transfer_data",
    "fit_data",
    "recording_data",
    "reduced_data",
    "fixed_points_data",
    "fluctuations_data",
    "validation_data",
]


def _si(values):
    return {name: float(np.asarray(value)) for name, value in values.items()}


def _records(frame):
    return frame.reset_index().to_dict("records") if frame.index.name else frame.to_dict("records")


def surface_data(surface):
    """An f-I surface: one record a point."""
    return {
        "surface": _records(surface.to_frame()),
        "provenance": dict(surface.provenance),
        **({"warnings": list(surface.warnings)} if surface.warnings else {}),
    }


def fit_data(fit):
    """A gain fit: parameters and their errors with units in the keys."""
    from ..basics.units import si_label

    keys = {name: f"{name} [{si_label(value)}]" for name, value in fit.params.items()}
    return {
        "form": fit.form,
        **{keys[name]: value for name, value in _si(fit.params).items()},
        "stderr": {keys[name]: value for name, value in _si(fit.stderr).items()},
        "covariance": (
            None if fit.covariance is None else fit.covariance.rename(index=keys, columns=keys).to_dict()
        ),
        "r2": fit.r2,
        "rmse [Hz]": float(np.asarray(fit.rmse)),
        "rates [Hz]": [float(np.asarray(rate)) for rate in fit.rates],
        "points": fit.points,
        "slopes": _records(fit.slopes),
        "slope_change": fit.slope_change,
        "warnings": list(fit.warnings),
        "provenance": dict(fit.provenance),
    }


def recording_data(recording):
    """A recording: one record a sweep, what they say of the cell, and what must be known of them."""
    cell = {"g_L": "S", "g_L_sem": "S", "E_L": "V", "E_L_sem": "V", "bridge": "ohm", "bridge_sem": "ohm"}
    return {
        "sweeps": _records(recording.table),
        **{f"{name} [{unit}]": getattr(recording, f"{name}_") for name, unit in cell.items()},
        "left_out": list(recording.left_out),
        "settings": dict(recording.settings),
        "warnings": list(recording.warnings),
    }


def transfer_data(transfer):
    """A transfer function: one record a point."""
    return {"transfer": _records(transfer.to_frame()), "provenance": dict(transfer.provenance)}


def reduced_data(reduced):
    """A reduced circuit; per-area and absolute populations stand under keys of their own."""
    data = {}
    for name in reduced.populations:
        area = "/m^2" if reduced.circuit.per_area(name) else ""
        put = lambda key, value: data.setdefault(key, {}).__setitem__(name, value)
        put(f"W [C{area}]", {source: W for (target, source), W in reduced.W_.items() if target == name})
        put(
            f"W_ext [C{area}]",
            {source: W for (target, source), W in reduced.W_ext_.items() if target == name},
        )
        put(f"theta [A{area}]", reduced.theta_[name])
        put("operating_rate [Hz]", float(np.asarray(reduced.operating_rate[name])))
        for what, key in (("W", f"W_stderr [C{area}]"), ("W_ext", f"W_ext_stderr [C{area}]")):
            put(
                key,
                {
                    source: error
                    for (target, source), error in _si(reduced.stderr[what]).items()
                    if target == name
                },
            )
        for what, key in (
            ("theta", f"theta_stderr [A{area}]"),
            ("v_theta", "v_theta_stderr [V]"),
            ("beta", f"beta_stderr [Hz{' m^2' if area else ''}/A]"),
            ("rates", "rate_stderr [Hz]"),
        ):
            put(key, float(np.asarray(reduced.stderr[what][name])))
        if name in reduced.moved:
            put("moved [Hz]", float(np.asarray(reduced.moved[name])))
        put("noise_free_rate [Hz]", float(np.asarray(reduced.noise_free_rate[name])))
        put(f"operating_I [A{area}]", float(np.asarray(reduced.operating_I[name])))
        put(f"operating_g [S{area}]", float(np.asarray(reduced.operating_g[name])))
        put("gains", fit_data(reduced.gains[name]))
        put("equations", reduced.equations[name])
        put("cv2", reduced.cv2.get(name, 1.0))
        put(
            "moving_response",
            {source: value for (target, source), value in reduced.moving_response.items() if target == name},
        )
        if name in reduced.transfers:
            put("transfers", transfer_data(reduced.transfers[name]))
    return {
        **data,
        "tau [s]": _si(reduced.tau),
        "tau": reduced.tau_choice,
        "at [Hz]": _si(reduced.at),
        "pathways": _records(reduced.pathways),
        "level": reduced.level,
        "noise": reduced.noise,
        "cells": reduced.cells,
        "other_operating_rates [Hz]": [dict(rates) for rates in reduced.others],
        "warnings": list(reduced.warnings),
        "provenance": dict(reduced.provenance),
    }


def fixed_points_data(reduced, points, runaway):
    """Fixed points of a rate model, and what runs away."""
    rows = [
        {
            "rates [Hz]": point.rates_,
            "kind": point.kind,
            "stable": point.stable,
            "eigenvalues [1/s]": [[value.real, value.imag] for value in point.eigenvalues_.tolist()],
            "outside": list(point.outside),
        }
        for point in points
    ]
    return {
        "fixed_points": rows,
        "runaway": runaway,
        "level": reduced.level,
        "noise": reduced.noise,
        "tau": reduced.tau_choice,
        "tau [s]": _si(reduced.tau),
        "warnings": list(reduced.warnings),
        "provenance": dict(reduced.provenance),
    }


def validation_data(validation):
    """Everything a validation found, with provenance."""
    comparison = validation.comparison
    return {
        **reduced_data(validation.reduced),
        "tier": comparison.tier,
        "verdict": validation.verdict.sentence,
        "trust": validation.verdict.trust,
        "failed": list(validation.verdict.failed),
        "remedies": [
            {"change": dict(remedy.change), "why": remedy.why, "error": remedy.error}
            for remedy in validation.verdict.remedies
        ],
        "comparison": _records(comparison.table),
        "split": _records(comparison.split),
        "levels": _records(validation.levels),
        "outside": dict(validation.rates.outside),
        **(
            {}
            if comparison.cells is None
            else {"over_cells [Hz]": comparison.cells.reset_index().to_dict("records")}
        ),
        "after [s]": float(np.asarray(comparison.after)),
        "assumptions": _records(validation.assumptions),
        "circuit": validation.circuit.to_dict(),
        "references": references(validation.circuit),
        "provenance": {**validation.provenance, "wall time [s]": dict(validation.seconds)},
    }


METHOD_REFERENCES = (
    (
        "doi:10.1162/08997660360675053",
        (
            "Shriki, Hansel & Sompolinsky (2003): rate models for conductance-based cortical networks. The"
            " reduction."
        ),
    ),
    (
        "doi:10.1162/neco.1994.6.4.679",
        (
            "Ermentrout (1994): reduction of conductance-based models with slow synapses to neural nets."
            " Averaging over time."
        ),
    ),
    ("doi:10.7554/eLife.47314", "Stimberg, Brette & Goodman (2019): Brian 2. The simulator."),
)


def references(circuit):
    """[(doi, what it is cited for)]: the method's, then those of the circuit and its cells."""
    found = dict(METHOD_REFERENCES)
    for doi in circuit.cite:
        found.setdefault(doi, f"the circuit {circuit.name}")
    for population in circuit.populations.values():
        for doi in population.model.cite:
            found.setdefault(doi, f"the cell {population.model.name}")
    return list(found.items())


def fluctuations_data(found):
    """Spectra, correlations and roots: what is infinite or unknown is null."""
    plain = lambda value: None if not np.isfinite(value) else float(value)
    rows = found.foretold.reset_index().to_dict("records")
    return {
        "stable": found.stable,
        "roots [1/s]": [{"real": root.real, "imaginary": root.imag} for root in found.roots_],
        "rhythm [Hz]": float(found.rhythm),
        "foretold": [{**row, "foretold": plain(row["foretold"])} for row in rows],
        "correlation in 5 ms": {
            name: {other: plain(value) for other, value in row.items()}
            for name, row in found.correlation().to_dict("index").items()
        },
        "provenance": dict(found.provenance),
    }
