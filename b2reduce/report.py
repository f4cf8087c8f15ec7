"""The report: one folder with a self-contained page, figures, tables and everything as JSON."""

from __future__ import annotations

import base64
import io
from importlib import resources
from pathlib import Path

import numpy as np

from . import plots, store
from .archive import add_archive
from .arguments import wrong_kind
from .provenance import output_folder, write_json, write_text
from .units import InputError

__all__ = ["write_report", "figures"]


def figures(validation):
    """{name: (matplotlib Figure, caption)} of a validation."""
    from matplotlib.figure import Figure
    from matplotlib.style import context

    reduced, comparison = validation.reduced, validation.comparison
    drawn = {}
    with context(plots.style()):
        figure = Figure(figsize=(5.0, 3.2))
        plots.plot_comparison(comparison, ax=figure.subplots())
        drawn["comparison"] = figure, ("Mean rates of the spiking network and of the rate model derived from it. The error of the rate model stands "
                                       "above its bar; whiskers are the standard deviation over seeds.")
        figure = Figure(figsize=(7.0, 4.8))
        raster, rates = figure.subplots(2, 1, height_ratios=[1.2, 1], sharex=True)
        run = validation.spikes[0]
        start = max(0.0, run.duration_ - 1.0)
        plots.plot_raster(run, start=f"{start!r} s", ax=raster)
        plots.plot_rates(validation.rates, run, ax=rates)
        rates.set_xlim(start, run.duration_)
        raster.set_xlabel("")
        drawn["activity"] = figure, "The last second of the first spiking run: spikes of some cells, and population rates (10 ms Gaussian) with the rate model."
        figure = Figure(figsize=(7.0, 3.0))
        ax = figure.subplots()
        plots.plot_rates(validation.rates, run, ax=ax)
        drawn["onset"] = figure, "The whole run from the silent start. The rate model has no delays, and its time constant is a modelling choice."
        if comparison.cells is not None:
            same = next(run for run in validation.spikes if run.provenance["seed"] == validation.rates.provenance["seed"])
            figure = Figure(figsize=(7.0, 2.8))
            for ax, name in zip(np.atleast_1d(figure.subplots(1, len(reduced.populations), squeeze=False)[0]), reduced.populations):
                plots.plot_cells(same, validation.rates, name, after=comparison.after, ax=ax)
            drawn["cells"] = figure, ("Rates of single cells: spikes counted after the start, and the units of the rate model on the same wiring, "
                                      "with the scatter that counting adds.")
        for name, transfer in reduced.transfers.items():
            if len(transfer.rates_) > 2:
                continue
            figure = Figure(figsize=(5.0, 3.6))
            plots.plot_transfer(transfer, ax=figure.subplots())
            drawn[f"transfer_{name}"] = figure, f"Population {name}: its rate over the rates of its sources, whose noise moves with them."
        for name, surface in reduced.surfaces.items():
            figure = Figure(figsize=(5.6, 3.8))
            point = (reduced.operating_I[name], reduced.operating_rate[name])
            plots.plot_fi(surface, reduced.gains[name], point=point, ax=figure.subplots())
            drawn[f"fi_{name}"] = figure, (f"Population {name}: rate of uncoupled cells over mean current at several mean leaks"
                                           f"{' in the noise of the operating point' if reduced.noise != 'none' else ' without noise'}, and the fitted law "
                                           f"r = f(I - I_theta - v_theta g). Dotted: the window of rates that was fitted.")
    return drawn


def _prefix(value):
    """(factor, prefix) that make a value readable."""
    return next(((factor, prefix) for factor, prefix in ((1e-15, "f"), (1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m")) if abs(value) < 1e3 * factor), (1.0, ""))


def _engineering(value, unit):
    """A value with a readable prefix."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g} {unit}"
    factor, prefix = _prefix(value)
    return f"{value / factor:.4g} {prefix}{unit}"


def _known(value, error, unit):
    """A value with its standard error, to two digits of the error and with one prefix."""
    if not error > 0:
        return _engineering(value, unit)
    factor, prefix = _prefix(value)
    digits = max(0, 1 - int(np.floor(np.log10(error / factor))))
    return f"{value / factor:.{digits}f} ± {error / factor:.{digits}f} {prefix}{unit}"


def _number(value):
    return value if isinstance(value, str) else "" if value is None or np.isnan(value) else f"{value:.3g}"


def page(validation, images):
    """The HTML of the report; `images` is [(name, caption, data URI)]."""
    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        resources.files("b2reduce").joinpath("report.html").read_text(encoding="utf-8"))
    reduced, circuit = validation.reduced, validation.circuit
    populations = []
    errors = {what: {key: float(np.asarray(error)) for key, error in values.items()} for what, values in reduced.stderr.items()}
    for name in reduced.populations:
        area = "/m²" if circuit.per_area(name) else ""
        gain = reduced.gains[name]
        per_current = 1e-12 if not area else 1e-2
        model = circuit.populations[name].model
        populations.append({
            "name": name, "size": circuit.populations[name].size, "model": model.title or model.name, "departures": dict(model.departures),
            "rate": f"{float(np.asarray(reduced.operating_rate[name])):.4g} ± {errors['rates'][name]:.1g} Hz", "g": _engineering(float(np.asarray(reduced.operating_g[name])), "S" + area),
            "I": _engineering(float(np.asarray(reduced.operating_I[name])), "A" + area), "theta": _known(reduced.theta_[name], errors["theta"][name], "A" + area),
            "beta": f"{float(np.asarray(gain.beta)) * per_current:.4g} ± {errors['beta'][name] * per_current:.1g} {'Hz/pA' if not area else 'Hz cm²/µA'}",
            "v_theta": _known(float(np.asarray(gain.v_theta)), errors["v_theta"][name], "V"), "I_theta": _engineering(float(np.asarray(gain.I_theta)), "A" + area),
            "r2": f"{gain.r2:.3f}", "window": " to ".join(f"{float(np.asarray(rate)):.3g}" for rate in gain.rates) + " Hz",
            "tau": _engineering(float(np.asarray(reduced.tau[name])), "s") if name in reduced.tau else "one per synapse", "equations": reduced.equations[name]})
    pathways = [{"name": label, "K": f"{row.K:g}", "W": _known(row.W, row.W_stderr, row.unit.replace("^2", "²")), "tau": _engineering(row.tau, "s"),
                 "effect": "excites" if row.W > 0 else "inhibits" if row.W < 0 else "has no effect"} for label, row in reduced.pathways.iterrows()]
    comparison = [{"population": name, "spiking": f"{row.spiking:.2f}", "rate": f"{row.rate:.2f}", "error": f"{100 * row.error:+.1f} %",
                   "spread": _number(row.spread), "open_loop": f"{row.open_loop:.2f}", "open_loop_error": f"{100 * row.open_loop_error:+.1f} %"}
                  for name, row in validation.comparison.table.join(validation.comparison.split.drop(columns="error")).iterrows()]
    percent = lambda value: "" if np.isnan(value) else "runs away" if np.isinf(value) else f"{100 * value:.1f} %"
    levels = [{"level": level, "chosen": level == reduced.level, "rates": ["" if np.isnan(row[name]) else f"{row[name]:.2f}" for name in reduced.populations],
               "error": percent(row["largest_error"]), "open_loop": percent(row["open_loop_error"]), "tier": row["tier"],
               "note": row["note"]}
              for level, row in validation.levels.iterrows()]
    over_cells = None
    if validation.comparison.cells is not None:
        over_cells = [{"population": name, "statistic": statistic, "spiking": f"{row.spiking:.2f}", "rate": f"{row.rate:.2f}"}
                      for (name, statistic), row in validation.comparison.cells.iterrows()]
    outside = {name: f"{100 * share:.0f} %" for name, share in validation.rates.outside.items()}
    assumptions = [{**row, "measured": _number(row["measured"])} for row in validation.assumptions.to_dict("records")]
    return template.render(
        circuit=circuit, reduced=reduced, verdict=validation.verdict.sentence, levels=levels, over_cells=over_cells, outside=outside, tier=validation.comparison.tier, trust=validation.verdict.trust, largest=f"{100 * validation.comparison.largest_error:.1f}", comparison=comparison,
        assumptions=assumptions, broken=validation.verdict.failed, populations=populations, pathways=pathways, images=images,
        references=store.references(circuit), seeds=[run.provenance["seed"] for run in validation.spikes], after=f"{float(np.asarray(validation.comparison.after)):g}",
        duration=f"{validation.rates.duration_:g}", provenance=reduced.provenance, took={name: f"{value:.1f} s" for name, value in validation.seconds.items()})


def write_report(validation, folder):
    """Write report.html, result.json, comparison.csv, levels.csv, assumptions.csv, reduced.json, surface_*.csv and figures/.

    Rates of cells and transfer functions, where there are any, are in cells.csv and transfer_*.csv; b2reduce.json and arrays.npz
    are what `load` reads the validation back from.

    Everything is written aside; `folder` appears once it is complete.

    Parameters
    ----------
    validation : Validation
    folder : path
        Must not exist, or be empty.

    Raises
    ------
    OutputError
        If the folder holds files already or cannot be made.
    """
    if type(validation).__name__ != "Validation":  # which writes itself with this
        raise InputError(f"write_report, validation: {wrong_kind(validation, 'Validation')}")
    with output_folder(folder) as place:
        (place / "figures").mkdir()
        images = []
        for name, (figure, caption) in figures(validation).items():
            figure.savefig(place / "figures" / f"{name}.png")
            picture = io.BytesIO()
            figure.savefig(picture, format="svg", metadata={"Date": None})
            (place / "figures" / f"{name}.svg").write_bytes(picture.getvalue())
            images.append((name, caption, "data:image/svg+xml;base64," + base64.b64encode(picture.getvalue()).decode()))
        write_text(place / "report.html", page(validation, images))
        write_json(place / "result.json", store.validation_data(validation))
        write_json(place / "reduced.json", validation.reduced.to_dict())
        add_archive(validation, place)
        validation.comparison.table.to_csv(place / "comparison.csv")
        validation.assumptions.to_csv(place / "assumptions.csv", index=False)
        validation.levels.to_csv(place / "levels.csv")
        if validation.comparison.cells is not None:
            validation.comparison.cells.to_csv(place / "cells.csv")
        for name, transfer in validation.reduced.transfers.items():
            transfer.to_frame().to_csv(place / f"transfer_{name}.csv", index=False)
        for name, surface in validation.reduced.surfaces.items():
            surface.to_frame().to_csv(place / f"surface_{name}.csv", index=False)
    return Path(folder)
