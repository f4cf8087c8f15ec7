"""The benchmark command runs, and what it compares computes the same."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_a_quick_run_measures_every_competitor_on_the_same_cells(tmp_path):
    path = tmp_path / "times.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "b2reduce.experiments.benchmarks",
            "--workload",
            "lif",
            "--repeats",
            "1",
            "--quick",
            "--json",
            str(path),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    data = json.loads(path.read_text())
    found = data["workloads"]["lif"]["competitors"]
    ran = {name: entry for name, entry in found.items() if "missing" not in entry}
    assert {
        "this engine",
        "this engine, 2 threads",
        "brian2",
        "brian2 standalone",
        "by hand",
        "this engine, cold",
        "brian2, cold",
    } <= set(ran)
    assert all(len(entry["seconds"]) == 1 and entry["seconds"][0] > 0 for entry in ran.values())
    # In a fifth of a second a cell at threshold to the last bit may fire once more or less in another order
    # of operations.
    assert all(entry["disagreement"] <= 1 for entry in ran.values() if "disagreement" in entry)
    assert data["quick"] is True and data["machine"]["compiler"], "a quick run says that it is one"
    assert "this engine" in done.stdout and str(path) in done.stderr


def test_cells_that_differ_would_be_seen():
    import numpy as np
    from b2reduce.experiments.benchmarks.__main__ import _disagreement

    counts = np.arange(50)
    assert (
        _disagreement(counts, counts, noisy=False) == 0
        and _disagreement(counts + 7, counts, noisy=False) == 7
    )
    rng = np.random.default_rng(0)
    first, second = rng.poisson(20, (2, 400))
    # Means of equal distributions differ by less than four standard errors but once in 16,000 draws.
    assert _disagreement(first, second, noisy=True) < 4 < _disagreement(first + 3, second, noisy=True)


@pytest.mark.long
def test_engines_of_networks_are_timed_on_the_same_network(tmp_path):
    """Rates of two engines lie within the scatter of 5,000 cells in a moment; what is missing says so."""
    path = tmp_path / "times.json"
    command = [sys.executable, "-m", "b2reduce.experiments.benchmarks.networks", "--quick", "--repeats", "1"]
    command += ["--circuit", "ei_lif", "--json", str(path)]
    for engine in ("native", "native, 2 threads", "brian2"):
        command += ["--engine", engine]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row["engine"]: row for row in json.loads(path.read_text())}
    assert set(rows) == {"native", "native, 2 threads", "brian2"}
    assert rows["native"]["Hz"] == rows["native, 2 threads"]["Hz"]
    # Some 15 Hz of 5,000 cells in 50 ms: 3,750 spikes, at most as irregular as those of Poisson cells
    assert abs(rows["native"]["Hz"] / rows["brian2"]["Hz"] - 1) < 4 * (2 / 3750) ** 0.5
    assert all(row["seconds"] > 0 and row["build s"] >= 0 for row in rows.values())
