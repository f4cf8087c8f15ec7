"""How accurate b2reduce is: prints, against closed forms, published fits and spiking networks, what the
README quotes.

    python -m b2reduce.experiments.accuracy            everything (about fifteen minutes)
    python -m b2reduce.experiments.accuracy lif ei_lif only these
"""

from __future__ import annotations

import time

import click
import numpy as np

import b2reduce as b2r

SEEDS = 5


def line(what, value, wanted, good=None):
    """One number, what was wanted, and whether it is so."""
    verdict = "" if good is None else "   ok" if good else "   MISSED"
    click.echo(f"  {what:<66} {value:<28} {wanted}{verdict}")


def exact_interval_(model, I_, g_):
    """Interval of the leaky integrate-and-fire cell in s: t_ref + (C/g) ln((V_inf - V_r)/(V_inf - V_th))."""
    V_inf = model.si("E_L") + I_ / g_
    with np.errstate(invalid="ignore", divide="ignore"):
        T = model.si("t_ref") + model.si("C_m") / g_ * np.log(
            (V_inf - model.si("V_r")) / (V_inf - model.si("V_th"))
        )
    return np.where(V_inf > model.si("V_th"), T, np.inf)


def rounding_(model, I_, g_, dt_):
    """How far rounding moves the intervals of a simulated leaky integrate-and-fire cell in s: one that ends
    on the time grid may end a step sooner or later.

    The potential is rounded in every step, by up to two units in the last place, and the leak forgets that
    within tau/dt steps; it reaches the threshold at (V_inf - V_th)/tau. Times on the grid are rounded
    themselves, below 1e-9 of a step in all runs of less than a minute.
    """
    tau_, V_inf = model.si("C_m") / g_, model.si("E_L") + I_ / g_
    largest = np.maximum(np.abs(V_inf), max(abs(model.si(name)) for name in ("E_L", "V_r", "V_th")))
    with np.errstate(divide="ignore"):
        return (
            2 * np.finfo(float).eps * largest * tau_ / dt_ * tau_ / np.maximum(V_inf - model.si("V_th"), 0.0)
            + 1e-9 * dt_
        )


def lif():
    """The LIF cell against its closed form."""
    from brian2 import ms, nA, nS

    model = b2r.load_model("lif")
    I, g = np.linspace(0.151, 0.9, 120), np.array([10, 16.7, 30])
    means = []
    for dt in (0.1, 0.05, 0.025):
        surface = b2r.measure_fi(model, I * nA, g * nS, dt=dt * ms)
        exact = exact_interval_(model, surface.I_[:, None], surface.g_)
        counted = exact < 1 / 5.0
        error = 1 / surface.rate_[counted] - exact[counted]
        slack = rounding_(model, surface.I_[:, None], surface.g_, dt * 1e-3)[counted]
        line(
            f"dt {dt} ms: intervals off by at most, of {counted.sum()} points above 5 Hz",
            f"{np.abs(error).max() / dt * 1e3:.3f} dt",
            "<= 1 dt",
            np.all(np.abs(error) <= dt * 1e-3 + slack),
        )
        means.append(np.abs(error).mean())
        line(
            f"dt {dt} ms: mean error of the interval, {(counted.sum(axis=0)).min()} currents or more each g",
            f"{means[-1] * 1e6:.2f} us",
            "",
        )
    for coarse, fine in zip(means, means[1:]):
        line(
            "ratio of mean errors when dt is halved",
            f"{coarse / fine:.2f}",
            "2 (first order)",
            1.6 < coarse / fine < 2.5,
        )


def shriki():
    """The published fit of Shriki, Hansel & Sompolinsky (2003)."""
    from brian2 import Hz, cm, msiemens, mV, uA

    surface = b2r.measure_fi(
        "shriki2003", np.linspace(0, 4, 41) * uA / cm**2, np.linspace(0.05, 0.15, 5) * msiemens / cm**2
    )
    fit = b2r.fit_gain(surface, rates=(0 * Hz, 80 * Hz))
    for name, value, published, within in (
        ("beta (Hz cm2/uA)", fit.beta / (Hz * cm**2 / uA), 35.4, 1.2),
        ("I_c (uA/cm2)", fit.I_theta / (uA / cm**2), 0.65, 0.07),
        ("V_c (mV)", fit.v_theta / mV, 5.6, 0.8),
    ):
        line(
            f"Shriki 2003, {name}, 0-80 Hz, {fit.points} points",
            f"{float(value):.3f}",
            f"{published} +- {within}",
            abs(value - published) <= within,
        )


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
    row = b2r.check_assumptions(circuit, run, reduced).set_index("assumption").loc["asynchrony"]
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


def cells():
    """One rate unit a cell on random in-degrees: rates over cells."""
    from brian2 import second

    circuit = b2r.load_circuit("ei_lif")
    data = circuit.to_dict()
    for projection in data["projections"]:
        projection["probability"] = (
            projection.pop("in_degree") / circuit.populations[projection["source"]].size
        )
    circuit = b2r.Circuit.from_dict(data)
    start = time.perf_counter()
    run = b2r.simulate_spikes(circuit, duration=2.5 * second, seed=1, record=0)
    spent = time.perf_counter() - start
    for level, noise in (("linear", "matched"), ("transfer", "renewal")):
        reduced = b2r.reduce(circuit, level=level, noise=noise, cells=True, seed=1)
        start = time.perf_counter()
        rates = b2r.simulate_rates(reduced, duration=2.5 * second, seed=1)
        line(
            f"{level}: 5000 units, time against that of the spiking network",
            f"{time.perf_counter() - start:.2f} s of {spent:.2f} s",
            "faster",
            time.perf_counter() - start < spent,
        )
        table = b2r.compare(run, rates, after=0.5 * second).cells
        for name in circuit.populations:
            own = table.loc[name]
            line(
                f"{level}, {name}: mean and sd without counting, spiking",
                f"{own.spiking['mean']:.2f}, {own.spiking['sd without counting']:.2f} Hz",
                "",
            )
            line(
                f"{level}, {name}: mean and sd without counting, rate model",
                f"{own.rate['mean']:.2f}, {own.rate['sd without counting']:.2f} Hz",
                "",
            )
            quantiles = [key for key in own.index if key.endswith("%")]
            line(
                f"{level}, {name}: quantiles {', '.join(quantiles)}, spiking",
                ", ".join(f"{own.spiking[key]:.1f}" for key in quantiles),
                "",
            )
            line(
                f"{level}, {name}: quantiles, rate model counted",
                ", ".join(f"{own.rate[key]:.1f}" for key in quantiles),
                "",
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
    """What a validation with all levels costs beside the spiking network."""
    b2r.reduce("ei_lif", seed=9)  # compiled, imported
    v = b2r.validate("ei_lif", seeds=3, seed=1)
    own = sum(seconds for name, seconds in v.seconds.items() if name != "spiking network")
    share = own / v.seconds["spiking network"]
    line(
        "all levels, both checks and the rate network over the spiking runs",
        f"{100 * share:.0f} %",
        "<= 30 %",
        share <= 0.30,
    )
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
