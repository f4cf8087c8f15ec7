"""How accurate b2reduce is: prints, against closed forms, published fits and spiking networks, what the
README quotes.

    python -m b2reduce.experiments.accuracy            everything (about fifteen minutes)
    python -m b2reduce.experiments.accuracy lif ei_lif only these
"""

from __future__ import annotations

import time

import click
import numpy as np
from b2reduce.experiments.accuracy_of_cells import cells, lif, line, shriki

import b2reduce as b2r

SEEDS = 5


def spiking(circuit, seeds=SEEDS):
    """Runs of the spiking network, one per seed."""
    from brian2 import second

    return [b2r.simulate_spikes(circuit, duration=2 * second, seed=seed) for seed in range(1, seeds + 1)]


def compared(what, reduced, runs, wanted, drives=None):
    """One line: the largest error of the rate model, and both rates."""
    from brian2 import second

    comparison = b2r.compare(
        runs, b2r.simulate_rates(reduced, duration=1 * second, drives=drives), after=0.5 * second
    )
    rates = ", ".join(
        f"{name} {row.rate:.2f} for {row.spiking:.2f}+-{row.spread:.2f}"
        for name, row in comparison.table.iterrows()
    )
    line(
        f"{what}: largest error",
        f"{100 * comparison.largest_error:.1f} %",
        f"{'<= ' + format(100 * wanted, '.0f') + ' %' if wanted else 'reported'}  ({rates} Hz)",
        comparison.largest_error <= wanted if wanted else None,
    )
    return comparison


def ei_lif():
    """The default circuit where it is reduced, away from there, and without noise."""
    from brian2 import Hz, ms

    circuit = b2r.load_circuit("ei_lif")
    runs = {rate: spiking(circuit.replace({"drive.ext.rate": rate * Hz})) for rate in (8, 10, 12, 14, 16, 20)}
    at_14 = b2r.reduce(circuit, seed=1)
    compared("ei_lif, reduced at 14 Hz, run at 14 Hz", at_14, runs[14], 0.10)
    for rate in (12, 16):
        compared(f"ei_lif, reduced at 14 Hz, run at {rate} Hz", at_14, runs[rate], 0.15, {"ext": rate * Hz})
    compared(
        "ei_lif, reduced at 10 Hz, run at 10 Hz",
        b2r.reduce(circuit, at={"ext": 10 * Hz}, seed=1),
        runs[10],
        0.15,
        {"ext": 10 * Hz},
    )
    for rate in (8, 10, 14, 20):
        quiet = b2r.reduce(circuit, noise="none", at={"ext": rate * Hz}, seed=1)
        lo, hi = (float(limit) for limit in quiet.gains["E"].rates)
        compared(
            f"ei_lif at {rate} Hz, noise = 'none', window {lo:.0f}-{hi:.0f} Hz",
            quiet,
            runs[rate],
            None,
            {"ext": rate * Hz},
        )
        silent = [warning for warning in quiet.warnings if "silent" in warning]
        line("    warned that the noise-free gain is silent", "yes" if silent else "no", "")
    fine = b2r.reduce(circuit, dt=0.02 * ms, seed=1)
    for name in at_14.populations:
        coarse_rate, fine_rate = (
            float(np.asarray(reduced.operating_rate[name])) for reduced in (at_14, fine)
        )
        error = (
            np.hypot(*(reduced.provenance["operating_rate_sem [Hz]"][name] for reduced in (at_14, fine)))
            / fine_rate
        )
        line(
            f"ei_lif, operating rate of {name}, dt 0.1 against 0.02 ms",
            f"{100 * (coarse_rate / fine_rate - 1):+.2f} +- {100 * error:.2f} %",
            "< 2 %",
            abs(coarse_rate / fine_rate - 1) < 0.02,
        )


def ei_lif_gamma():
    """The synchronous sister must be flagged."""
    from brian2 import second

    circuit = b2r.load_circuit("ei_lif_gamma")
    reduced, run = b2r.reduce(circuit, seed=1), b2r.simulate_spikes(circuit, duration=2 * second, seed=1)
    row = b2r.check_premises(circuit, run, reduced).set_index("assumption").loc["asynchrony"]
    line(
        "ei_lif_gamma, asynchrony: conductance variance over Campbell's",
        f"{row.measured:.1f}, holds: {row.holds}",
        "False",
        not row.holds,
    )
    compared("ei_lif_gamma", reduced, [run], None)


def levels():
    """The levels over the whole range of the drive, from one reduction at 14 Hz and reduced at every drive."""
    from brian2 import Hz

    circuit = b2r.load_circuit("ei_lif")
    drives = (8, 10, 12, 14, 16, 18, 20)
    runs = {rate: spiking(circuit.replace({"drive.ext.rate": rate * Hz}), 2) for rate in drives}
    settings = (
        ("linear", "matched", None),
        ("surface", "matched", None),
        ("transfer", "matched", 0.08),
        ("transfer", "renewal", 0.05),
    )
    for level, noise, wanted in settings:
        reduced = b2r.reduce(circuit, level=level, noise=noise, seed=1)
        for rate in drives:
            above = np.mean([run.mean()["E"] for run in runs[rate]]) > 2
            compared(
                f"{level}, {noise}, reduced at 14 Hz, run at {rate} Hz",
                reduced,
                runs[rate],
                wanted if above else None,
                {"ext": rate * Hz},
            )
    for rate in drives:
        local = b2r.reduce(circuit, level="surface", at={"ext": rate * Hz}, seed=1)
        above = np.mean([run.mean()["E"] for run in runs[rate]]) > 2
        compared(
            f"surface, matched, reduced at {rate} Hz and run there",
            local,
            runs[rate],
            0.08 if above else None,
            {"ext": rate * Hz},
        )


def warned():
    """Circuits that break premises: their error, and what foretold it."""
    from brian2 import Hz, second

    saturated = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": 150 * Hz})
    for what, circuit in (("ei_lif_gamma", "ei_lif_gamma"), ("ei_lif at 150 Hz input", saturated)):
        v = b2r.validate(circuit, duration=1 * second, seeds=1, seed=1)
        broken = v.assumptions.loc[~v.assumptions["holds"].astype(bool)]
        line(f"{what}: largest error", f"{100 * v.comparison.largest_error:.1f} %", "reported")
        for row in broken.itertuples():
            line(f"    does not hold: {row.assumption}", f"{row.measured:.3g}", row.limit)
        click.echo(f"    {v.verdict}")


def cost():
    """What a validation with all levels and three spiking runs takes, once all is compiled."""
    b2r.validate("ei_lif", seeds=1, seed=9)
    v = b2r.validate("ei_lif", seeds=3, seed=1)
    whole = sum(v.seconds.values())
    line("validate, all levels and three runs of 2 s", f"{whole:.1f} s", "<= 6 s", whole <= 6.0)
    click.echo("    " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in v.seconds.items()))


def e_shriki():
    """Shriki cells with recurrent excitation."""
    circuit = b2r.load_circuit("e_shriki")
    compared("e_shriki, 2 seeds", b2r.reduce(circuit, seed=1), spiking(circuit, 2), 0.10)


PARTS = {
    part.__name__: part for part in (lif, shriki, ei_lif, levels, cells, warned, cost, ei_lif_gamma, e_shriki)
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def main(parts):
    """Print measured accuracy beside what is wanted."""
    for name in parts or PARTS:
        start = time.perf_counter()
        click.echo(f"{name}: {PARTS[name].__doc__}")
        PARTS[name]()
        click.echo(f"  ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
