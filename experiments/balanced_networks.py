"""Binary networks in balance over the number of inputs K: counted, and by theory."""

from __future__ import annotations

import numpy as np

import b2reduce as b2r

SEED = 1  # the first of the seeds of wirings
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
        raise b2r.errors.InputError(
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
    raise b2r.errors.InputError(
        f"K = {K}: no mean squares with counted inputs were found; after 200 steps they still change by"
        f" {change:.1e}"
    )


def balanced(network):
    """The balanced state as K grows without bound."""
    return b2r.binary.balanced_rates(
        network["J"], network["E"], network["m0"], thresholds=network["thresholds"]
    )


def theories(network, K, size):
    """{theory: rates of E and I}."""
    state = balanced(network)
    gaussian = b2r.binary.binary_mean_field(**settings(network, K, size), initial=state.rates).rates
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
        drawn = b2r.binary.random_binary_network(**settings(network, K, size), seed=seed)
        rows.append(
            b2r.binary.simulate_binary(drawn, sweeps=sweeps, initial=0.3, seed=seed)
            .mean(after=warmup)
            .to_numpy()
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
