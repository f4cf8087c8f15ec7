"""Scans at their edges: plans that change, what cannot be told apart, two at one folder, parents that die."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, mV, nS

import b2reduce as b2r
from b2reduce.basics.locks import locked
from b2reduce.results.scan_folder import claimed
from b2reduce.scanning.plan import plan_of
from b2reduce.scanning.scan import _Scan

from ..cases import two_populations

ROOT = Path(__file__).parents[2]
CALLS = (
    Counter()
)  #: {(rate, conductance): how often it was done}, by workers that are threads of this process


@pytest.fixture(autouse=True)
def forgotten():
    CALLS.clear()


def counted(circuit, seed, weights=None, gate=None):
    rate, G = circuit.drives[0].rate_, float(next(p.G for p in circuit.projections if p.source == "I"))
    CALLS[rate, G] += 1
    return {"value": rate * G * 1e9 + (0 if weights is None else float(np.sum(weights)))}


def scanned(grid, out=None, task=counted, **settings):
    with ThreadPoolExecutor(2) as executor:
        return b2r.scan(two_populations(), grid, task=task, executor=executor, out=out, **settings)


class NoExecutor:
    """Whoever comes to it has checked too little."""

    def submit(self, *arguments):
        raise AssertionError("a point was begun")


def rates(*values):
    return {"drive.ext.rate": values * Hz, "projection.I->E.G": [0.25, 0.5] * nS}


def test_a_plan_that_grew_and_turned_round_does_only_what_is_new(tmp_path):
    scanned(rates(8, 12), tmp_path / "scan")
    assert sum(CALLS.values()) == 4
    files = {path: path.read_bytes() for path in (tmp_path / "scan" / "points").iterdir()}
    # Another order of values and of names, values written otherwise, one more
    grown = {"projection.I:E.G": ["500 pS", "0.25 nS"], "drive.ext.rate": ["0.012 kHz", 16 * Hz, 8.0 * Hz]}
    table = scanned(grown, tmp_path / "scan")
    assert set(CALLS.values()) == {1} and len(CALLS) == 6, "what was done is not done again"
    assert all(path.read_bytes() == content for path, content in files.items())
    fresh = scanned(grown)
    pd.testing.assert_frame_equal(table, fresh)
    assert fresh["value"].tolist() == pytest.approx([6, 8, 4, 3, 4, 2], rel=1e-12)
    pd.testing.assert_frame_equal(b2r.load(tmp_path / "scan"), fresh)
    with pytest.raises(b2r.errors.InputError, match=r"another scan.*points \(2 of those that it holds"):
        scanned(rates(8, 12), tmp_path / "scan")


def test_a_point_that_occurs_twice_is_done_once(tmp_path):
    table = scanned([{"drive.ext.rate": "8 Hz"}, {"drive.ext.rate": 8 * Hz}], tmp_path / "scan")
    assert sum(CALLS.values()) == 1 and len(table) == 2 and table["value"].nunique() == 1


def test_names_that_overlap_keep_their_order(tmp_path):
    """drive.ext.rate and drive.ext->E.rate are one parameter of E, and the later of them counts."""
    one = {"drive.ext.rate": 8 * Hz, "drive.ext->E.rate": 12 * Hz}
    other = dict(reversed(one.items()))
    table = scanned([one, other], tmp_path / "scan")
    assert table["value"].tolist() == pytest.approx([12 * 0.3, 8 * 0.3], rel=1e-12)


def test_what_a_later_process_cannot_tell_apart_is_refused_with_a_folder(tmp_path):
    local = lambda circuit, seed, **settings: {"value": 1.0}

    def inner(circuit, seed):
        return {"value": 2.0}

    for task in (local, inner):
        with pytest.raises(b2r.errors.InputError, match=r"task: .*no module holds.*out="):
            b2r.scan(two_populations(), rates(8), task=task, executor=NoExecutor(), out=tmp_path / "scan")
        assert scanned(rates(8), task=task)["value"].tolist() == [task(None, 1)["value"]] * 2, "the control"
        with pytest.raises(b2r.errors.InputError, match="task: .*cannot be sent"):
            b2r.scan(two_populations(), rates(8), task=task, workers=1)
    for weights in (local, object()):
        with pytest.raises(b2r.errors.InputError, match="weights: got"):
            b2r.scan(
                two_populations(),
                rates(8),
                task=counted,
                executor=NoExecutor(),
                out=tmp_path / "scan",
                weights=weights,
            )
    assert not (tmp_path / "scan").exists()


@pytest.mark.parametrize(
    ("task", "settings", "gist"),
    [
        ("reduce", dict(levle="linear"), "levle.*level"),
        ("reduce", dict(level="linaer"), "linaer.*linear"),
        ("reduce", dict(noise="loud"), "loud.*renewal"),
        ("rates", dict(tau="fast"), "tau"),
        ("rates", dict(duration="1 mV", noise="none"), "duration"),
        ("spikes", dict(duration="0.1 s", engine="brain2"), "brain2.*brian2"),
        ("spikes", dict(duration="0.1 s", bin="1 s"), "bin"),
        ("validate", dict(duration="0.5 s", levels=["linear", "quadratic"]), "quadratic"),
        ("validate", dict(seeds=0, duration="0.5 s"), "seeds"),
        (counted, dict(waits=3), "waits"),
    ],
)
def test_settings_are_checked_before_the_first_point(tmp_path, task, settings, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.scan(
            two_populations(), rates(8), task=task, executor=NoExecutor(), out=tmp_path / "scan", **settings
        )
    assert not (tmp_path / "scan").exists()


def test_settings_that_are_right_come_to_the_first_point():
    for task, settings in (("reduce", dict(noise="none")), ("spikes", dict(duration="0.1 s"))):
        with pytest.raises(AssertionError, match="a point was begun"):
            b2r.scan(two_populations(), rates(8), task=task, executor=NoExecutor(), **settings)


def test_arrays_among_the_settings_go_on_and_are_told_apart(tmp_path):
    weights = np.array([0.5, 0.25])
    table = scanned(rates(8), tmp_path / "scan", weights=weights)
    pd.testing.assert_frame_equal(scanned(rates(8), tmp_path / "scan", weights=weights.copy()), table)
    assert set(CALLS.values()) == {1}
    with pytest.raises(b2r.errors.InputError, match="another scan.*settings"):
        scanned(rates(8), tmp_path / "scan", weights=weights + 1e-12)
    with pytest.raises(b2r.errors.InputError, match="another scan.*settings"):
        scanned(rates(8), tmp_path / "scan", weights=weights * mV)


def test_one_of_many_that_claim_a_folder_at_once_has_it(tmp_path):
    """Each works on its points until all others were refused: no two can have been at it together."""
    refused, tried = threading.Semaphore(0), 6

    def waits(circuit, seed):
        assert all(refused.acquire(timeout=120) for _ in range(tried - 1))
        return {"value": 1.0}

    globals()["waits"] = waits  # under its name in this module, as `out` demands
    waits.__qualname__ = "waits"

    def one(number):
        try:
            with ThreadPoolExecutor(1) as executor:
                grid = {"drive.ext.rate": [8] * Hz}
                return b2r.scan(two_populations(), grid, task=waits, executor=executor, out=tmp_path / "scan")
        except b2r.errors.OutputError as error:
            refused.release()
            return str(error)

    try:
        with ThreadPoolExecutor(tried) as pool:
            found = list(pool.map(one, range(tried)))
    finally:
        del globals()["waits"]
    tables = [each for each in found if isinstance(each, pd.DataFrame)]
    assert len(tables) == 1 and tables[0]["status"].tolist() == ["ok"]
    assert all("another process is at this scan" in each for each in found if isinstance(each, str))
    assert sorted(path.name for path in (tmp_path / "scan").iterdir()) == ["points", "scan.json", "table.csv"]


def test_whoever_is_refused_a_folder_leaves_it_alone(tmp_path):
    """Many times over, since it takes one that looks at the folder just before another makes it."""
    manifest, tried = {"format": "b2reduce scan", "version": 2, "points": []}, 4

    def one(folder, start, refused):
        start.wait()
        try:
            with claimed(folder, manifest):
                assert all(refused.acquire(timeout=60) for _ in range(tried - 1))
                return sorted(path.name for path in folder.iterdir())
        except b2r.errors.OutputError:
            refused.release()

    with ThreadPoolExecutor(tried) as pool:
        for number in range(100):
            folder, start, refused = tmp_path / f"{number}", threading.Barrier(tried), threading.Semaphore(0)
            found = [pool.submit(one, folder, start, refused) for _ in range(tried)]
            found = [each.result() for each in found]
            assert sorted(found, key=bool)[-1] == [".lock", "points", "scan.json"]


HOLDER = """
import sys
from b2reduce.basics.locks import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_free_once_the_process_that_had_it_is_killed(tmp_path):
    scanned(rates(8), tmp_path / "scan")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "scan" / ".lock")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(b2r.errors.OutputError, match="another process is at this scan"):
            scanned(rates(8, 12), tmp_path / "scan")
        held = json.loads((tmp_path / "scan" / "scan.json").read_text())
        assert len(held["points"]) == 2, "whoever is refused writes nothing"
    finally:
        holder.kill()
        holder.communicate()
    assert (scanned(rates(8, 12), tmp_path / "scan")["status"] == "ok").all()
    with locked(tmp_path / "scan" / ".lock", wait=False):
        pass


ORPHANS = """
import sys
from brian2 import Hz
import b2reduce as b2r
from tests.cases import two_populations
from tests.scans import sleeps
if __name__ == "__main__":
    grid = {"drive.ext.rate": [8, 12] * Hz}
    b2r.scan(two_populations(), grid, task=sleeps, workers=2, out=sys.argv[1], folder=sys.argv[2])
"""


def until(happened, what):
    """Wait for something that has no time by which it must happen; the limit is there to end a faulty test."""
    limit = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc to look processes up in")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    (tmp_path / "calls").mkdir()
    (tmp_path / "run.py").write_text(ORPHANS)
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "scan"), str(tmp_path / "calls")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        until(lambda: len(list((tmp_path / "calls").iterdir())) == 2 or parent.poll() is not None, "a worker")
        workers = [int(path.name) for path in (tmp_path / "calls").iterdir()]
        assert len(workers) == 2 and all(map(runs, workers))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until(lambda: not any(map(runs, workers)), f"{workers} still run")


def test_a_plan_of_many_points_builds_few_circuits(monkeypatch):
    """Ten thousand points of values that stand alone are checked by themselves, and written as differences."""
    built, written, circuit = Counter(), Counter(), two_populations()
    check, plain = type(circuit).__post_init__, type(circuit).to_dict
    monkeypatch.setattr(
        type(circuit), "__post_init__", lambda self: (built.update(circuits=1), check(self))[1]
    )
    monkeypatch.setattr(type(circuit), "to_dict", lambda self: (written.update(circuits=1), plain(self))[1])
    axes = {"drive.ext.rate": np.linspace(8, 16, 100) * Hz, "projection.I->E.G": np.linspace(0, 1, 50) * nS}
    plan = plan_of(circuit, {**axes, "population.E.size": [80, 90]})
    assert len(plan.points) == 10_000 and len(plan.circuits) == 2
    orders = _Scan(plan, "reduce", 1, {}, None, None)._orders(range(10_000))
    assert len(orders) == 10_000 and built["circuits"] <= 20 and written["circuits"] <= 4
    last = b2r.Circuit.from_dict(json.loads(orders[-1]["circuit"])).replace(orders[-1]["changes"])
    assert plain(last) == plain(
        circuit.replace({"drive.ext.rate": 16 * Hz, "projection.I->E.G": 1 * nS, "population.E.size": 90})
    )


def test_values_that_do_not_stand_alone_are_checked_together():
    circuit = two_populations()
    ok = {f"projection.{name}.in_degree": 10 for name in ("E->E", "E->E#2", "E->I")}
    ok["population.E.size"] = 20
    assert len(plan_of(circuit, [ok]).points) == 1
    with pytest.raises(b2r.errors.CircuitError, match="in_degree"):
        plan_of(circuit, [ok, {**ok, "population.E.size": 10}])
    for name, value in (
        ("projection.I->E.tau", 0 * mV),
        ("projection.I->E.tau", "0 ms"),
        ("projection.I->E.G", -1 * nS),
        ("projection.I->E.E", np.nan * mV),
        ("drive.ext.rate", np.inf * Hz),
        ("drive.ext.rate", 8),
    ):
        with pytest.raises(b2r.errors.InputError, match=name.rpartition(".")[2]):
            plan_of(circuit, [{}, {name: value}])
    table = {"times": ["0 s", "1 s"], "values": ["8 Hz", "12 Hz"]}
    plan = plan_of(circuit, {"drive.ext.rate": [8 * Hz, table, 12 * Hz]})
    assert len(plan.circuits) == 2, "a table makes another network, two constants do not"


def test_files_that_were_changed_count_for_nothing(tmp_path):
    scanned(rates(8, 12), tmp_path / "scan")
    points, manifest = sorted((tmp_path / "scan" / "points").iterdir()), tmp_path / "scan" / "scan.json"
    points[0].write_text(points[0].read_text().replace('"value": 2.0', '"value": 3.0'))
    points[1].write_text("[" * 100_000)
    points[2].unlink()
    points[2].symlink_to(points[3])
    loaded = b2r.load(tmp_path / "scan")
    assert loaded["status"].str.startswith("not finished").tolist() == [True, True, True, False]
    CALLS.clear()
    table = scanned(rates(8, 12), tmp_path / "scan")
    assert sum(CALLS.values()) == 3 and table["value"].tolist() == pytest.approx([2, 4, 3, 6])
    whole = manifest.read_text()
    for text in (
        whole.replace("8 Hz", "9 Hz"),
        "[]",
        "[" * 100_000,
        whole[:-30],
        '{"format": "b2reduce scan"}',
    ):
        manifest.write_text(text)
        with pytest.raises(b2r.errors.InputError, match="scan.json"):
            b2r.load(tmp_path / "scan")
    if hasattr(os, "mkfifo"):  # from which reading would wait forever
        manifest.unlink()
        os.mkfifo(manifest)
        with pytest.raises(b2r.errors.InputError, match="scan.json: .*no plain file"):
            b2r.load(tmp_path / "scan")
