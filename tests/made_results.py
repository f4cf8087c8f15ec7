"""One small result of every kind, made of data: nothing is measured and nothing runs for long."""

from functools import cache, lru_cache

import numpy as np
import pandas as pd
from brian2 import Hz, Quantity, amp, ms, mV, nA, nS, pA, second, siemens

import b2reduce as b2r
from b2reduce.basics.codec.register import class_of

from . import cases

ODD = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 0.1])


def surface():
    rate = np.arange(12.0).reshape(4, 3)
    rate[0] = ODD[:3]
    return b2r.FISurface(
        np.linspace(0, 1, 4) * 1e-9,
        [10e-9, 20e-9, 30e-9],
        rate,
        rate_sem_=rate / 7,
        provenance={"model": "$\\frac{$", "drives": [{"name": "[/x]"}], "seed": np.int64(3), "none": None},
        check={"cells": 12, "error": np.nan},
        warnings=["control \x1b[31m \x00 \ud800 \u2028"],
    )


def adaptation():
    table = pd.DataFrame({"g [S]": [1e-9, 2e-9], "first [A]": [-0.0, np.nan]})
    return class_of("Adaptation")(
        "spike-driven", 3e-12 * amp * second, 0 * amp, 0 * mV, 90 * ms, np.nan * amp * second, None, 1 * pA,
        table, table, ["a warning"], {"seed": 1},
    )  # fmt: skip


def response():
    frequency = np.array([0.0, 5.0, 20.0, 100.0, 300.0])
    gain = 2e11 / (1 + 2j * np.pi * frequency * 5e-3)
    return class_of("LinearResponse")(
        frequency, gain, np.full(5, 1e9), 12.0, 0.1, 3e-10, 2e-8, 1e-11, False, {}
    )


def moving_response(log_tau=(-6.0, -0.4, 0.1), lead=(0.7, 0.3, 0.05), moves=True, rng=None):
    """Of cells whose filter is known, in noise or none, and that are foretold by one of both filters alone."""
    frequency = np.array([0.0, 2.0, 5.0, 11.0, 24.0, 50.0, 100.0, 200.0, 400.0])
    s, found = 2j * np.pi * frequency, []
    for rate in (1.5, 4.0, 10.0, 25.0):
        tau, z = (np.polyval(row[::-1], np.log(rate / 10)) for row in (log_tau, lead))
        gain = 1e10 * rate * (1 + z * np.exp(tau) * s) / (1 + np.exp(tau) * s)
        sem = 0.01 * np.abs(gain[0])
        if rng is not None:
            gain = gain + sem * (rng.standard_normal(9) + 1j * rng.standard_normal(9) * (frequency > 0))
        found.append(
            class_of("LinearResponse")(
                frequency, gain, np.full(9, sem), rate, 0.1, rate * 1e-11, 2e-8, 1e-12, False, {}
            )
        )
    cells = np.full((2, 3), 5 + 1j)
    off = cells + 0.5
    static, moving = (off, cells) if moves else (cells, off)
    currents = np.linspace(0, 3e-10, 4)
    return class_of("MovingResponse")(
        10.0, tuple(found), currents, 1e11 * currents, 1e-10, 8e-11, np.array([5.0, 60.0]), cells,
        np.full((2, 3), 0.05), static, moving, {"seed": 1},
    )  # fmt: skip


def recording():
    """Two sweeps, of one sample in ten."""
    sweep = lambda number, spikes: class_of("Sweep")(
        "slice.abf", number, "IN 0", np.linspace(-0.07, 0.02, 7), np.full(7, 1e-10), 2e4, (0.1, 0.6), 1e-10,
        -0.0, 0.0, spikes,
    )  # fmt: skip
    columns = class_of("SweepRecording").FIELDS["table"].columns
    table = pd.DataFrame({name: [0.1, np.nan] for name in columns}).assign(
        file="slice.abf", sweep=[1, 2], blocked=[False, True], spikes=[0, 2]
    )
    return class_of("SweepRecording")(
        (sweep(1, np.array([])), sweep(2, np.array([0.1, 0.25]))), table, 9e-9, np.nan, -0.07, 1e-4,
        left_out=["slice.abf, sweep 3: [/x] $\\frac{$"], settings={"steady": 0.5}, warnings=["a warning"],
    )  # fmt: skip


def source_response():
    frequency = np.array([0.0, 5.0, 20.0, 100.0, 300.0])
    gain = -8 / (1 + 2j * np.pi * frequency * 5e-3)
    return class_of("SourceResponse")(
        frequency, gain, np.full(5, 0.1), np.full(5, 12.0), 12.0, 0.1, {"seed": 1}
    )


def fluctuations():
    return b2r.Fluctuations(reduced(), {"E:0": source_response()}, np.array([1.0, 10.0]), {"circuit": "x"})


def asynchrony_map():
    table = pd.DataFrame({"point": [0, 1], "drive.ext.rate [Hz]": [5.0, 9.0], "foretold": [1.0, np.inf]})
    return class_of("AsynchronyMap")(table.assign(status="ok"), ("drive.ext.rate [Hz]",))


def transfer():
    rates = {"E": [2.0, 5.0, 9.0], "I": [1.0, 4.0]}
    grid = np.arange(6.0).reshape(3, 2)
    between = {"rates": [[3.0, 2.0]], "rate": [4.0], "rate_sem": [np.nan]}
    return class_of("TransferFunction")(
        rates,
        grid,
        grid / 9,
        grid,
        grid * 1e-10,
        grid * 1e-9,
        grid,
        provenance={},
        top_=30.0,
        between=between,
    )


def activity(odd=False):
    rates = np.array([[10.0, 12.0, 11.0, -0.0], [5.0, 4.0, np.nan if odd else 5.0, 6.0]])
    return b2r.Activity(
        ("E", "$\\frac{$") if odd else ("E", "I"), (np.arange(4) + 0.5) * 0.1, rates, 0.1, {"E": 3, "I": 2}
    )


def spikes():
    return b2r.Activity(
        ("E", "I"),
        (np.arange(4) + 0.5) * 0.1,
        np.array([[10.0, 12.0, 11.0, 9.0], [5.0, 4.0, 5.0, 6.0]]),
        0.1,
        {"E": 3, "I": 2},
        {
            "E": (np.array([0, 2, 1], dtype=np.int32), np.array([0.1, 0.2, 0.3])),
            "I": (np.array([], dtype=np.int32), np.array([])),
        },
        {"E->E": np.ones((2, 3)), "ext->E": np.zeros((1, 3))},
        np.array([0.1, 0.2, 0.3]),
        {"E->E": "S", "ext->E": "S"},
        {"kind": "spikes", "seed": 1, "circuit": "two"},
    )


def rates():
    return b2r.Activity(
        ("E", "I"), (np.arange(4) + 0.5) * 0.1, np.full((2, 4), 8.0), 0.1, {"E": 3, "I": 2},
        outside={"E": 0.0, "I": 0.25}, provenance={"kind": "rates", "seed": 1},
        drives_={("ext", "E"): 14.0, ("ext", "I"): (np.array([0.0, 1.0]), np.array([10.0, 14.0]))},
        cell_rate_={"E": np.ones((3, 2), dtype=np.float32), "I": np.ones((2, 2), dtype=np.float32)},
        cell_bin_=0.2,
    )  # fmt: skip


@lru_cache
def reduced():
    return cases.reduced()


def all_of_reduced():
    """A rate model with every kind of measurement in it."""
    from dataclasses import replace

    return replace(
        reduced(),
        surfaces={"E": surface(), "I": surface()},
        transfers={"E": transfer()},
        responses={"I": response()},
        moving={"I": moving_response()},
        adaptation={"E": adaptation()},
        moving_response={("E", "I"): -0.5, ("E", "E"): np.float64(0.25)},
        operating_covariance={("E", "E"): 0.1},
        operating_out_sem={"E": np.nan},
        cv2={"E": 0.5},
        others=({"E": 1.0, "I": 2.0},),
        warnings=["$\\frac{$", "[/x]"],
    )


def comparison():
    return b2r.compare([spikes(), spikes()], activity())


def verdict():
    remedy = class_of("Remedy")({"level": "transfer"}, "its rates are nearer", 0.01)
    other = class_of("Remedy")({"noise": "renewal"}, "trains are regular")
    return class_of("Verdict")(
        "trust", "quantitative", 0.03, ("straight gain",), (remedy, other), "Trust it."
    )


def validation():
    premises = pd.DataFrame(
        {
            "assumption": ["steady rates", "straight gain"],
            "measured": [0.1, np.nan],
            "limit": ["<= 0.2", ""],
            "holds": [True, False],
            "advice": ["", "[/x] $\\frac{$"],
        }
    )
    levels = pd.DataFrame(
        {
            "E": [9.5],
            "largest_error": [np.inf],
            "open_loop_error": [0.1],
            "tier": ["breakdown"],
            "note": [""],
        },
        index=pd.Index(["linear"], name="level"),
    )
    return class_of("Validation")(
        reduced().circuit, reduced(), [spikes()], activity(), comparison(), premises, levels,
        {"linear": reduced()}, {"reduce": 0.5}, verdict(),
    )  # fmt: skip


def compare_frequencies():
    columns = ("frequency", "spiking", "spiking_sem", "rate", "spiking_phase", "error", "static_error")
    table = pd.DataFrame({"population": ["E"], "model": ["linear"], **{name: [0.1] for name in columns}})
    return class_of("FrequencyComparison")(table, 14 * Hz, 1.4 * Hz, {"spikes": []})


def step():
    t = np.arange(600) * 1e-3 + 5e-4
    run = lambda tau: b2r.Activity(
        ("E",), t, np.where(t > 0.3, 14 - 4 * np.exp(-(t - 0.3) / tau), 10)[None], 1e-3, {"E": 1000}
    )
    return b2r.compare_transients([run(0.01)] * 2, run(0.014), start=300 * ms, stop=400 * ms)


def point(kind="saddle"):
    return class_of("FixedPoint")({"E": 3 * Hz, "I": 2 * Hz}, np.array([3 + 0j, -4 - 2j]), kind, ("E",))


def points():
    return class_of("FixedPoints")([point("stable node"), point()], complete=True)


def separatrix(curve=True):
    return class_of("Separatrix")(
        point(), point("stable node"), None, {"E": 3 * pA, "I": -1 * pA}, np.ones((5, 2)) if curve else None
    )


def phase_plane():
    return class_of("PhasePlane")(
        ("E", "I"), np.linspace(0, 1, 4), np.linspace(0, 1, 3), np.ones((2, 3, 4)), points(),
        np.ones((2, 2)), [separatrix()], {"E": [np.ones((7, 2)), np.ones((3, 2))], "I": []}, ("A", "A"),
    )  # fmt: skip


def continuation():
    branches = pd.DataFrame(
        {
            "branch": [1, 1], "drive.ext.rate [Hz]": [8.0, 9.0], "E [Hz]": [3.0, 4.0],
            "growth [1/s]": [-1.0, -0.0], "turning [1/s]": [0.0, 2.0], "kind": ["stable node"] * 2,
            "outside": ["", "E"],
        }
    )  # fmt: skip
    special = pd.DataFrame(columns=["what", "drive.ext.rate [Hz]", "E [Hz]", "frequency [Hz]"])
    return class_of("Continuation")("drive.ext.rate [Hz]", branches, special)


def ring_profile():
    names = ("mean [Hz]", "peak [Hz]", "modulation", "centre [deg]", "half width [deg]")
    table = pd.DataFrame({name: [1.0] for name in names}, index=pd.Index(["E"], name="population"))
    pairs = pd.MultiIndex.from_tuples([("E", "E")], names=["target", "source"])
    modes = pd.DataFrame({"J0": [0.5], "J2": [np.nan]}, index=pairs)
    return class_of("RingProfile")(np.linspace(-1.5, 1.5, 8), np.ones((1, 8)), table, modes)


def binary():
    return b2r.binary.BinaryNetwork(
        [[0, -2.0, 0.1], [-2, 0, 0], [0, 0.3, 0]], thresholds=-1, populations={"E": 2, "I": 1}
    )


def regime_map():
    table = pd.DataFrame(
        {
            "point": [0, 0, 1], "drive.ext.rate [Hz]": [8.0, 8.0, 9.0], "population": ["E", "I", None],
            "largest_error linear": [0.1, 0.1, np.nan], "tier linear": ["quantitative"] * 2 + [None],
            "warned": [True, True, None], "status": ["ok", "ok", "not finished: [/x]"],
        }
    )  # fmt: skip
    return class_of("RegimeMap")(table, ("drive.ext.rate [Hz]",), "linear")


def what_if():
    table = pd.DataFrame(
        np.nan,
        index=pd.Index(["E", "I"], name="population"),
        columns=["now", "frozen", "anew", "anew_stderr", "spiking", "spread"],
    )
    changes = {"projection.I->E.G": 2 * nS, "drive.ext.rate": ([0, 1] * second, [8, 9] * Hz), "dt": "0.2 ms"}
    return class_of("WhatIf")(changes, table, ("E",), reduced(), None, (spikes(),), ("a note",))


def tuned():
    table = pd.DataFrame(
        {"wanted": [5.0], "rate": [5.01], "stderr": [0.1]}, index=pd.Index(["E"], name="population")
    )
    steps = pd.DataFrame({"value": [1e-9, 2e-9], "E [Hz]": [3.0, 5.01]})
    model = reduced()
    return class_of("Tuned")(
        "projection.I->E.G", 2 * nS, np.nan * siemens, True, table, steps, model.circuit, model, "found"
    )


#: {name: what makes one}. The classes that come out are all that are registered (`test_codec` holds that).
RESULTS = {
    "surface": surface,
    "gain": cases.gain,
    "transfer": transfer,
    "response": response,
    "answer": source_response,
    "recorded sweep": lambda: recording().sweeps[1],
    "recording": recording,
    "moving response": moving_response,
    "moving filter": lambda: moving_response().filter,
    "fluctuations": fluctuations,
    "map of asynchrony": asynchrony_map,
    "filter": lambda: response().best,
    "adaptation": adaptation,
    "cell": lambda: b2r.load_model("lif"),
    "circuit": cases.two_populations,
    "reduced": reduced,
    "all of reduced": all_of_reduced,
    "activity": lambda: activity(odd=True),
    "spikes": spikes,
    "rates": rates,
    "comparison": comparison,
    "step": step,
    "slow variation": compare_frequencies,
    "verdict": verdict,
    "remedy": lambda: verdict().remedies[1],
    "validation": validation,
    "fixed point": point,
    "fixed points": points,
    "continuation": continuation,
    "separatrix": separatrix,
    "surface of separation": lambda: separatrix(curve=False),
    "phase plane": phase_plane,
    "threshold-linear": lambda: b2r.ThresholdLinearNetwork(
        W=[[3, -3], [3, -2]], beta=[1, 1], theta=[-1, -0.5], tau=[10, 40] * ms, names=["E", "I"]
    ),
    "feedback": lambda: b2r.UniformFeedback.from_parameters(
        beta=3e11 * Hz / amp, W=1e-12 * amp * second, theta=-0.1 * nA, tau=10 * ms
    ),
    "ring": lambda: b2r.Ring(J0=-4, J2=4, contrast=1.0, tuning=0.05),
    "ring state": lambda: b2r.Ring(J0=-4, J2=4, contrast=1, tuning=0.05).state,
    "ring profile": ring_profile,
    "binary network": binary,
    "binary run": lambda: b2r.binary.simulate_binary(binary(), sweeps=5, seed=1, record=True, engine="numpy"),
    "binary mean field": lambda: b2r.binary.binary_mean_field(
        [[1, -2], [1, -1.8]], in_degree=100, thresholds=1.0, external=[5.0, 4.0]
    ),
    "balanced state": lambda: b2r.binary.balanced_rates([[1, -2], [1, -1.8]], [1, 0.8], 0.1),
    "regime map": regime_map,
    "what if": what_if,
    "tuned": tuned,
}


@cache
def result(name):
    """One of them, made once."""
    return RESULTS[name]()


def others():
    """Not of a class of ours, but what verbs return: lists, tables, arrays, with odd numbers and names."""
    frame = pd.DataFrame({"[/x]": ODD, 3: [*"abcdefg", None], ("a", "b"): [True] * 8})
    return {
        "list": [point(), point("stable node")],
        "tables": {
            "scan": frame.set_axis(pd.Index([f"row {k}" for k in range(8)], name=5), axis=0),
            "premises": pd.DataFrame({"holds": [True, False]}),
            "nothing": pd.DataFrame(),
            "series": pd.Series(ODD, index=pd.Index(ODD), name="E"),
        },
        "quantity": Quantity(ODD, dim=nS.dim),
        "array": np.arange(6, dtype=">i2").reshape(2, 3).T,
        "complex": np.stack([ODD, ODD[::-1]], axis=-1).view(complex)[:, 0],
    }
