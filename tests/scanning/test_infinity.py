"""Tables of scans keep every number: infinity is neither an empty cell nor NaN."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from brian2 import Hz

import b2reduce as b2r
from b2reduce.scanning import tasks

from ..cases import two_populations

GRID = {"drive.ext.rate": [8, 12] * Hz}
ROW = {"up": np.inf, "down": -np.inf, "none": np.nan, "numpy": np.float64(np.inf), "text": "inf", "one": 1.0}


CALLS = []


def boundless(circuit, seed):
    """A task that notes its calls, by threads of this process."""
    CALLS.append(seed)
    return [ROW, {**ROW, "up": 2.0}]


def test_infinity_is_kept_in_the_table_in_its_files_and_by_a_scan_that_goes_on(tmp_path):
    folder = tmp_path / "scan"
    CALLS.clear()
    with ThreadPoolExecutor(1) as executor:
        scan = lambda: b2r.scan(two_populations(), GRID, task=boundless, executor=executor, out=folder)
        table = scan()
        again = scan()
    assert len(CALLS) == 2, "the second time all points were read from the folder"
    assert table["up"].tolist() == [np.inf, 2.0] * 2 and table["up"].dtype == float
    assert (table["down"] == -np.inf).all() and (table["numpy"] == np.inf).all()
    assert table["none"].isna().all() and (table["text"] == "inf").all() and (table["one"] == 1).all()
    pd.testing.assert_frame_equal(again, table)
    pd.testing.assert_frame_equal(b2r.load(folder), table)
    written = pd.read_csv(folder / "table.csv", dtype={"text": str})
    assert written["up"].tolist() == [np.inf, 2.0] * 2 and (written["down"] == -np.inf).all()
    assert written["none"].isna().all()
    refuse = lambda name: (_ for _ in ()).throw(ValueError(f"{name} is no JSON"))
    for path in (folder / "points").iterdir():
        json.loads(path.read_text(), parse_constant=refuse)


def test_a_map_of_asynchrony_has_it_from_the_scan(monkeypatch):
    """What is foretold is what the task says: no number stays none, whatever grows."""
    rows = {8.0: {"foretold": np.inf, "growth [1/s]": 3.0}, 12.0: {"foretold": np.nan, "growth [1/s]": 3.0}}
    monkeypatch.setitem(
        tasks.TASKS, "fluctuations", lambda circuit, seed, spiking: rows[circuit.drives[0].rate_]
    )
    with ThreadPoolExecutor(1) as executor:
        found = b2r.map_asynchrony(two_populations(), GRID, executor=executor)
    assert found.table["foretold"].tolist()[0] == np.inf and np.isnan(found.table["foretold"][1])
