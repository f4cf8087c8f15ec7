"""The balanced state of binary networks (van Vreeswijk & Sompolinsky 1996) as the number of inputs K grows.

Weights J_ab/sqrt(K), external input sqrt(K) E_a m_0, random wiring with probability K/N. Mean activities
approach the linear law J m + E m_0 = 0 as 1/sqrt(K). What is left at finite K is laid beside three theories:
the law to first order in 1/sqrt(K), the Gaussian mean field, and the mean field with the numbers of active
inputs counted as they are, binomial. Inputs are sums of a few weights and take steps: what the Gaussian
leaves, up to O(1/K) and uneven in K, is the width of these steps and skewness.

Activity is irregular without noise from outside: units of one population differ in their mean activities, as
their numbers of inputs do, and each fluctuates about its own, as its input does.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from b2reduce.experiments.script import Row, run

import b2reduce as b2r

__all__ = [
    "BALANCED",
    "counted_rates",
    "counted_squares",
    "exponent",
    "draw",
    "fig1",
    "fig2",
    "fig3",
    "measure",
    "theories",
]

TITLE = "Balanced networks of binary units"
DOI = "doi:10.1126/science.274.5293.1724"
SEED = 1  # the first of the seeds of wirings
MINUTES = (0.6, 2.9)  # short, long
DEPARTURES = (
    (
        "Weights and thresholds are chosen so that terms in 1/K are small from K = 50 on; the claims, not the"
        " paper's curves, are reproduced."
    ),
    (
        "Chaos, that is how two nearby states of one network part, is not tested. Fast tracking is tested by"
        " the decay rates of the mean field alone: runs are kept after every sweep of all units, by when a"
        " change has been tracked."
    ),
    "Wiring has a given mean number of inputs from each population, drawn with probability K/N.",
)

POPULATIONS = ("E", "I")
BALANCED = dict(
    J=np.array([[0.53, -1.07], [1.0, -1.03]]), E=np.array([1.0, 0.7]), m0=0.3, thresholds=np.array([1.1, 0.5])
)
KS = (50, 100, 200, 400, 800, 1600)
# Units of each population; deviations decay within a few sweeps
SIZE, SEEDS, SWEEPS, WARMUP = 10_000, 3, 120, 20


def settings(network, K, size=None):
    """Arguments of `binary_mean_field` and `random_binary_network`."""
    sizes = {} if size is None else {"sizes": dict.fromkeys(POPULATIONS, size)}
    return dict(
        weights=network["J"] / K**0.5,
        in_degree=K,
        thresholds=network["thresholds"],
        external=K**0.5 * network["E"] * network["m0"],
        **sizes,
    )


def counted_rates(network, K, size, start):
    """Mean-field rates of E and I with binomial numbers of active inputs in place of a Gaussian field.

    Of the A m active units of a population each is among a unit's inputs with probability K/A. Between whole
    numbers A m the law is mixed of its neighbours', which keeps its mean.
    """
    from scipy.optimize import root
    from scipy.stats import binom

    w, h, theta = network["J"] / K**0.5, K**0.5 * network["E"] * network["m0"], network["thresholds"]

    def active(a, m):
        available = size - (np.arange(2) == a)
        p, number = K / available, np.clip(m, 0, 1) * available
        mixture = lambda law, x, b: sum(
            share * law(x, n, p[b])
            for n, share in (
                (np.floor(number[b]), 1 - number[b] % 1),
                (np.floor(number[b]) + 1, number[b] % 1),
            )
        )
        reach = number[0] * p[0] + np.sqrt(number[0] * p[0]) * np.array([-10, 10])
        x = np.arange(max(0, int(reach[0])), int(reach[1]) + 12)
        # P(w_E X + h - |w_I| Y > theta): Y below what X leaves of the threshold, strictly, as a unit at its
        # threshold is inactive.
        below = np.ceil((w[a, 0] * x + h[a] - theta[a]) / -w[a, 1] - 1e-9) - 1
        return np.sum(mixture(binom.pmf, x, 0) * mixture(binom.cdf, below, 1))

    found = root(
        lambda m: np.array([active(a, m) for a in range(2)]) - m, start, tol=1e-10, options={"eps": 1e-4}
    )
    if np.abs(found.fun).max() > 1e-6:
        raise b2r.InputError(
            f"K = {K}: no rates with counted inputs were found from {start}; the search ends at {found.x}"
        )
    return found.x


def counted_squares(network, K, size, rates):
    """Means over the units of E and I of the squares of their mean activities, inputs counted, at given mean
    rates.

    It is the probability that a unit is active at two moments far apart, at which its wiring is the same. Of
    population b, A q_b units are active at both moments and A (m_b - q_b) at the one alone, each of them
    among a unit's inputs with probability K/A. Fluctuations of the whole population's activity, which would
    be common to all units, are left out: the balance suppresses them.
    """
    from scipy.special import betainc, gammaln

    w, h, theta = network["J"] / K**0.5, K**0.5 * network["E"] * network["m0"], network["thresholds"]

    # With numbers that need not be whole.
    law = lambda x, n, p: np.where(
        x < n + 1,
        np.exp(
            gammaln(n + 1)
            - gammaln(x + 1)
            - gammaln(np.maximum(n - x, -0.999) + 1)
            + x * np.log(p)
            + (n - x) * np.log1p(-p)
        ),
        0.0,
    )
    below = lambda x, n, p: np.where(
        x < 0, 0.0, np.where(x < n, betainc(np.maximum(n - x, 1e-9), np.maximum(x, 0) + 1, 1 - p), 1.0)
    )
    within = lambda n, p: np.arange(
        max(0, int(n * p - 8 * np.sqrt(n * p))), int(n * p + 8 * np.sqrt(n * p)) + 2
    )

    def both(a, q):
        available = size - (np.arange(2) == a)
        p, twice, once = K / available, q * available, (rates - q) * available
        E, I, more = within(twice[0], p[0]), within(twice[1], p[1]), within(once[0], p[0])
        total = np.arange(E[0] + more[0], E[-1] + more[-1] + 1)
        # w_E X + h - |w_I| Y > theta, as in `counted_rates`.
        most = np.ceil((w[a, 0] * total + h[a] - theta[a]) / -w[a, 1] - 1e-9) - 1
        table = below(most[:, None] - I, once[1], p[1])
        active = np.einsum(
            "m,emi->ei", law(more, once[0], p[0]), table[(E - E[0])[:, None] + np.arange(more.size)]
        )
        return law(E, twice[0], p[0]) @ active**2 @ law(I, twice[1], p[1])

    q, change = rates**2, 1.0
    for _ in range(200):
        found = np.array([both(a, q) for a in range(2)])
        change, q = np.abs(found - q).max(), found
        if change < 1e-9:
            return q
    raise b2r.InputError(
        f"K = {K}: no mean squares with counted inputs were found; after 200 steps they still change by"
        f" {change:.1e}"
    )


def balanced(network):
    """The balanced state as K grows without bound."""
    return b2r.balanced_rates(network["J"], network["E"], network["m0"], thresholds=network["thresholds"])


def theories(network, K, size):
    """{theory: rates of E and I}."""
    state = balanced(network)
    gaussian = b2r.binary_mean_field(**settings(network, K, size), initial=state.rates).rates
    return {
        "linear": state.rates,
        "first order": state.at(K),
        "Gaussian": gaussian,
        "counted": counted_rates(network, K, size, gaussian),
    }


def measure(network, K, size=SIZE, seeds=SEEDS, sweeps=SWEEPS, warmup=WARMUP):
    """Mean activity of every seed, each with a wiring of its own, shape (seed, population)."""
    rows = []
    for seed in range(SEED, SEED + seeds):
        drawn = b2r.random_binary_network(**settings(network, K, size), seed=seed)
        rows.append(
            b2r.simulate_binary(drawn, sweeps=sweeps, initial=0.3, seed=seed).mean(after=warmup).to_numpy()
        )
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
    # Three seeds tell little of their own spread; that of all K together, which differs little, tells it for
    # each.
    pooled = np.sqrt(np.mean([run.var(axis=0, ddof=1) for run in runs], axis=0) / len(runs[0]))
    return [
        dict(K=K, rates=run.mean(axis=0), sem=pooled, **theories(network, K, size))
        for K, run in zip(Ks, runs)
    ]


def verdicts(rows):
    """For each population: exponents of the measured and of the counted theory's distance from the linear
    law, and whether they agree.

    The law says -1/2 as K -> infinity; over these K terms in 1/K shift the slope, fitted in the same way, to
    what the counted mean field, which has no free parameter, says. The measured slope may differ from that by
    three standard errors.
    """
    Ks = [row["K"] for row in rows]
    for number, name in enumerate(POPULATIONS):
        distance = lambda key: np.array([row[key][number] - row["linear"][number] for row in rows])
        slope, sem = exponent(Ks, distance("rates"), np.array([row["sem"][number] for row in rows]))
        expected = exponent(Ks, distance("counted"))[0]
        yield dict(
            population=name,
            slope=slope,
            sem=sem,
            expected=expected,
            bound=3 * sem,
            good=abs(slope - expected) <= 3 * sem,
        )


def draw(rows, ax):
    """Distance of mean activities from the linear law over K, both axes logarithmic."""
    Ks = np.array([row["K"] for row in rows])
    for number, (name, marker) in enumerate(zip(POPULATIONS, "os")):
        distance = lambda key: np.array([abs(row[key][number] - row["linear"][number]) for row in rows])
        ax.errorbar(
            Ks,
            distance("rates"),
            yerr=[row["sem"][number] for row in rows],
            ls="none",
            marker=marker,
            color="black",
            mfc="white" if number else "black",
            label=f"{name}, simulated",
        )
        ax.plot(
            Ks,
            distance("Gaussian"),
            color="black",
            ls=("-", "--")[number],
            label=f"{name}, Gaussian mean field",
        )
        ax.plot(
            Ks,
            distance("counted"),
            ls="none",
            marker="x",
            ms=9,
            color="0.4",
            label="inputs counted" if number else None,
        )
    for number, name in enumerate(POPULATIONS):
        ax.plot(
            Ks,
            [abs(row["first order"][number] - row["linear"][number]) for row in rows],
            color="0.6",
            ls=(":", "-.")[number],
            label=rf"{name}, first order, $\propto 1/\sqrt{{K}}$",
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="mean number of inputs K",
        ylabel="|activity − linear law| (fraction active)",
        title="what finite K leaves of the linear law",
        xticks=Ks,
        xticklabels=Ks,
    )
    ax.set_yticks(ticks := [0.01, 0.02, 0.05, 0.1], labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


# %%
def fig1(long=False):
    """Distance of mean activities from the linear law J m + E m0 = 0, simulated and by three theories."""
    size, seeds, Ks = (SIZE, SEEDS, KS) if long else (5000, 3, (50, 100, 200, 400, 800))
    rows = sweep_over_K(BALANCED, Ks, size=size, seeds=seeds)
    figure, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
    draw(rows, ax)
    far = np.array([1e6, 1e7, 1e8])
    state = balanced(BALANCED)
    fields = [b2r.binary_mean_field(**settings(BALANCED, K), initial=state.rates) for K in far]
    distances, first = (
        np.array([field.rates - state.rates for field in fields]).T,
        np.array([state.at(K) - state.rates for K in far]).T,
    )
    decays, leading = (
        np.array([-np.sort(field.eigenvalues.real) for field in fields]).T,
        -np.sort(state.eigenvalues.real)[:, None] * np.sqrt(far),
    )
    table = []
    for what, values, limits, wanted in (
        ("distance from the linear law", distances, first, -0.5),
        ("decay rates of deviations in sweeps", decays, leading, 0.5),
    ):
        slopes = np.array([exponent(far, each)[0] for each in values])
        # The next order is a share c/sqrt(K): what it is at 1e6 falls to a tenth over a hundredfold K, and
        # shifts the slope by 0.9 of it over log 100. Twice that, for the orders beyond.
        bounds = 1.8 * np.abs(values[:, 0] / limits[:, 0] - 1) / np.log(100)
        table.append(
            Row(
                f"mean field: {what}, exponent over K = 1e6 to 1e8",
                f"{wanted:+.1f} +- {', '.join(f'{bound:.5f}' for bound in bounds)} (the next order in"
                " 1/sqrt(K))",
                ", ".join(f"{value:+.5f}" for value in slopes),
                np.all(np.abs(slopes - wanted) <= bounds),
            )
        )
    table += [
        Row(
            f"{found['population']}: exponent over K = {Ks[0]} to {Ks[-1]}, simulated",
            f"-0.5 as K grows; {found['expected']:.3f} over these K, where 1/K counts",
            f"{found['slope']:.3f} +- {found['sem']:.3f}",
            found["good"],
        )
        for found in verdicts(rows)
    ]
    # Four standard errors; of ten numbers whose errors are pooled over ten runs of each population or more,
    # one in 100 tables has one outside.
    off = np.array([(row["rates"] - row["counted"]) / row["sem"] for row in rows])
    last = rows[-1]
    table.append(
        Row(
            f"mean activities of E and I, with counted inputs, over all K; at K = {last['K']}",
            f"{last['counted'][0]:.4f}, {last['counted'][1]:.4f}; linear law {last['linear'][0]:.4f},"
            f" {last['linear'][1]:.4f}",
            ", ".join(f"{value:.4f} +- {sem:.4f}" for value, sem in zip(last["rates"], last["sem"]))
            + f"; {np.abs(off).max():.1f} standard errors at most over {len(Ks)} K",
            np.abs(off).max() < 4,
        )
    )
    return figure, table


# %%
def fig2(long=False):
    """Mean activities over the external activity.

    Linear in the balanced state, though each unit is a threshold.
    """
    K, size, seeds = (800, SIZE, SEEDS) if long else (400, 4000, 3)
    external = np.linspace(0.1, 0.5, 5)
    networks = [BALANCED | {"m0": m0} for m0 in external]
    # (m0, seed, population)
    each = np.array([measure(network, K, size=size, seeds=seeds) for network in networks])
    runs = each.mean(axis=1)
    law = np.array([balanced(network).rates for network in networks])
    counted = np.array([theories(network, K, size)["counted"] for network in networks])
    figure, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
    for number, (name, marker) in enumerate(zip(POPULATIONS, "os")):
        ax.plot(
            external,
            runs[:, number],
            ls="none",
            marker=marker,
            color="black",
            mfc="white" if number else "black",
            label=f"{name}, simulated, K = {K}",
        )
        ax.plot(
            external,
            counted[:, number],
            color="black",
            ls=("-", "--")[number],
            label=f"{name}, mean field, inputs counted",
        )
        ax.plot(
            external, law[:, number], color="0.5", ls=("-", "--")[number], lw=1, label=f"{name}, linear law"
        )
    ax.set(
        xlabel="external activity m0 (fraction active)",
        ylabel="activity (fraction active)",
        title="activity follows the input",
        ylim=(0, None),
    )
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    slope_of = lambda values: np.polyfit(external, values, 1)[0]
    slopes, fields, wanted = slope_of(runs), slope_of(counted), -np.linalg.solve(BALANCED["J"], BALANCED["E"])
    # Over seeds, pooled over m0 as they are few.
    sem = np.sqrt(each.var(axis=1, ddof=1).mean(axis=0) / seeds / np.sum((external - external.mean()) ** 2))
    curved = lambda rates: max(
        np.abs(values - np.polyval(np.polyfit(external, values, 1), external)).max() / np.ptp(values)
        for values in rates.T
    )
    spread = 3 * np.max(sem / slopes)  # three standard errors of a slope, of the range
    pair = lambda values: ", ".join(f"{value:.3f}" for value in values)
    return figure, [
        Row(
            "slope of activity over external activity, E and I",
            f"{pair(wanted)} as K grows; mean field with counted inputs at K = {K}: {pair(fields)}",
            ", ".join(f"{value:.3f} +- {error:.3f}" for value, error in zip(slopes, sem)),
            np.all(np.abs(slopes - fields) < 4 * sem),
        ),
        Row(
            "largest distance from a straight line, of the range",
            f"linear as K grows, though units are thresholds; mean field {100 * curved(counted):.1f} % at K"
            f" = {K}",
            f"{100 * curved(runs):.1f} %",
            curved(runs) < curved(counted) + spread,
        ),
    ]


# %%
def fig3(long=False):
    """Irregular activity.

    Single units over time, and the mean activities of all, which differ as wiring does.
    """
    from scipy.special import ndtr, ndtri

    K, size, seeds, sweeps = (800, SIZE, 5, 1000) if long else (800, 4000, 4, 400)
    found = []
    for seed in range(SEED, SEED + seeds):
        drawn = b2r.random_binary_network(**settings(BALANCED, K, size), seed=seed)
        states = b2r.simulate_binary(
            drawn, sweeps=WARMUP + sweeps, initial=0.3, seed=seed, record=True
        ).history[WARMUP + 1 :]
        # Means over two stretches of time, twenty sweeps apart: their product is not raised by what
        # fluctuates in either.
        first, second = states[: sweeps // 2 - 10].mean(axis=0), states[sweeps // 2 + 10 :].mean(axis=0)
        found.append([(first[part] * second[part]).mean() for part in drawn.slices.values()])
    squares, sem = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(seeds)
    rates = theories(BALANCED, K, size)["counted"]
    counted = counted_squares(BALANCED, K, size, rates)
    # Of the variance of a unit's input: that which its wiring makes
    share = BALANCED["J"] ** 2 @ counted / (BALANCED["J"] ** 2 @ rates)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    shown = states[-80:, np.r_[0:20, size : size + 20]]
    time, unit = np.nonzero(shown)
    left.plot(time, unit, color="black", ls="none", marker="|", ms=4)
    left.axhline(19.5, color="0.5", lw=1)
    left.set(
        xlabel="time (sweeps of all units)",
        ylabel="unit",
        yticks=[10, 30],
        yticklabels=["20 of E", "20 of I"],
        title=f"(a) when units are active, K = {K}",
    )
    last, edges = states.mean(axis=0), np.linspace(0, 1, 51)
    for number, (part, line, shade) in enumerate(zip(drawn.slices.values(), ("-", "--"), ("0.75", "0.45"))):
        right.hist(
            last[part],
            edges,
            density=True,
            histtype="stepfilled" if number == 0 else "step",
            color=shade,
            label=f"{POPULATIONS[number]}, simulated",
        )
        # Mean activity of a unit whose wiring gives it x standard deviations of input more than others have;
        # (0, 1) is cut into the same bins.
        x = np.linspace(-8, 8, 20_001)
        activity = ndtr((ndtri(rates[number]) + np.sqrt(share[number]) * x) / np.sqrt(1 - share[number]))
        density, _ = np.histogram(activity, edges, weights=np.exp(-(x**2) / 2))
        right.plot(
            (edges[1:] + edges[:-1]) / 2,
            density / density.sum() / (edges[1] - edges[0]),
            color="black",
            ls=line,
            label=f"{POPULATIONS[number]}, Gaussian inputs",
        )
    right.set(
        xlabel="mean activity of a unit (fraction of time)",
        ylabel="density",
        title="(b) units differ",
        xlim=(0, 1),
    )
    right.legend(fontsize="small")
    pair = lambda values: ", ".join(f"{value:.4f}" for value in values)
    # A standard error from four seeds is itself uncertain: four of them are exceeded by chance in 3 of 100
    # such numbers.
    return figure, [
        Row(
            f"mean square of the units' mean activities, E and I, K = {K}",
            f"counted inputs: {pair(counted)}; {pair(rates)} if units were frozen, {pair(rates**2)} if all"
            " were alike",
            ", ".join(f"{value:.4f} +- {error:.4f}" for value, error in zip(squares, sem)),
            np.all(np.abs(squares - counted) < 4 * sem),
        )
    ]


# %%
if __name__ == "__main__":
    run(globals())
