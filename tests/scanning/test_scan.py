"""Scans: every point once, whoever dies; the same table however it came about."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from brian2 import Hz, mV, nS, second

import b2reduce as b2r

from ..cases import some, two_populations
from ..command import b2reduce
from ..equal import equal
from ..scans import GRID, expected, product


def refuses(circuit, seed):
    if circuit.drives[0].rate_ == 12:
        raise b2r.errors.InputError("not at 12 Hz")
    return [{"population": name, "size": p.size} for name, p in circuit.populations.items()]


def breaks(circuit, seed):
    raise KeyError("a mistake of the task")


def test_a_tidy_table_comes_back_and_is_kept(tmp_path):
    table = b2r.scan(two_populations(), GRID, task=product, workers=2, out=tmp_path / "scan")
    pd.testing.assert_frame_equal(table, expected(), rtol=1e-12)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "scan" / "table.csv", float_precision="round_trip"), table
    )
    held = json.loads((tmp_path / "scan" / "scan.json").read_text())
    assert (
        held["task"].endswith("product")
        and held["seed"] == 1
        and held["versions"]["brian2"]
        and len(held["points"]) == 6
    )
    assert len(list((tmp_path / "scan" / "points").iterdir())) == 6


def test_workers_and_executors_do_not_matter():
    one = b2r.scan(two_populations(), GRID, task=product, workers=1)
    pd.testing.assert_frame_equal(b2r.scan(two_populations(), GRID, task=product, workers=3), one)
    with ThreadPoolExecutor(2) as executor:
        pd.testing.assert_frame_equal(b2r.scan(two_populations(), GRID, task=product, executor=executor), one)
    points = [
        {"drive.ext.rate": rate, "projection.I->E.G": G}
        for rate in GRID["drive.ext.rate"]
        for G in GRID["projection.I->E.G"]
    ]
    pd.testing.assert_frame_equal(b2r.scan(two_populations(), points, task=product, workers=2), one)
    assert not b2r.scan(two_populations(), GRID, task=product, workers=1, seed=2).equals(one), (
        "the control: another seed"
    )


def test_what_a_point_cannot_do_is_its_result():
    table = b2r.scan(two_populations(), {"drive.ext.rate": [8, 12] * Hz}, task=refuses, workers=1)
    assert table["status"].tolist() == ["ok", "ok", "not at 12 Hz"] and table["population"].tolist()[:2] == [
        "E",
        "I",
    ]
    broken = b2r.scan(two_populations(), {"drive.ext.rate": [8] * Hz}, task=breaks, workers=1)
    assert "not finished: KeyError" in broken["status"][0]


def test_a_worker_that_dies_is_replaced(tmp_path):
    (tmp_path / "calls").mkdir()
    table = b2r.scan(
        two_populations(), GRID, task=product, workers=2, folder=str(tmp_path / "calls"), deadly=12.0
    )
    pd.testing.assert_frame_equal(table, expected(), rtol=1e-12)
    assert (tmp_path / "calls" / "died").exists()


def test_a_point_that_always_kills_is_reported_and_tried_again_later(tmp_path):
    (tmp_path / "calls").mkdir()
    arguments = dict(
        task=product,
        workers=2,
        folder=str(tmp_path / "calls"),
        deadly=12.0,
        always=True,
        out=tmp_path / "scan",
    )
    table = b2r.scan(two_populations(), {"drive.ext.rate": [8, 12, 16] * Hz}, **arguments)
    assert table["status"].str.startswith("not finished: its worker died").tolist() == [False, True, False]
    assert len(list((tmp_path / "scan" / "points").iterdir())) == 2, "it does not count as finished"
    before = len(list((tmp_path / "calls").iterdir()))
    b2r.scan(two_populations(), {"drive.ext.rate": [8, 12, 16] * Hz}, **arguments)
    assert len(list((tmp_path / "calls").iterdir())) - before == 3, "the point alone, three times"


SCRIPT = """
import sys
from brian2 import Hz, nS
import b2reduce as b2r
from tests.cases import two_populations
from tests.scans import GRID, product
if __name__ == "__main__":
    b2r.scan(two_populations(), GRID, task=product, workers=2, out=sys.argv[1], folder=sys.argv[2], wait=0.4)
"""


def test_a_scan_that_was_killed_goes_on_and_loses_nothing(tmp_path):
    (tmp_path / "calls").mkdir()
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    command = [sys.executable, str(script), str(tmp_path / "killed"), str(tmp_path / "calls")]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    points = tmp_path / "killed" / "points"
    deadline = time.monotonic() + 60
    while not (points.exists() and len(list(points.glob("*.json"))) >= 2):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = sorted(points.glob("*.json"))
    assert 2 <= len(kept) < 6 and not (tmp_path / "killed" / "table.csv").exists()
    # A file that was cut short in the middle of a word counts for nothing.
    (points / "000005.json").write_text('{"rows": [{"val')
    times = {path: path.stat().st_mtime_ns for path in kept}
    subprocess.run(command, env=environment, check=True)
    assert {path: path.stat().st_mtime_ns for path in kept} == times, "finished points are not done again"
    whole = [sys.executable, str(script), str(tmp_path / "whole"), str(tmp_path / "calls")]
    subprocess.run(whole, env=environment, check=True)
    assert (tmp_path / "killed" / "table.csv").read_bytes() == (tmp_path / "whole" / "table.csv").read_bytes()


def test_bad_input_is_refused_before_anything_runs(tmp_path):
    circuit = two_populations()
    for grid, gist in (
        ({"drive.exd.rate": [8] * Hz}, "ext"),
        ({"drive.ext.rate": [] * Hz}, "no point"),
        ({}, "no point"),
        ({"drive.ext.rate": [-1] * Hz}, "rate"),
        ({"drive.ext.rate": 8 * Hz}, "list of values"),
        ({"drive.ext.rate": [8] * mV}, "rate"),
        (3, "grid"),
    ):
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.scan(circuit, grid, task=product, out=tmp_path / "none")
    with pytest.raises(b2r.errors.InputError, match="task.*validate"):
        b2r.scan(circuit, GRID, task="validade")
    with pytest.raises(b2r.errors.InputError, match="workers"):
        b2r.scan(circuit, GRID, task=product, workers=0)
    assert not (tmp_path / "none").exists()


def test_a_folder_of_another_scan_is_left_alone(tmp_path):
    circuit, grid = two_populations(), {"drive.ext.rate": [8] * Hz}
    b2r.scan(circuit, grid, task=product, workers=1, out=tmp_path / "scan")
    before = {path: path.read_bytes() for path in (tmp_path / "scan").rglob("*.*")}
    for changed, gist in ((dict(seed=2), "seed"), (dict(task=refuses), "task"), (dict(wait=0.1), "settings")):
        with pytest.raises(b2r.errors.InputError, match=f"another scan.*{gist}"):
            b2r.scan(circuit, grid, **{"task": product, "workers": 1, "out": tmp_path / "scan", **changed})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(b2r.errors.InputError, match="something else"):
        b2r.scan(circuit, grid, task=product, out=tmp_path / "other")
    assert {path: path.read_bytes() for path in (tmp_path / "scan").rglob("*.*")} == before


def test_a_full_disk_is_one_message_and_loses_nothing(tmp_path, monkeypatch):
    import b2reduce.results.scan_folder as scanning

    real, written = scanning.write_json, []

    def full(path, data):
        if path.parent.name == "points" and len(written) >= 2:
            raise b2r.errors.OutputError(f"{path}: cannot write there: No space left on device")
        written.append(path)
        real(path, data)

    monkeypatch.setattr(scanning, "write_json", full)
    with ThreadPoolExecutor(1) as executor, pytest.raises(b2r.errors.OutputError, match="No space"):
        b2r.scan(two_populations(), GRID, task=product, executor=executor, out=tmp_path / "scan")
    monkeypatch.undo()
    assert len(list((tmp_path / "scan" / "points").iterdir())) == 1
    pd.testing.assert_frame_equal(
        b2r.scan(two_populations(), GRID, task=product, workers=1, out=tmp_path / "scan"),
        expected(),
        rtol=1e-12,
    )


@pytest.mark.slow
def test_a_dask_cluster_of_which_a_worker_is_killed(tmp_path):
    distributed = pytest.importorskip("distributed")
    (tmp_path / "calls").mkdir()
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        table = b2r.scan(
            two_populations(),
            GRID,
            task=product,
            executor=client,
            folder=str(tmp_path / "calls"),
            deadly=12.0,
            wait=0.1,
        )
    assert (tmp_path / "calls" / "died").exists(), "a worker process was killed"
    pd.testing.assert_frame_equal(table, expected(), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "levels", some([("linear", "gain"), ("linear", "gain", "surface", "transfer")], ("linear", "gain"))
)
def test_a_map_of_a_small_circuit(small, tmp_path, levels):
    import matplotlib

    matplotlib.use("agg")
    regimes = b2r.map_regimes(
        small,
        {"drive.ext.rate": [12, 14] * Hz, "projection.E->E.G": [0.1, 0.12] * nS},
        duration=0.6 * second,
        levels=levels,
        workers=2,
        out=tmp_path / "map",
    )
    points = regimes.points
    assert len(points) == 4 and (points["status"] == "ok").all()
    for error, tier in zip(points["largest_error linear"], points["tier linear"]):
        assert tier == ("quantitative" if error <= 0.15 else "qualitative" if error <= 0.5 else "breakdown")
    # One program serves all points, and a point is what validate() gives there.
    again = b2r.validate(
        small.replace({"drive.ext.rate": 14 * Hz, "projection.E->E.G": 0.12 * nS}),
        duration=0.6 * second,
        seeds=1,
        seed=1,
        levels=levels,
        level="linear",
    )
    assert points.loc[3, "largest_error linear"] == pytest.approx(again.comparison.largest_error, rel=1e-6)
    assert points.loc[3, f"largest_error {levels[-1]}"] == pytest.approx(
        again.levels.loc[levels[-1], "largest_error"], rel=1e-6
    )
    ax = b2r.plots.plot_map(regimes)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("drive.ext.rate (Hz)", "projection.E->E.G (pS)")
    regimes.save(tmp_path / "saved")
    assert len(pd.read_csv(tmp_path / "saved" / "points.csv")) == 4
    equal(regimes, b2r.load(tmp_path / "saved"))


@pytest.mark.slow
def test_the_command_line_scans_and_maps(tmp_path):
    run = partial(b2reduce, cwd=tmp_path)
    done = run(
        "scan",
        "ei_lif",
        "--grid",
        "drive.ext.rate=12 Hz,14 Hz",
        "--task",
        "reduce",
        "-o",
        "out",
        "--json",
        "--workers",
        "1",
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["drive.ext.rate [Hz]"] for row in rows] == [12, 12, 14, 14] and all(
        row["status"] == "ok" for row in rows
    )
    assert run("scan", "ei_lif", "--grid", "drive.exd.rate=12 Hz", "-o", "bad").returncode == 2
    unreachable = run(
        "scan", "ei_lif", "--grid", "drive.ext.rate=12 Hz", "-o", "bad", "--scheduler", "tcp://127.0.0.1:1"
    )
    assert (
        unreachable.returncode == 2
        and "--scheduler" in unreachable.stderr
        and "Traceback" not in unreachable.stderr
        and not (tmp_path / "bad").exists()
    )
