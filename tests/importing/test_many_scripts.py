"""The command that imports many scripts: a line for each, and what became of it."""

import csv

import pytest
from b2reduce.experiments.imports import EXACT, FAILED, NO_NETWORK, main
from click.testing import CliRunner

pytestmark = pytest.mark.slow

SPIKES = """
from brian2 import *
P = NeuronGroup(30, 'dv/dt = (gl*(-70*mV - v) + I)/C : volt', threshold='v > -50*mV', reset='v = -60*mV',
                method='euler', namespace=dict(gl=10*nS, C=200*pF, I=300*pA))
P.v = '-70*mV + 10*mV*rand()'
open('left_behind.txt', 'w').close()
run(1*second)
"""
NOTHING = "print('no network in this one')\n"


def test_every_script_has_a_line(tmp_path):
    (tmp_path / "spikes.py").write_text(SPIKES)
    (tmp_path / "within").mkdir()
    (tmp_path / "within" / "nothing.py").write_text(NOTHING)
    options = ["--check", "--duration", "0.2", "--seeds", "2", "-o", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(main, [str(tmp_path), *options])
    assert done.exit_code == 0, done.output
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        one, other = csv.DictReader(file)
    assert (one["outcome"], other["outcome"]) == (EXACT, NO_NETWORK)
    assert (one["populations"], one["projections"], one["drives"]) == ("1", "0", "0")
    assert "P rate [Hz]: network" in one["rates"]
    assert "came to its end without any run()" in other["why"]
    assert "2 scripts: 1 exact, 0 said, 0 refused, 1 no network, 0 failed" in done.output
    assert not (tmp_path / "left_behind.txt").exists(), "scripts write elsewhere"


def test_scripts_that_fail_or_take_too_long_are_told(tmp_path):
    def outcome(name, text, limit):
        (tmp_path / name).mkdir()
        (tmp_path / name / "script.py").write_text(text)
        done = CliRunner().invoke(main, [str(tmp_path / name), "--limit", str(limit)])
        (line,) = (line for line in done.output.splitlines() if ".py" in line)
        return line

    failed = outcome("fails", "x = 1\nundefined\n", 60)
    assert failed.startswith(FAILED) and "line 2 of" in failed and "NameError" in failed
    # However far it has come by then
    late = outcome("hangs", "import time\ntime.sleep(600)\n", 4)
    assert late.startswith(FAILED) and "not done after 4 s" in late
