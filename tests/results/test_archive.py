"""What was saved comes back bit for bit, and what was damaged does not come back at all."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, nA, nS, second

import b2reduce as b2r
from b2reduce.basics.codec.sealed import sealed_text

from ..cases import gain, reduced, two_populations
from ..equal import equal
from ..scans import GRID, expected, product


def surface():
    return b2r.measure_fi("lif", [0.1, 0.3, 0.5] * nA, [15, 20] * nS)


@pytest.mark.parametrize(
    "make",
    [
        surface,
        lambda: gain(),
        lambda: reduced(),
        lambda: reduced(tau="synaptic", cells=True),
        lambda: b2r.simulate_rates(reduced(), duration=0.1 * second),
        lambda: b2r.simulate_rates(reduced(cells=True), duration=0.1 * second),
        lambda: b2r.simulate_spikes(reduced().circuit, duration=0.1 * second, seed=1, record=3),
        lambda: b2r.measure_transfer(
            "lif",
            [b2r.Drive(name="E", inputs=400, G="1 nS", tau="5 ms", E="0 mV")],
            rates={"E": [2, 5] * Hz},
            duration=0.2 * second,
            replicates=2,
        ),
    ],
    ids=["surface", "gain", "reduced", "reduced cells", "rates", "rates of cells", "spikes", "transfer"],
)
def test_every_result_comes_back_bit_for_bit(make, tmp_path):
    result = make()
    b2r.save(result, tmp_path / "saved")
    equal(result, b2r.load(tmp_path / "saved"))
    other = tmp_path / "moved"
    shutil.move(tmp_path / "saved", other)
    equal(result, b2r.load(other))
    held = json.loads((other / "b2reduce.json").read_text())
    assert held["format"] == "b2reduce result" and held["version"] == 1
    with np.load(other / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[key].dtype != object for key in arrays.files), "nothing is pickled"


def test_results_that_differ_in_a_bit_are_told_apart():
    first, second_ = gain(), gain(beta=np.nextafter(0.25e12, 1e12))
    with pytest.raises(AssertionError):
        equal(first, second_)


def test_tables_are_there_for_people(tmp_path):
    result = surface()
    b2r.save(result, tmp_path / "saved")
    table = pd.read_csv(
        tmp_path / "saved" / "tables" / "table.csv", index_col=0, float_precision="round_trip"
    )
    pd.testing.assert_frame_equal(table, result.to_frame(), check_exact=True)


def test_damage_is_named(tmp_path):
    folder = tmp_path / "saved"
    b2r.save(surface(), folder)
    whole = {name: (folder / name).read_bytes() for name in ("b2reduce.json", "arrays.npz")}

    def refused(match):
        with pytest.raises(b2r.errors.InputError, match=match):
            b2r.load(folder)
        for name, content in whole.items():
            (folder / name).write_bytes(content)

    (folder / "arrays.npz").write_bytes(whole["arrays.npz"][:-10])
    refused("arrays.npz: was cut short or changed")
    (folder / "arrays.npz").unlink()
    refused("arrays.npz: cannot be read")
    (folder / "b2reduce.json").write_bytes(whole["b2reduce.json"][:200])
    refused("b2reduce.json: cannot be read, or was cut short")
    (folder / "b2reduce.json").write_text('{"format": "something"}')
    refused("is not the description of a result")
    newer = json.loads(whole["b2reduce.json"])
    (folder / "b2reduce.json").write_text(json.dumps({**newer, "kind": "GainFit"}))
    refused("b2reduce.json: hash: the content was changed")
    (folder / "b2reduce.json").write_text(json.dumps({**newer, "version": 2, "b2reduce": "9.0"}))
    refused("format version 2.*reads up to 1; install b2reduce 9.0")
    content = {key: newer[key] for key in ("kind", "files")}
    (folder / "b2reduce.json").write_text(
        sealed_text("b2reduce result", {**content, "data": {"object": "FISurface", "fields": {}}})
    )
    refused("is not what this version writes: data: the field 'I_' of FISurface is missing")
    (folder / "b2reduce.json").unlink()
    refused("holds neither")
    assert b2r.load(folder).rate_.shape == (3, 2), "the control: repaired"


def test_what_has_no_plain_form_is_refused(tmp_path):
    with pytest.raises(b2r.errors.InputError, match="got an object, expected a result"):
        b2r.save(object(), tmp_path / "saved")
    assert not (tmp_path / "saved").exists()
    b2r.save(gain(), tmp_path / "saved")
    with pytest.raises(b2r.errors.OutputError, match="already holds files"):
        b2r.save(gain(), tmp_path / "saved")


@pytest.mark.slow
def test_a_report_is_read_back_as_the_validation(ei_validation, tmp_path):
    ei_validation.save(tmp_path / "report")
    again = b2r.load(tmp_path / "report")
    equal(ei_validation, again)
    assert again.verdict == ei_validation.verdict
    assert b2r.load(tmp_path / "report" / "reduced.json").W_ == ei_validation.reduced.W_


def test_scans_are_loaded_as_they_are(tmp_path):
    table = b2r.scan(two_populations(), GRID, task=product, workers=1, out=tmp_path / "scan")
    pd.testing.assert_frame_equal(b2r.load(tmp_path / "scan"), table, check_exact=True)
    (tmp_path / "scan" / "points" / "000001.json").unlink()
    assert (
        b2r.load(tmp_path / "scan")["status"][1] == "not finished: the scan was interrupted"
        and len(expected()) == 6
    )
    manifest = tmp_path / "scan" / "scan.json"
    held = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**held, "version": 5, "b2reduce": "7.0"}))
    with pytest.raises(b2r.errors.InputError, match="format version 5"):
        b2r.load(tmp_path / "scan")
    manifest.write_text(manifest.read_text()[:50])
    with pytest.raises(b2r.errors.InputError, match="scan.json"):
        b2r.load(tmp_path / "scan")
