"""The report: one folder with a self-contained page, figures, tables and everything as JSON."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import wrong_kind
from ..basics.display import amount, number
from ..basics.errors import InputError
from ..basics.files import output_folder, write_json, write_text
from ..basics.rendering import rendered
from ..reduction.levels.register import LEVELS
from ..reduction.model_table import model_table
from ..results import plain as store
from ..results.archive import add_archive
from .explanations import TERMS, TRUST_MEANS
from .premises.register import premise_of

if TYPE_CHECKING:
    from ..basics.types import PathLike
    from .validation import Validation

from .report_figures import figures

__all__ = ["write_report"]


def _percent(value):
    return "" if np.isnan(value) else "runs away" if np.isinf(value) else f"{100 * value:.1f} %"


def _population(reduced, name):
    """What the page says of a population."""
    area = "/m^2" if reduced.circuit.per_area(name) else ""
    si = lambda value: float(np.asarray(value))
    error = lambda what: si(reduced.stderr[what].get(name, np.nan))
    gain, cells = reduced.gains[name], reduced.circuit.populations[name]
    return {
        "name": name,
        "size": cells.size,
        "model": cells.model.title or cells.model.name,
        "departures": dict(cells.model.departures),
        "equations": reduced.equations[name],
        "rate": amount(si(reduced.operating_rate[name]), "Hz", error("rates")),
        "g": amount(si(reduced.operating_g[name]), f"S{area}"),
        "I": amount(si(reduced.operating_I[name]), f"A{area}"),
        "theta": amount(reduced.theta_[name], f"A{area}", error("theta")),
        "beta": amount(si(gain.beta), "Hz m^2/A" if area else "Hz/A", error("beta")),
        "v_theta": amount(si(gain.v_theta), "V", error("v_theta")),
        "I_theta": amount(si(gain.I_theta), f"A{area}"),
        "r2": f"{gain.r2:.3f}",
        "window": " to ".join(f"{si(rate):.3g}" for rate in gain.rates) + " Hz",
        "tau": "; ".join(
            filter(
                None,
                [
                    amount(si(reduced.tau[name]), "s", error("tau"))
                    if name in reduced.tau
                    else "one per synapse",
                    reduced.dynamics.about(reduced, name),
                ],
            )
        ),
    }


def page(validation, images):
    """The HTML of the report; `images` is [(name, caption, data URI)]."""
    reduced, circuit, verdict, comparison = (
        validation.reduced,
        validation.circuit,
        validation.verdict,
        validation.comparison,
    )
    effect = lambda W: "excites" if W > 0 else "inhibits" if W < 0 else "has no effect"
    delays = circuit.synaptic_delays_
    pathways = [
        (
            label,
            f"{row.K:g}",
            amount(row.W, row.unit, row.W_stderr),
            amount(delays[label], "s"),
            effect(row.W),
        )
        for label, row in reduced.pathways.iterrows()
    ]
    rates = [
        (
            name,
            f"{row.spiking:.2f}",
            f"{row.rate:.2f}",
            f"{100 * row.error:+.1f} %",
            number(row.spread) or "one seed",
            f"{row.open_loop:.2f}",
            f"{100 * row.open_loop_error:+.1f} %",
        )
        for name, row in comparison.table.join(comparison.split.drop(columns="error")).iterrows()
    ]
    levels = [
        (
            level,
            *("" if np.isnan(row[name]) else f"{row[name]:.2f}" for name in reduced.populations),
            _percent(row["largest_error"]),
            _percent(row["open_loop_error"]),
            row["tier"],
            row["note"],
        )
        for level, row in validation.levels.iterrows()
    ]
    over_cells = comparison.cells is not None and [
        (name, statistic, f"{row.spiking:.2f}", f"{row.rate:.2f}")
        for (name, statistic), row in comparison.cells.iterrows()
    ]
    start = validation.spikes[0].provenance.get("initial [Hz]")
    remedies = [
        {
            "arguments": remedy.arguments,
            "why": remedy.why,
            "error": f" (error {100 * remedy.error:.1f} %)" if np.isfinite(remedy.error) else "",
            "command": remedy.command(reduced, "circuit.toml", start=start),
        }
        for remedy in verdict.remedies
    ]
    about = {name: premise_of(name) for name in validation.assumptions["assumption"]}
    named = {
        name: remedy.arguments
        for name, premise in about.items()
        for remedy in verdict.remedies
        if premise.change and premise.change == remedy.change
    }
    model_columns, model_rows = model_table(reduced)
    values = dict(
        circuit=circuit,
        reduced=reduced,
        verdict=verdict.sentence,
        trust=verdict.trust,
        trust_means=TRUST_MEANS[verdict.trust],
        tier=comparison.tier,
        largest=f"{100 * comparison.largest_error:.1f}",
        broken=verdict.failed,
        remedies=remedies,
        model_columns=model_columns,
        model_rows=model_rows,
        tangent=not reduced.kind.shift_law,
        terms=TERMS,
        weights=" or ".join(kind.weight for kind in circuit.synapse_kinds),
        levels_mean={name: level.meaning for name, level in LEVELS.items()},
        rate_columns=(
            "population",
            "spiking (Hz)",
            "rate model (Hz)",
            "error",
            "spread (Hz)",
            "gains alone (Hz)",
            "their error",
        ),
        comparison=rates,
        level_columns=(
            "level",
            *(f"{name} (Hz)" for name in reduced.populations),
            "largest error",
            "gains alone",
            "tier",
            "note",
        ),
        levels=levels,
        over_cells=over_cells,
        outside={name: f"{100 * share:.0f} %" for name, share in validation.rates.outside.items()},
        assumptions=[
            {
                **row,
                "measured": row["measured"] if isinstance(row["measured"], str) else number(row["measured"]),
                "remedy": named.get(row["assumption"]),
            }
            for row in validation.assumptions.to_dict("records")
        ],
        about=about,
        anchors={name: f"premise-{name.lower().replace(' ', '-')}" for name in about},
        populations=[_population(reduced, name) for name in reduced.populations],
        pathways=pathways,
        images=images,
        references=store.references(circuit),
        seeds=[run.provenance["seed"] for run in validation.spikes],
        after=f"{float(np.asarray(comparison.after)):g}",
        duration=f"{validation.rates.duration_:g}",
        time_step=amount(reduced.dt_, "s"),
        provenance=reduced.provenance,
        took={name: f"{value:.1f} s" for name, value in validation.seconds.items()},
    )
    return rendered("report.html.jinja", values, escaped=True)


def write_report(validation: Validation, folder: PathLike) -> None:
    """Write report.html, circuit.toml, result.json, comparison.csv, levels.csv, assumptions.csv,
    reduced.json, surface_*.csv and figures/.

    Rates of cells and transfer functions, where there are any, are in cells.csv and transfer_*.csv;
    b2reduce.json and arrays.npz are what `load` reads the validation back from.

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
            images.append(
                (name, caption, "data:image/svg+xml;base64," + base64.b64encode(picture.getvalue()).decode())
            )
        write_text(place / "report.html", page(validation, images))
        validation.circuit.save(place / "circuit.toml")
        write_json(place / "result.json", store.validation_data(validation))
        validation.reduced.save(place / "reduced.json")
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
