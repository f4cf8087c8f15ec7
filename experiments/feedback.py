"""Uniform feedback in a spiking population: what a kick must exceed, and how much slower an active population
becomes.

    python -m b2reduce.experiments.feedback            both parts (about three minutes)

One population of leaky integrate-and-fire cells excites itself through synapses of 50 ms, which are slower
than the cells: then the one time constant of the theory is that of the synapses. Independent Poisson input
makes the gain smooth.
"""

from __future__ import annotations

import click
import numpy as np

import b2reduce as b2r

TAU_ = 50e-3  # s, of the recurrent synapses
IN_DEGREE, SIZE = 100, 2000
INPUTS, G_EXT_, TAU_EXT_ = 250, 0.4e-9, 5e-3
KICK_ = 0.1  # s
DIRECT_ = 0.025  # s after a step: five time constants of the drive's synapses


def drive(name, rate, target="E"):
    from brian2 import second, siemens, volt

    return b2r.Drive(
        name=name,
        target=target,
        inputs=INPUTS,
        rate=rate,
        G=G_EXT_ * siemens,
        tau=TAU_EXT_ * second,
        E=0 * volt,
    )


def population(G_, rate_, kick=0.0, size=SIZE):
    """Cells that excite one another, a constant drive, and a second drive that kicks them."""
    from brian2 import Hz, ms, second, siemens, volt

    recurrent = b2r.Projection(
        source="E",
        target="E",
        in_degree=IN_DEGREE,
        G=G_ * siemens,
        tau=TAU_ * second,
        E=0 * volt,
        delay=[0.1 * ms, 3 * ms],
    )
    rates = [0.0, kick, 0.0] * Hz
    return b2r.Circuit(
        name="uniform feedback",
        populations={"E": b2r.Population("lif", size)},
        projections=[recurrent],
        drives=[drive("ext", rate_ * Hz), drive("kick", ([0, 0.3, 0.3 + KICK_] * second, rates))],
    )


def measured_gain(rate_, rates=(5.0, 60.0), form="threshold_linear"):
    """The gain under the noise of the constant drive, over the leak that the feedback adds."""
    from brian2 import Hz, amp, siemens

    model, mean = b2r.load_model("lif"), INPUTS * G_EXT_ * TAU_EXT_ * rate_
    I = mean * -model.si("E_L") + np.linspace(-100e-12, 250e-12, 29)
    surface = b2r.measure_fi(
        model,
        I * amp,
        (model.si("g_L") + mean + np.array([0, 1.5e-9, 3e-9])) * siemens,
        noise=[drive("ext", rate_ * Hz, None)],
        seed=1,
    )
    return b2r.fit_gain(surface, form=form, rates=rates * Hz)


def reduced_at(loop, rate_, gain, **arguments):
    """(G, reduced circuit, UniformFeedback) with synapses as strong as a given beta N W asks for."""
    from brian2 import Hz, amp, second

    trial = b2r.reduce(population(1e-11, rate_), gains={"E": gain}, tau="synaptic", at={"kick": 0 * Hz})
    G_ = 1e-11 * loop / (float(np.asarray(gain.beta)) * trial.W_["E", "E"])
    reduced = b2r.reduce(
        population(G_, rate_, **arguments), gains={"E": gain}, tau="synaptic", at={"kick": 0 * Hz}
    )
    theta_ = reduced.theta_["E"] - reduced.W_ext_["E", "ext"] * rate_
    return (
        G_,
        reduced,
        b2r.UniformFeedback.from_parameters(
            beta=gain.beta, W=reduced.W["E", "E"], theta=theta_ * amp, tau=TAU_ * second
        ),
    )


def critical_kick(survives, lo, hi, steps):
    """The kick between two at which activity begins to live on, by bisection.

    And half the width of what is left.
    """
    if survives(lo) or not survives(hi):
        raise ValueError(f"a kick of {lo:g} Hz must die and one of {hi:g} Hz must not")
    for _ in range(steps):
        middle = (lo + hi) / 2
        lo, hi = (lo, middle) if survives(middle) else (middle, hi)
    return (lo + hi) / 2, (hi - lo) / 2


def kicked(loop=2.0, rate_=6.0, seeds=3):
    """A positive threshold and strong feedback: silence is stable, and a kick must exceed the separatrix."""
    from brian2 import second

    gain = measured_gain(rate_)
    G_, reduced, feedback = reduced_at(loop, rate_, gain)
    click.echo(f"kicks: {feedback.statement}")

    def rate_model(kick):
        _, with_kick, _ = reduced_at(loop, rate_, gain, kick=kick)
        try:
            return b2r.simulate_rates(with_kick, duration=3 * second).rate_[0, -1] > 1
        except b2r.errors.DivergenceError:
            return True

    def spiking(seed):
        def survives(kick):
            return b2r.simulate_spikes(
                population(G_, rate_, kick=kick), duration=1.5 * second, seed=seed, record=0
            ).rate_[0, -300:].mean() > float(feedback.separatrix)

        return survives

    theory, width = critical_kick(rate_model, 0.0, 20.0, 12)
    found = np.array(
        [critical_kick(spiking(seed), 0.5 * theory, 1.5 * theory, 7)[0] for seed in range(1, seeds + 1)]
    )
    spread = found.std(ddof=1) if seeds > 1 else float("nan")
    click.echo(
        f"  smallest kick of {KICK_ * 1e3:g} ms that lives on: rate model {theory:.2f} Hz of each of {INPUTS}"
        f" inputs, spiking {found.mean():.2f} +- {spread:.2f} Hz ({100 * (theory / found.mean() - 1):+.1f} %,"
        f" {seeds} seeds)"
    )
    # Without feedback the same kick is far from what the population could hold: the negative control.
    alone = (
        b2r.simulate_spikes(
            population(0.0, rate_, kick=1.5 * theory), duration=1.5 * second, seed=1, record=0
        )
        .rate_[0, -300:]
        .mean()
    )
    click.echo(f"  the largest of these kicks without feedback leaves {alone:.2f} Hz")
    return theory, found, feedback


def active(loops=(0.0, 0.25, 0.5, 0.6), rate_=10.0, step=0.08, trials=16):
    """A negative threshold.

    The rate, and the time in which it is approached after a step of the drive, against tau/(1 - beta N W).
    """
    from brian2 import Hz, second
    from scipy.optimize import curve_fit

    gain, bent = (
        measured_gain(rate_, rates=(15.0, 60.0)),
        measured_gain(rate_, rates=(10.0, 70.0), form="auto"),
    )
    click.echo("active: rate, and time of approach after a small step of the drive")
    rows = []
    for loop in loops:
        G_, reduced, feedback = reduced_at(loop, rate_, gain)
        stepped = population(G_, rate_).replace(
            {
                "drive.kick.rate": 0 * Hz,
                "drive.ext.rate": ([0, 1.0] * second, [rate_, (1 + step) * rate_] * Hz),
            }
        )
        runs = [
            b2r.simulate_spikes(stepped, duration=1.8 * second, seed=seed, record=0)
            for seed in range(1, trials + 1)
        ]
        trace, t = np.mean([run.rate_[0] for run in runs], axis=0), runs[0].t_ - 1.0
        base, here = trace[(t > -0.5) & (t < 0)].mean(), t > DIRECT_
        # The direct effect of the step takes the drive's synapses and the cell, a few ms each; then feedback
        # alone moves the rate.
        law = lambda t, jump, more, tau: base + jump + more * (1 - np.exp(-t / tau))
        expected = float(feedback.relaxation)
        # The same with the slope of a gain that bends, between the rates before and after.
        local = (
            loop
            * float(bent.slope_(bent.inverse_(trace[here][-300:].mean() / 2 + base / 2)))
            / feedback.beta_
        )
        if loop > 0:
            (jump, more, tau_), covariance = curve_fit(law, t[here], trace[here], p0=(3.0, 3.0, expected))
            error = np.sqrt(covariance[2, 2])
            share = more / (jump + more)
        else:
            tau_ = error = share = float("nan")
        rest = float(feedback.points[0][0])
        rows.append((loop, local, base, rest, tau_, error, share))
        click.echo(
            f"  beta N W = {loop:.2f}: {base:6.2f} Hz spiking, {rest:6.2f} Hz by theory"
            f" ({100 * (rest / base - 1):+.1f} %)"
            + (
                ""
                if loop == 0
                else (
                    f"; of the step {share:.2f} comes through feedback; it is approached in {1e3 * tau_:.0f}"
                    f" +- {1e3 * error:.0f} ms, tau/(1 - beta N W) = {1e3 * expected:.0f} ms, with the slope"
                    f" at that rate (beta N W = {local:.2f}) {1e3 * TAU_ / (1 - local):.0f} ms"
                )
            )
        )
    return rows


PARTS = {"kicked": kicked, "active": active}


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def main(parts):
    for part in parts or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
