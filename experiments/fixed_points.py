"""Enumerated fixed points of random threshold-linear circuits against integration of their equations.

python -m b2reduce.experiments.fixed_points        200 circuits of 2 to 6 populations (about two minutes)
"""

from __future__ import annotations

from collections import Counter

import click
import numpy as np

import b2reduce as b2r

LONGEST = 200  # of the slowest time constant of a circuit: how long it is followed
FAR = 1e6  # currents beyond this, where thresholds are about 1, have run away
REST = 1e-9  # of the currents: change within one time constant that counts as rest
# Relative size of the displacement from a fixed point, and of the distance that counts as having left
NEAR, AWAY = 0.01, 0.05


def random_network(rng):
    """2 to 6 populations with normal weights, thresholds of both signs, and time constants from 5 to 40 ms.

    Currents in units of 1/beta.
    """
    size = int(rng.integers(2, 7))
    return b2r.ThresholdLinearNetwork(
        W=rng.normal(0, 1.2, (size, size)),
        beta=rng.uniform(0.5, 1.5, size),
        theta=rng.normal(0, 1, size),
        tau=rng.uniform(5e-3, 40e-3, size),
    )


def integrate(network, mu, duration_):
    """Currents after a time from many starts at once, shape (start, population), and whether each is at rest:
    fourth-order Runge-Kutta.

    The step is a tenth of the fastest time constant, feedback included; a fixed point of the equations is one
    of the method.
    """
    dt = 0.1 / np.max(np.abs(network.W_ * network.beta_).sum(axis=1) + 1) * network.tau_.min()
    mu, rest = np.array(mu, dtype=float), np.zeros(len(mu), dtype=bool)
    for step in range(int(duration_ / dt)):
        going = ~rest & (np.max(np.abs(mu), axis=1) < FAR)
        if not going.any():
            break
        now = mu[going]
        k1 = network.derivative_(now)
        k2 = network.derivative_(now + dt / 2 * k1)
        k3 = network.derivative_(now + dt / 2 * k2)
        k4 = network.derivative_(now + dt * k3)
        mu[going] = now + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if step % 100 == 0:
            rest[going] = np.max(np.abs(k1 * network.tau_), axis=1) < REST * (1 + np.max(np.abs(now), axis=1))
    return mu, rest


def turns(network, mu):
    """Whether the direction of currents far above threshold keeps changing.

    Then it is no ray along which they grow.
    """
    first = mu / np.max(np.abs(mu)) * FAR / 1e3
    later = [integrate(network, first[None], count * network.tau_.max())[0][0] for count in (1, 2, 4)]
    return any(
        np.max(np.abs(now / np.max(np.abs(now)) - first / np.max(np.abs(first)))) > 0.1 for now in later
    )


def compare(circuits=200, starts=50, seed=0):
    """Counter of what was found; every key with "wrong" in it should be absent."""
    rng, counts = np.random.default_rng(seed), Counter()
    for _ in range(circuits):
        network = random_network(rng)
        points = network.points_
        growth = np.array([network.eigenvalues_(active)[0].real for active in network.active_sets_])
        stable = growth < 0
        counts.update(
            {
                "circuits": 1,
                "stable points": int(stable.sum()),
                "unstable points": int((~stable).sum()),
                "circuits with several stable points": int(stable.sum() > 1),
            }
        )
        duration = LONGEST * network.tau_.max()
        ends, rest = integrate(network, rng.normal(0, 3, (starts, len(network.beta_))), duration)
        for end, at_rest in zip(ends, rest):
            if np.max(np.abs(end)) >= FAR:
                counts[
                    (
                        "runaway"
                        if network.runaway_
                        else (
                            "runaway in growing oscillations"
                            if turns(network, end)
                            else "wrong: ran away where no growing direction was found"
                        )
                    )
                ] += 1
            elif not at_rest:
                counts["cycle, or not yet at rest"] += 1
            else:
                apart = np.max(np.abs(points - end), axis=1) / (1 + np.max(np.abs(end)))
                good = len(points) and apart.min() < 1e-5 and stable[int(np.argmin(apart))]
                counts[
                    "converged" if good else "wrong: converged to what is not an enumerated stable point"
                ] += 1
        for point, is_stable, rate in zip(points, stable, growth):
            size = np.max(np.abs(point))
            around = point + NEAR * size * rng.choice([-1, 1], (4, len(point))) * rng.uniform(
                0.5, 1, (4, len(point))
            )
            if is_stable:
                # A unit closer to its threshold than the displacement may be carried across: then it is
                # another linear system.
                ends, _ = integrate(network, around, max(duration, 40 / -rate))
                kept = np.max(np.abs(ends - point), axis=1) < 1e-4 * size
                crossing = np.min(np.abs(point)) < NEAR * size
                counts[
                    (
                        "stable, reached from 1 % away"
                        if kept.all()
                        else (
                            "stable, close to a threshold and not always reached"
                            if crossing and kept.any()
                            else "wrong: stable and not reached"
                        )
                    )
                ] += 1
            else:
                ends, _ = integrate(network, around, min(duration, 20 / rate))
                counts[
                    (
                        "unstable, left"
                        if (np.max(np.abs(ends - point), axis=1) > AWAY * size).any()
                        else "wrong: unstable and not left"
                    )
                ] += 1
    return counts


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--circuits", default=200, show_default=True, type=click.IntRange(1))
@click.option("--starts", default=50, show_default=True, type=click.IntRange(1), help="Integrations of each.")
@click.option("--seed", default=0, show_default=True)
def main(circuits, starts, seed):
    counts = compare(circuits, starts, seed)
    for what, count in counts.items():
        click.echo(f"{what:<70} {count}")
    wrong = sum(count for what, count in counts.items() if what.startswith("wrong"))
    click.echo(f"{'wrong':<70} {wrong}   {'ok' if wrong == 0 else 'MISSED'}")


if __name__ == "__main__":
    main()
