"""Kinds that others add from outside of the package work like its own."""

import pytest
from brian2 import second

import b2reduce as b2r
from b2reduce.reduction.levels.register import LEVELS, register
from b2reduce.reduction.levels.shift_law import Gain

from .cases import two_populations


class Power(Gain):
    """A level whose f-I curve is a power of the current above threshold, whatever predicts best."""

    name = "power"
    meaning = "a power of the current above a threshold, shifted by leak"

    def fits(self, fits, measured):
        powers = {
            name: b2r.fit_gain(
                surface,
                form="threshold_power",
                rates=measured.windows[name],
                through=measured.through.get(name),
            )
            for name, surface in measured.surfaces.items()
        }
        return {**fits, **powers}


@pytest.fixture
def power():
    yield register(Power())
    del LEVELS["power"]


@pytest.mark.slow
def test_a_level_from_outside_is_reduced_validated_and_reported(power, tmp_path):
    validation = b2r.validate(
        two_populations(), level="power", levels=["linear", "power"], duration=0.5 * second, seeds=1
    )
    assert validation.reduced.gains["E"].form == "threshold_power"
    assert list(validation.levels.index) == ["linear", "power"]
    # At the operating point, through which both pass, both are as near to the spikes.
    assert validation.levels["largest_error"].max() < 0.15
    validation.save(tmp_path / "report")
    assert power.meaning in (tmp_path / "report" / "report.html").read_text()


def test_a_level_that_nobody_registered_is_unknown():
    with pytest.raises(b2r.InputError, match=r"power.*linear, gain, surface, transfer"):
        b2r.reduce(two_populations(), level="power")
