"""Whole networks in NEST and in Brian2: rates and irregularity, over seeds."""

import json

import numpy as np
import pytest
from scipy.stats import t as student

import b2reduce as b2r

from ..command import process
from .nest_circuits import CIRCUITS, MODELS, NO_NEST, seen

pytestmark = [NO_NEST, pytest.mark.slow, pytest.mark.usefixtures("numpy_code")]

IN_NEST, IN_BRIAN = range(1, 7), range(1, 3)
#: Both sides, of 20 comparisons that are made here: one in a thousand runs of all of them would fail by chance.
CHANCE = 1e-3 / 20


def apart(nest, brian):
    """Differences of means over seeds, in units of the bound on them from the scatter over seeds."""
    n, m = len(nest), len(brian)
    pooled = ((n - 1) * nest.var(axis=0, ddof=1) + (m - 1) * brian.var(axis=0, ddof=1)) / (n + m - 2)
    bound = student.isf(CHANCE / 2, n + m - 2) * np.sqrt(pooled * (1 / n + 1 / m))
    return np.abs(nest.mean(axis=0) - brian.mean(axis=0)) / bound


def as_brian_looks(name, circuit):
    """The circuit for Brian2 that NEST's is.

    Jumps: Brian2 looks a step later whether a cell is above the threshold, towards which it has decayed. A
    threshold that has decayed likewise is the same network.
    """
    if name != "jumps":
        return circuit
    decayed = 20 * np.exp(
        -0.1 / 20
    )  # mV, of theta towards the reversal of 0 mV, with a time constant of 20 ms
    return circuit.replace({f"population.{each}.theta": f"{decayed:.12g} mV" for each in "EI"})


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_network_fires_as_in_brian(name):
    circuit = CIRCUITS[name]()
    nest = np.array([seen(circuit, "nest", seed) for seed in IN_NEST])
    brian = np.array([seen(as_brian_looks(name, circuit), "brian2", seed) for seed in IN_BRIAN])
    assert np.all(apart(nest, brian) < 1), (nest.mean(axis=0), brian.mean(axis=0))
    # What is compared is known: a bound is below a tenth of any rate
    assert np.all(nest.std(axis=0, ddof=1) < 0.1 * nest.mean(axis=0))


def test_a_weight_that_is_a_tenth_larger_is_found():
    """The negative control of the test above."""
    circuit = CIRCUITS["currents"]()
    larger = circuit.replace({"drive.ext.w": "44 pA"})
    nest = np.array([seen(larger, "nest", seed) for seed in IN_NEST])
    brian = np.array([seen(circuit, "brian2", seed) for seed in IN_BRIAN])
    assert apart(nest, brian).max() > 1


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_models_are_those_that_are_meant(name):
    from b2reduce.networks.engines.nest_network import models_of

    assert {model.name for model in models_of(CIRCUITS[name]()).values()} == {MODELS[name]}


SAID = ("--seeds", "1", "--duration", "0.5 s", "--engine")


def test_the_command_says_what_nest_lacks_before_anything_runs(tmp_path):
    lacks = process("run", "e_shriki", *SAID, "nest", cwd=tmp_path)
    assert lacks.returncode == 2 and "network_engine: 'nest' cannot run" in lacks.stderr
    wrong = process("run", "ei_lif", *SAID, "nets", cwd=tmp_path)
    assert wrong.returncode == 2 and "auto, native, brian2, standalone, nest" in wrong.stderr


@pytest.mark.long
def test_the_command_runs_it(tmp_path):
    CIRCUITS["conductances"]().save(tmp_path / "small.toml")
    done = process("run", "small.toml", *SAID, "nest", "--noise", "none", "-o", "out", "--json", cwd=tmp_path)
    assert done.returncode in (0, 1) and json.loads(done.stdout), done.stderr
    run = b2r.load(tmp_path / "out").spikes[0]
    assert run.provenance["engine"] == "nest"
    assert run.provenance["nest"]["models"] == {"E": "iaf_cond_exp", "I": "iaf_cond_exp"}
