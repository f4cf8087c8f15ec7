"""The numbers and figures of the paper, and its text with them: paper/paper.md.

    python -m b2reduce.experiments.paper             measures, draws, and writes (two minutes)
    python -m b2reduce.experiments.paper --text      writes the text again from the numbers that were measured

No number is typed: the text is `paper/paper.md.jinja`, and what stands in its braces comes from `paper/numbers.json`
and from the tables of the benchmark of reductions.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import jinja2
import numpy as np

import b2reduce as b2r

__all__ = ["measured", "rendered"]

PAPER = Path(__file__).resolve().parent.parent / "paper"
NUMBERS, TEMPLATE, TEXT = PAPER / "numbers.json", PAPER / "paper.md.jinja", PAPER / "paper.md"
DRIVES = (8, 10, 12, 14, 16, 18, 20)  # Hz
SEEDS = (1, 2, 3)


def measured():
    """({name: number}, {figure: Figure}): all that the text quotes but for the benchmark."""
    from brian2 import Hz, cm, mV, uA

    surface = b2r.measure_fi(
        "shriki2003", np.linspace(0.5, 4, 36) * uA / cm**2, ["0.05 mS/cm^2", "0.1 mS/cm^2", "0.15 mS/cm^2"]
    )
    law = b2r.fit_gain(surface, rates=(1 * Hz, 80 * Hz))
    circuit = b2r.load_circuit("ei_lif")
    models = b2r.reduce(circuit, levels=["linear", "transfer"], seed=1)
    without = b2r.reduce(circuit, level="linear", noise="none", seed=1)
    rates, spread = _spiking(circuit)
    foretold = {name: _rested(model) for name, model in models.items()}
    error = {name: np.abs(found - rates).max(axis=1) / rates.max(axis=1) for name, found in foretold.items()}
    at = DRIVES.index(14)
    own = _rested(without, (14,))[0]
    numbers = {
        "beta": float(law.beta / (Hz * cm**2 / uA)),
        "v_theta": float(law.v_theta / mV),
        "rmse": float(law.rmse / Hz),
        "cells": sum(each.size for each in circuit.populations.values()),
        "linear_here": 100 * error["linear"][at],
        "transfer_here": 100 * error["transfer"][at],
        "linear_worst": 100 * error["linear"].max(),
        "transfer_worst": 100 * error["transfer"].max(),
        "noise_free_here": 100 * float(np.abs(own - rates[at]).max() / rates[at].max()),
        "lowest": float(rates[0].min()),
        "highest": float(rates[-1].max()),
        "seeds": len(SEEDS),
    }
    return numbers, {"law": _draw_law(surface, law), "drives": _draw_drives(rates, spread, foretold)}


def _spiking(circuit):
    """(mean rates, their standard errors over seeds), shape (drive, population), Hz."""
    from brian2 import Hz, second

    found = np.array(
        [
            [
                b2r.simulate_spikes(
                    circuit.replace({"drive.ext.rate": drive * Hz}), duration=2 * second, seed=seed, record=0
                )
                .mean(after=0.5 * second)
                .to_numpy()
                for seed in SEEDS
            ]
            for drive in DRIVES
        ]
    )
    return found.mean(axis=1), found.std(axis=1, ddof=1) / np.sqrt(len(SEEDS))


def _rested(model, drives=DRIVES):
    """Rates at which a rate model rests, shape (drive, population), Hz."""
    found = [
        model.steady_rates_({key: float(drive) for key in model.at_}, model.operating_rate_)
        for drive in drives
    ]
    return np.array([[rates[name] for name in model.populations] for rates in found])


def _draw_law(surface, law):
    import matplotlib.pyplot as plt

    from b2reduce.results.plots.style import style

    with plt.style.context(style()):
        figure, ax = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
        b2r.plots.plot_fi(surface, law, ax=ax)
    return figure


def _draw_drives(rates, spread, foretold):
    import matplotlib.pyplot as plt

    from b2reduce.results.plots.style import style

    with plt.style.context(style()):
        figure, ax = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
        ax.errorbar(DRIVES, rates[:, 0], spread[:, 0], fmt="o", color="black", label="spiking network")
        for (name, found), line in zip(foretold.items(), ("--", "-")):
            ax.plot(DRIVES, found[:, 0], line, color="0.35", label=f"rate model, level {name}")
        ax.axvline(14, color="0.8", zorder=0)
        ax.set(xlabel="rate of each of 1000 inputs (Hz)", ylabel="rate of E cells (Hz)", ylim=(0, None))
        ax.legend(frameon=False)
    return figure


def benchmark():
    """{entry: Scores over all circuits} of the tables of the benchmark."""
    from b2reduce.experiments.reductions.score import scored

    entries = Path(__file__).resolve().parent / "reductions" / "entries"
    return {path.stem.replace("-", "_"): scored(path)[0]["all"] for path in sorted(entries.glob("*.csv"))}


def rendered(numbers):
    """The text of the paper with the numbers in it; a name that there is no number for is an error."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
        variable_start_string="<<",
        variable_end_string=">>",
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        **numbers, **benchmark(), version=b2r.__version__
    )


@click.command(help=__doc__)
@click.option("--text", is_flag=True, help="Write the text alone.")
def main(text):
    if not text:
        numbers, figures = measured()
        (PAPER / "figures").mkdir(exist_ok=True)
        for name, figure in figures.items():
            figure.savefig(PAPER / "figures" / f"{name}.pdf", metadata={"CreationDate": None})
            figure.savefig(PAPER / "figures" / f"{name}.png", dpi=150)
        NUMBERS.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    TEXT.write_text(rendered(json.loads(NUMBERS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
