"""A validation with a rate unit a cell, at level transfer, and what its report adds for both."""

import re

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r

from ..equal import equal

pytestmark = pytest.mark.slow


def inhibited(size=200):
    """Cells that inhibit one another; how many inputs each has is left to chance."""
    return b2r.Circuit(
        name="inhibited",
        populations={"I": b2r.Population("lif", size)},
        projections=[
            b2r.Projection(
                source="I", target="I", probability=0.1, G=1 * nS, tau=10 * ms, E=-80 * mV, delay=1 * ms
            )
        ],
        drives=[
            b2r.Drive(name="ext", target="I", inputs=250, rate=18 * Hz, G=0.4 * nS, tau=5 * ms, E=0 * mV)
        ],
    )


def test_cells_are_compared_one_by_one_and_reported_with_the_transfer_function(numpy_code, tmp_path):
    v = b2r.validate(
        inhibited(), level="transfer", levels=["transfer"], cells=True, duration=1 * second, seeds=1
    )
    after = v.comparison.after
    (spikes,) = v.spikes
    seen, units = spikes.cell_means_(after)["I"], v.rates.cell_means_(after)["I"]
    assert seen.size == units.size == 200 and v.reduced.cells
    # In-degrees of 20 scatter by a fifth, which the rates of both networks show cell by cell; counting for
    # half a second leaves half of the correlation.
    assert units.std() > 1 and np.corrcoef(seen, units)[0, 1] > 0.35
    shuffled = np.random.default_rng(0).permutation(units)
    assert abs(np.corrcoef(seen, shuffled)[0, 1]) < 4 / np.sqrt(200), "the control: other cells"
    table = v.comparison.cells.loc["I"]
    assert table.spiking["sd"] == pytest.approx(seen.std(), rel=0.02)
    assert table.spiking["sd without counting"] < table.spiking["sd"]

    v.save(tmp_path / "out")
    written = pd.read_csv(tmp_path / "out" / "cells.csv", index_col=[0, 1])
    pd.testing.assert_frame_equal(written, v.comparison.cells, check_names=False)
    transfer = v.reduced.transfers["I"]
    assert sorted(transfer.rates_) == ["I", "ext"]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "out" / "transfer_I.csv"), transfer.to_frame(), check_dtype=False
    )
    assert {path.stem for path in (tmp_path / "out" / "figures").iterdir()} == {
        "levels", "activity", "cells", "transfer_I", "fi_I"
    }  # fmt: skip
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert html.count("<img ") == 5 and 'href="#cells"' in html and 'id="cells"' in html
    assert "its rate over the rates of its sources" in html and "Rates of single cells" in html
    text = re.sub(r"<[^>]+>|\s+", " ", html[html.index('id="cells"') : html.index('id="figures"')])
    for statistic, row in table.iterrows():
        assert re.search(rf"{re.escape(statistic)}\s+{row.spiking:.2f}\s+{row.rate:.2f}", text), statistic
    equal(v, b2r.load(tmp_path / "out"))
