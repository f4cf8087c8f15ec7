"""The balanced state of binary networks (van Vreeswijk & Sompolinsky, Science 274:1724, 1996) as K grows.

    python -m b2reduce.experiments.vanvreeswijk1996                  table and fitted exponents (about a minute)
    python -m b2reduce.experiments.vanvreeswijk1996 --figure x.png   and the figure

Weights J_ab/sqrt(K), external input sqrt(K) E_a m_0, random wiring with probability K/N. Mean activities approach the linear law
J m + E m_0 = 0 as 1/sqrt(K). What is left at finite K is laid beside three theories: the law to first order in 1/sqrt(K), the Gaussian
mean field, and the mean field with the numbers of active inputs counted as they are, binomial. J, E and thresholds are of this package's
making, chosen so that terms in 1/K are small from K = 50 on; `SLOW` is a network with a nearly singular J, where they are large. Inputs
are sums of a few weights and take steps: what the Gaussian leaves, up to O(1/K) and uneven in K, is the width of these steps and skewness.
"""

from __future__ import annotations

import click
import numpy as np

import b2reduce as b2r

__all__ = ["BALANCED", "SLOW", "counted_rates", "exponent", "fig1", "measure", "theories"]

POPULATIONS = ("E", "I")
BALANCED = dict(J=np.array([[0.53, -1.07], [1.0, -1.03]]), E=np.array([1.0, 0.7]), m0=0.3, thresholds=np.array([1.1, 0.5]))
SLOW = dict(J=np.array([[1.0, -2.0], [1.0, -1.8]]), E=np.array([1.0, 0.8]), m0=0.1, thresholds=np.array([1.0, 0.7]))
KS = (50, 100, 200, 400, 800, 1600)
SIZE, SEEDS, SWEEPS, WARMUP = 10_000, 3, 120, 20  # units of each population; deviations decay within a few sweeps


def settings(network, K, size=None):
    """Arguments of `binary_mean_field` and `random_binary_network`."""
    sizes = {} if size is None else {"sizes": dict.fromkeys(POPULATIONS, size)}
    return dict(weights=network["J"] / K**0.5, in_degree=K, thresholds=network["thresholds"], external=K**0.5 * network["E"] * network["m0"], **sizes)


def counted_rates(network, K, size, start):
    """Mean-field rates of E and I with binomial numbers of active inputs in place of a Gaussian field.

    Of the A m active units of a population each is among a unit's inputs with probability K/A. Between whole numbers A m the
    law is mixed of its neighbours', which keeps its mean.
    """
    from scipy.optimize import root
    from scipy.stats import binom

    w, h, theta = network["J"] / K**0.5, K**0.5 * network["E"] * network["m0"], network["thresholds"]

    def active(a, m):
        available = size - (np.arange(2) == a)
        p, number = K / available, np.clip(m, 0, 1) * available
        mixture = lambda law, x, b: sum(share * law(x, n, p[b]) for n, share in ((np.floor(number[b]), 1 - number[b] % 1), (np.floor(number[b]) + 1, number[b] % 1)))
        reach = number[0] * p[0] + np.sqrt(number[0] * p[0]) * np.array([-10, 10])
        x = np.arange(max(0, int(reach[0])), int(reach[1]) + 12)
        # P(w_E X + h - |w_I| Y > theta): Y below what X leaves of the threshold, strictly, as a unit at its threshold is inactive.
        below = np.ceil((w[a, 0] * x + h[a] - theta[a]) / -w[a, 1] - 1e-9) - 1
        return np.sum(mixture(binom.pmf, x, 0) * mixture(binom.cdf, below, 1))

    found = root(lambda m: np.array([active(a, m) for a in range(2)]) - m, start, tol=1e-10, options={"eps": 1e-4})
    if np.abs(found.fun).max() > 1e-6:
        raise b2r.InputError(f"K = {K}: no rates with counted inputs were found from {start}; the search ends at {found.x}")
    return found.x


def theories(network, K, size):
    """{theory: rates of E and I}."""
    state = b2r.balanced_rates(network["J"], network["E"], network["m0"], thresholds=network["thresholds"])
    gaussian = b2r.binary_mean_field(**settings(network, K, size), initial=state.rates).rates
    return {"linear": state.rates, "first order": state.at(K), "Gaussian": gaussian, "counted": counted_rates(network, K, size, gaussian)}


def measure(network, K, size=SIZE, seeds=SEEDS, sweeps=SWEEPS, warmup=WARMUP):
    """Mean activity of every seed, each with a wiring of its own, shape (seed, population)."""
    rows = []
    for seed in range(1, seeds + 1):
        drawn = b2r.random_binary_network(**settings(network, K, size), seed=seed)
        rows.append(b2r.simulate_binary(drawn, sweeps=sweeps, initial=0.3, seed=seed).mean(after=warmup).to_numpy())
    return np.array(rows)


def exponent(Ks, errors, sem=0.0):
    """Slope of log |error| over log K, all K alike, and its standard error from those of the errors."""
    x = np.log(Ks) - np.log(Ks).mean()
    share = x / np.sum(x**2)
    return share @ np.log(np.abs(errors)), np.sqrt(np.sum((share * sem / np.abs(errors)) ** 2))


def sweep_over_K(network, Ks=KS, **how):
    """One row a K: measured rates and standard errors (over seeds, pooled over K), and the theories."""
    size = how.get("size", SIZE)
    runs = [measure(network, K, **how) for K in Ks]
    # Three seeds tell little of their own spread; that of all K together, which differs little, tells it for each.
    pooled = np.sqrt(np.mean([run.var(axis=0, ddof=1) for run in runs], axis=0) / len(runs[0]))
    return [dict(K=K, rates=run.mean(axis=0), sem=pooled, **theories(network, K, size)) for K, run in zip(Ks, runs)]


def verdicts(rows):
    """For each population: exponents of the measured and of the counted theory's distance from the linear law, and whether they agree.

    The law says -1/2 as K -> infinity; over these K terms in 1/K shift the slope, fitted in the same way, by what the counted mean
    field, which has no free parameter, says. The measured slope may differ from -1/2 by that shift and three standard errors.
    """
    Ks = [row["K"] for row in rows]
    for number, name in enumerate(POPULATIONS):
        distance = lambda key: np.array([row[key][number] - row["linear"][number] for row in rows])
        slope, sem = exponent(Ks, distance("rates"), np.array([row["sem"][number] for row in rows]))
        expected = exponent(Ks, distance("counted"))[0]
        bound = abs(expected + 0.5) + 3 * sem
        yield dict(population=name, slope=slope, sem=sem, expected=expected, bound=bound, good=abs(slope + 0.5) <= bound)


def fig1(rows, ax=None):
    """Distance of mean activities from the linear law over K, both axes logarithmic."""
    if ax is None:
        import matplotlib.pyplot as plt

        from b2reduce.plots import style

        with plt.style.context(style()):
            ax = plt.subplots()[1]
    Ks = np.array([row["K"] for row in rows])
    for number, (name, marker, colour) in enumerate(zip(POPULATIONS, "os", ("#1b3a57", "#c8553d"))):
        distance = lambda key: np.array([abs(row[key][number] - row["linear"][number]) for row in rows])
        ax.errorbar(Ks, distance("rates"), yerr=[row["sem"][number] for row in rows], ls="none", marker=marker, color=colour, mfc="w" if number else colour,
                    label=f"{name}, simulated")
        ax.plot(Ks, distance("Gaussian"), color=colour, ls=("-", "--")[number], lw=1.4, label=f"{name}, Gaussian mean field")
        ax.plot(Ks, distance("counted"), ls="none", marker="x", ms=9, color="0.4", label="inputs counted" if number else None)
    last = max(abs(row["rates"] - row["linear"]).max() for row in rows[-1:])
    ax.plot(Ks, last * 1.5 * (Ks / Ks[-1]) ** -0.5, color="0.5", ls=":", lw=1.2, label=r"$\propto 1/\sqrt{K}$")
    ax.set(xscale="log", yscale="log", xlabel="mean number of inputs K", ylabel="|activity − linear law| (fraction active)", xticks=Ks, xticklabels=Ks)
    ax.set_yticks(ticks := [0.01, 0.02, 0.05, 0.1], labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize=7, loc="lower left")
    return ax


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--size", type=click.IntRange(100), default=SIZE, show_default=True, help="Units of each population.")
@click.option("--seeds", type=click.IntRange(2), default=SEEDS, show_default=True, help="Networks for each K.")
@click.option("--figure", "path", type=click.Path(dir_okay=False), help="Draw the distances from the linear law.")
def main(size, seeds, path):
    """Print activities, theories and exponents as K grows."""
    pair = lambda values: " ".join(f"{value:8.5f}" for value in values)
    for title, network, Ks in (("balanced", BALANCED, [K for K in KS if K < size]), ("nearly singular J, where 1/sqrt(K) is reached late", SLOW, [K for K in (400, 1600) if K < size])):
        state = b2r.balanced_rates(network["J"], network["E"], network["m0"], thresholds=network["thresholds"])
        click.echo(f"{title}: J = {network['J'].tolist()}, linear law E, I = {pair(state.rates)}, first correction {pair(state.correction)} / sqrt(K), "
                   f"{len(state.others)} other states; N = {size} each, random wiring, {seeds} seeds")
        rows = sweep_over_K(network, Ks, size=size, seeds=seeds)
        click.echo(f"  {'K':>5}  {'simulated E, I':<17}  {'+-':<17}  {'- linear law':<17}  {'- first order':<17}  {'- Gaussian':<17}  {'- counted':<17}")
        for row in rows:
            click.echo(f"  {row['K']:>5}  {pair(row['rates'])}  {pair(row['sem'])}  " + "  ".join(pair(row["rates"] - row[key]) for key in ("linear", "first order", "Gaussian", "counted")))
        if network is BALANCED:
            far = np.array([1e6, 1e7, 1e8])
            distance = np.array([b2r.binary_mean_field(**settings(network, K), initial=state.rates).rates - state.rates for K in far])
            click.echo(f"  exponents of the Gaussian mean field over K = 1e6 ... 1e8, N infinite: {pair([exponent(far, d)[0] for d in distance.T])}; wanted -0.5")
            for found in verdicts(rows):
                click.echo(f"  {found['population']}: exponent of the distance from the linear law {found['slope']:.3f} +- {found['sem']:.3f}, theory over these K "
                           f"{found['expected']:.3f}; wanted -0.5 +- {found['bound']:.3f}   {'ok' if found['good'] else 'MISSED'}")
            if path:
                fig1(rows).figure.savefig(path)


if __name__ == "__main__":
    main()
