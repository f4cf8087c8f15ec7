"""How fast the rate model follows: steps and sinusoids of the input of `ei_lif`, by time constant.

    python -m b2reduce.experiments.transients step [--figure PATH]        a step from 12 to 14 Hz, 20 trials
    (two minutes) python -m b2reduce.experiments.transients slow [--figure PATH]        gain, phase and error
    over frequency (two minutes) python -m b2reduce.experiments.transients response [--figure PATH]    the
    cells' linear response in their noise
    python -m b2reduce.experiments.transients large        large steps and sinusoids, 12 trials (five minutes)

Spiking trials differ in wiring, noise and starting values; the window of the step is the 100 ms after it, in
bins of 1 ms.
"""

from __future__ import annotations

import click

import b2reduce as b2r

__all__ = ["large", "response", "slow", "step"]

BASE, TO, MIDDLE = "12 Hz", "14 Hz", "13 Hz"
AT, WINDOW, END = "0.6 s", "0.7 s", "1.2 s"
TAUS = ("membrane", "synaptic", "fitted", "resonant", "pathway", "moving")
LEVELS = ("linear", "gain", "transfer")
# Large changes of the input, Hz: steps, and the frequencies of sinusoids about a mean; where they are reduced
STEPS, MEAN, SWING, TONES = ((8, 24), (12, 18), (8, 12), (24, 8)), 14, 8, (5, 20, 50)
LARGE_AT, LARGE_TAUS = "18 Hz", ("synaptic", "resonant", "pathway", "moving")
_FIGURE = click.option("--figure", type=click.Path(dir_okay=False), help="Write the figure there.")


@click.group(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """Entry point."""


def reductions(levels=LEVELS, taus=TAUS, at=MIDDLE):
    """{(level, tau): ReducedCircuit}; every tau measures anew, with the same seed."""
    found = {
        tau: b2r.reduce("ei_lif", levels=levels, noise="renewal", tau=tau, at={"ext": at}, seed=1)
        for tau in taus
    }
    return {(level, tau): found[tau][level] for level in levels for tau in taus}


def step(trials=20, levels=LEVELS, taus=TAUS, at=MIDDLE):
    """(trials, {(level, tau): rate run}, table) of the step."""
    import pandas as pd

    table = b2r.drives.step_drive(BASE, TO, at=AT)
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": table})
    spikes = [
        b2r.simulate_spikes(circuit, duration=END, seed=seed, record=0, engine="standalone")
        for seed in range(1, trials + 1)
    ]
    rates, rows = {}, []
    for key, reduced in reductions(levels, taus, at).items():
        rates[key] = b2r.simulate_rates(reduced, duration=END, drives={"ext": table})
        compared = b2r.compare_transients(spikes, rates[key], start=AT, stop=WINDOW).table
        rows += [
            {"level": key[0], "tau": key[1], "population": name, **row}
            for name, row in compared.to_dict("index").items()
        ]
    return spikes, rates, pd.DataFrame(rows)


@main.command("step")
@click.option("--trials", default=20, show_default=True)
@click.option(
    "--at", default=MIDDLE, show_default=True, help="Rate of the drive at which the reduction is made."
)
@_FIGURE
def step_(trials, at, figure):
    """The response to a step from 12 to 14 Hz input."""
    spikes, rates, table = step(trials, at=at)
    click.echo(
        f"step of the input from {BASE} to {TO}, {trials} trials, the 100 ms after it in bins of 1 ms;"
        f" reduced at {at}, noise renewal"
    )
    click.echo(
        "level     tau        pop  step     RMSE            aligned         counting  scatter   corr   "
        " half-rise: spiking  model    late       base, final offset"
    )
    for row in table.to_dict("records"):
        click.echo(
            f"{row['level']:<9} {row['tau']:<10} {row['population']:<3} {row['step']:5.2f} Hz "
            f" {row['rmse']:.2f} Hz {100 * row['rmse_fraction']:4.1f} %  {row['aligned']:.2f} Hz"
            f" {100 * row['aligned_fraction']:4.1f} %  {row['counting']:.2f} Hz   {row['scatter']:.2f} Hz  "
            f" {row['correlation']:.3f}   {1e3 * row['half_rise_spiking']:6.2f} ms     "
            f" {1e3 * row['half_rise_rate']:6.2f} ms  {1e3 * row['late']:+5.2f} ms  "
            f" {row['base_error']:+.2f}, {row['final_error']:+.2f} Hz"
        )
    if figure:
        import matplotlib.pyplot as plt

        from b2reduce.results.plots.style import style

        with plt.style.context(style()):
            drawn, axes = plt.subplots(1, 2, figsize=(10, 3.8))
            for ax, level in zip(axes, ("linear", "transfer")):
                own = {tau: run for (name, tau), run in rates.items() if name == level}
                b2r.plots.plot_step(spikes, own, population="E", start="0.58 s", stop=WINDOW, ax=ax)
                ax.set_title(f"level {level}")
            drawn.savefig(figure)


@main.command("slow")
@click.option("--seeds", default=4, show_default=True)
@_FIGURE
def slow_(seeds, figure):
    """Gain, phase and error over the frequency of the input, 13 Hz modulated by 10 %."""
    found = slow(seeds)
    click.echo(found.table.round(3).to_string(index=False))
    if figure:
        import matplotlib.pyplot as plt

        from b2reduce.results.plots.style import style

        with plt.style.context(style()):
            drawn, axes = plt.subplots(1, 3, figsize=(14, 3.8))
            for ax, column in zip(axes, ("gain", "phase", "error")):
                b2r.plots.plot_frequencies(found, population="E", column=column, ax=ax)
            drawn.savefig(figure)


def slow(seeds=4, taus=TAUS):
    """The FrequencyComparison of level transfer."""
    models = {tau: reduced for (_, tau), reduced in reductions(("transfer",), taus).items()}
    circuit = b2r.load_circuit("ei_lif").replace({"drive.ext.rate": MIDDLE})
    from brian2 import Hz

    return b2r.compare_frequencies(
        circuit,
        models,
        frequencies=[2, 5, 10, 20, 40, 80, 150] * Hz,
        seeds=range(1, seeds + 1),
        engine="standalone",
    )


def large(trials=12, taus=LARGE_TAUS, at=LARGE_AT):
    """A table of root mean square errors, in per cent, of level transfer after large steps and in large sinusoids.

    Of a step those of its first 100 ms, over its size in the spikes; of a sinusoid those from 0.3 s on, over
    its swing from trough to peak. ``chance`` is what the trials' own scatter leaves in their mean.
    """
    import numpy as np
    import pandas as pd

    drives = b2r.drives
    tables = {
        **{f"{a} to {b} Hz": drives.step_drive(f"{a} Hz", f"{b} Hz", at="0.4 s") for a, b in STEPS},
        **{
            f"{MEAN} +- {SWING} Hz at {f} Hz": drives.sinusoid_drive(
                f"{MEAN} Hz", f"{SWING} Hz", f"{f} Hz", duration="0.8 s"
            )
            for f in TONES
        },
    }
    models = {tau: model for (_, tau), model in reductions(("transfer",), taus, at).items()}
    rows, circuit = [], b2r.load_circuit("ei_lif")
    for name, table in tables.items():
        spikes = [
            b2r.simulate_spikes(
                circuit.replace({"drive.ext.rate": table}),
                duration="0.8 s",
                seed=seed,
                record=0,
                engine="standalone",
            )
            for seed in range(1, trials + 1)
        ]
        t, rates, step_ = spikes[0].t_, np.array([run.rate_ for run in spikes]), "to" in name.split()
        mean, scatter = rates.mean(axis=0), rates.std(axis=0, ddof=1) / np.sqrt(trials)
        window = (t > 0.4) & (t < 0.5) if step_ else t > 0.3
        before, after = mean[:, (t > 0.2) & (t < 0.4)].mean(axis=1), mean[:, t > 0.6].mean(axis=1)
        size = np.abs(after - before) if step_ else np.sqrt(8) * mean[:, window].std(axis=1)
        rms = lambda left: 100 * np.sqrt(np.mean(left[:, window] ** 2, axis=1)) / size
        runs = {
            tau: b2r.simulate_rates(model, duration="0.8 s", drives={"ext": table}).rate_
            for tau, model in models.items()
        }
        found = {**{tau: rms(rate - mean) for tau, rate in runs.items()}, "chance": rms(scatter)}
        rows += [
            {"input": name, "population": population, **{key: value[k] for key, value in found.items()}}
            for k, population in enumerate(spikes[0].populations)
        ]
    return pd.DataFrame(rows)


@main.command("large")
@click.option("--trials", default=12, show_default=True)
def large_(trials):
    """Large steps and sinusoids of the input, level transfer: errors over their size, in per cent."""
    click.echo(large(trials).round(1).to_string(index=False))


def response():
    """{population: LinearResponse} at 13 Hz input."""
    return b2r.reduce("ei_lif", noise="renewal", tau="resonant", at={"ext": MIDDLE}, seed=1).responses


@main.command("response")
@_FIGURE
def response_(figure):
    """The cells' linear response."""
    found = response()
    for name, item in found.items():
        click.echo(
            f"{name}: {item}, gain at rest {item.gain[0].real * 1e-12:.4f} +- {item.gain_sem[0] * 1e-12:.4f}"
            " Hz/pA"
        )
        click.echo(item.to_frame().to_string(index=False))
        for form, fit in item.filters.items():
            parameters = ", ".join(
                f"{key} {value:.3g} +- {error:.2g}"
                for key, value, error in zip(fit.names, fit.values, fit.stderr)
            )
            click.echo(
                f"  {form:<7} {parameters}; chi2 {fit.chi2:.1f} of {fit.dof}, AIC {fit.aic:.1f}, delay"
                f" {1e3 * fit.delay_:.2f} +- {1e3 * fit.delay_stderr_:.2f} ms"
            )
    if figure:
        import matplotlib.pyplot as plt

        from b2reduce.results.plots.style import style

        with plt.style.context(style()):
            drawn, axes = plt.subplots(1, 2, figsize=(9, 3.4))
            for ax, part in zip(axes, ("gain", "phase")):
                b2r.plots.plot_linear_response(found["E"], part=part, ax=ax)
            drawn.savefig(figure)


if __name__ == "__main__":
    main()
