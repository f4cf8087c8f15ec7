"""Recordings as people have them, and as they should not be: read right, or refused by file, sweep and channel."""

import json
import os
import struct
import subprocess
import sys
from datetime import UTC

import numpy as np
import pytest

import b2reduce as b2r

from ..command import assert_refused, b2reduce
from ..recorded_sweeps import (
    END,
    RATE,
    START,
    STOP,
    command,
    needed,
    passive,
    regular,
    steps_of,
    write_abf2,
    write_nwb,
    write_nwb1,
    write_steps,
)

pyabf = needed("pyabf")
pytest.importorskip("pynwb")
LEVELS = np.array([-50.0, 0.0, 100.0, 200.0])  # pA
COUNTS = [0, 0, 4, 9]
refused = b2r.errors.InputError


def traces(levels=LEVELS, counts=COUNTS, seed=1, **more):
    rng = np.random.default_rng(seed)
    return [passive(I * 1e-12, rng, spikes=regular(n), **more) for I, n in zip(levels, counts)]


@pytest.fixture(scope="module")
def voltages():
    return traces()


@pytest.fixture(scope="module")
def commands():
    return [command(I * 1e-12) for I in LEVELS]


def episodic(path, voltages, levels=LEVELS, dacs=None, extra=(), unit="mV", factor=1e3, **more):
    """Sweeps with the commanded levels in a recorded channel, or in what `dacs` says."""
    channels, rows = [("IN 0", unit)], [factor * np.array(voltages)]
    if dacs is None:
        channels.append(("I_Com", "pA"))
        rows.append(np.array([command(I) for I in levels]))
    for name, its, values in extra:
        channels.append((name, its))
        rows.append(np.array(values))
    return write_abf2(path, np.stack(rows, axis=1), channels, dacs=dacs or (), **more)


def expect(recording, levels=LEVELS, counts=COUNTS, atol=1e-14):
    assert recording.table["spikes"].tolist() == list(counts)
    np.testing.assert_allclose(recording.table["I [A]"], np.asarray(levels) * 1e-12, rtol=1e-4, atol=atol)
    np.testing.assert_allclose(recording.table["start [s]"], START, atol=1.5 / RATE)
    np.testing.assert_allclose(recording.table["stop [s]"], STOP, atol=1.5 / RATE)
    return recording


def regular_levels(voltages):
    return traces([-50, 25, 100, 175])


KINDS = {
    "epochs of a DAC": lambda path: write_steps(path, regular_levels(None), -50, 75),
    "units of nA and V": lambda path: write_abf2(
        path, [[v] for v in regular_levels(None)], [("Vm", "V")],
        dacs=[("Cmd", "nA", 0.0, steps_of(-0.05, 0.075), 1)],
    ),
    "a test pulse before": lambda path: write_steps(
        path, regular_levels(None), -50, 75, before=[(1, 0.0, 0.0, 30), (1, -20.0, 0.0, 400)]
    ),
    "a voltage DAC beside": lambda path: write_abf2(
        path, [[1e3 * v] for v in regular_levels(None)], [("IN 0", "mV")],
        dacs=[("Cmd 0", "pA", 0.0, steps_of(-50, 75), 1), ("AO 1", "mV", -70.0, [], 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_commands_of_episodic_files(kind, tmp_path):
    found = expect(b2r.read_sweeps(KINDS[kind](tmp_path / "a.abf")), [-50, 25, 100, 175])
    assert not found.warnings and not found.left_out


def test_recorded_commands(voltages, tmp_path):
    rng = np.random.default_rng(2)
    noisy = np.array([command(I) + rng.standard_normal(14_000) for I in LEVELS])  # 1 pA of noise
    path = episodic(tmp_path / "n.abf", voltages, dacs=[], extra=[("I_Com", "pA", noisy)])
    found = b2r.read_sweeps(path)
    assert found.table["spikes"].tolist() == COUNTS
    np.testing.assert_allclose(found.table["I [A]"], LEVELS * 1e-12, atol=5e-12 / np.sqrt(1e4))
    np.testing.assert_allclose(found.table["start [s]"], START, atol=5e-4)
    # The DAC asks for more than what is measured
    dacs = [("Cmd 0", "pA", 0.0, steps_of(-50, 75), 1)]
    path = episodic(tmp_path / "d.abf", regular_levels(None), dacs=dacs,
                    extra=[("I_Com", "pA", 0.5 * np.array([command(I) for I in (-50, 25, 100, 175)]))])  # fmt: skip
    assert any("'I_Com' is 0.50 times the command 'Cmd 0'" in text for text in b2r.read_sweeps(path).warnings)
    measured = b2r.read_sweeps(path, command="I_Com")
    np.testing.assert_allclose(measured.table["I [A]"], 0.5e-12 * np.array([-50, 25, 100, 175]), rtol=1e-4)


def test_old_files_of_one_channel(voltages, tmp_path):
    """ABF1, as pyabf writes it: no command in it, so that it is given."""
    path = tmp_path / "old.abf"
    pyabf.abfWriter.writeABF1(1e3 * np.array(voltages), str(path), RATE, units="mV")
    with pytest.raises(refused, match=r"old.abf: .*does not say the injected current.*currents="):
        b2r.read_sweeps(path)
    expect(
        b2r.read_sweeps(path, currents="-50 pA,0 pA,100 pA,200 pA".split(","), window=("100 ms", "600 ms"))
    )
    with pytest.raises(refused, match="currents: got 2, expected one for each of the 4 sweeps"):
        b2r.read_sweeps(path, currents=["0 pA", "1 pA"], window=("100 ms", "600 ms"))
    with pytest.raises(refused, match="window: is needed"):
        b2r.read_sweeps(path, currents="10 pA")


def test_old_files_of_two_channels(voltages, tmp_path):
    """ABF1 with voltage and current interleaved, in one scale, as the header of a real one says."""
    path = tmp_path / "two.abf"
    both = np.stack([1e3 * np.array(voltages), [command(I) for I in LEVELS]], axis=-1).reshape(
        len(voltages), -1
    )
    pyabf.abfWriter.writeABF1(both, str(path), 2 * RATE, units="mV")
    content = bytearray(path.read_bytes())
    struct.pack_into("<h", content, 120, 2)
    struct.pack_into("<16h", content, 410, *range(16))
    content[602 + 8 : 602 + 16] = b"pA      "
    content[442 : 442 + 20] = b"Vm        I_Com     "
    path.write_bytes(content)
    found = b2r.read_sweeps(path)
    assert found.table["spikes"].tolist() == COUNTS and found.sweeps[0].channel == "Vm"
    # The scale of both channels is a power of ten: a digit is 0.03 pA
    np.testing.assert_allclose(found.table["I [A]"], LEVELS * 1e-12, rtol=0, atol=4e-14)


def test_gap_free_recordings_are_cut(voltages, tmp_path):
    data = [[1e3 * np.concatenate(voltages), np.concatenate([command(I) for I in LEVELS])]]
    path = write_abf2(tmp_path / "gap.abf", data, [("Vm", "mV"), ("I", "pA")], mode=3)
    found = b2r.read_sweeps(path)
    # Of three steps, as one of the four is of no current
    assert found.table["spikes"].tolist() == [0, 4, 9]
    np.testing.assert_allclose(found.table["I [A]"], [-5e-11, 1e-10, 2e-10], rtol=1e-3)
    assert b2r.read_sweeps(path, sweeps=[2]).table["spikes"].tolist() == [4]


def test_sweeps_of_different_lengths(tmp_path):
    long = [passive(I * 1e-12, np.random.default_rng(3), spikes=regular(n, stop=s), stop=s, end=s + 0.1)
            for I, n, s in ((-50, 0, 0.6), (100, 5, 0.4), (200, 12, 0.8))]  # fmt: skip
    data = [np.stack([1e3 * v, command(I, stop=s, end=s + 0.1)])
            for v, (I, s) in zip(long, ((-50, 0.6), (100, 0.4), (200, 0.8)))]  # fmt: skip
    found = b2r.read_sweeps(write_abf2(tmp_path / "v.abf", data, [("Vm", "mV"), ("I", "pA")], mode=1))
    assert found.table["spikes"].tolist() == [0, 5, 12]
    np.testing.assert_allclose(found.table["stop [s]"], [0.6, 0.4, 0.8], atol=1 / RATE)


def test_several_voltages_must_be_chosen_from(voltages, tmp_path):
    other = np.array(traces(counts=[0, 0, 1, 2], seed=5))
    path = episodic(tmp_path / "two.abf", voltages, extra=[("IN 2", "mV", 1e3 * other)])
    with pytest.raises(refused, match=r"2 channels are voltages: 'IN 0' \[mV\].*'IN 2' \[mV\]; say which"):
        b2r.read_sweeps(path)
    assert b2r.read_sweeps(path, voltage="IN 2").table["spikes"].tolist() == [0, 0, 1, 2]
    assert b2r.read_sweeps(path, voltage=0).table["spikes"].tolist() == COUNTS
    with pytest.raises(refused, match="voltage: got 'IN 7', expected one of the channels"):
        b2r.read_sweeps(path, voltage="IN 7")


def test_a_recorded_conductance_is_read(voltages, tmp_path):
    g = np.array([[4.0], [4.0], [8.0], [8.0]]) * np.ones(14_000)
    path = episodic(tmp_path / "g.abf", voltages, extra=[("G", "nS", g)])
    found = b2r.read_sweeps(path, g_channel="G", E_added="-80 mV")
    np.testing.assert_allclose(found.table["g_added [S]"], [4e-9, 4e-9, 8e-9, 8e-9], rtol=1e-4)
    with pytest.raises(refused, match="leave one of them out"):
        b2r.read_sweeps(path, g_channel="G", g_added="1 nS")


def test_conductances_a_file_a_sweep_and_by_number(voltages, tmp_path):
    paths = [episodic(tmp_path / f"{k}.abf", voltages) for k in "ab"]
    assert (
        b2r.read_sweeps(paths, g_added=["0 nS", "5 nS"]).table["g_added [S]"].tolist() == [0] * 4 + [5e-9] * 4
    )
    one = lambda g: b2r.read_sweeps(paths[0], g_added=g).table["g_added [S]"].tolist()
    assert one(["0 nS", "1 nS", "2 nS", "3 nS"]) == pytest.approx([0, 1e-9, 2e-9, 3e-9], rel=1e-12)
    assert one({1: "0 nS", 2: "1 nS", 3: "1 nS", 4: "2 nS"}) == pytest.approx(
        [0, 1e-9, 1e-9, 2e-9], rel=1e-12
    )
    for g, said in ((["0 nS"] * 3, "got 3 values, expected"), ({1: "0 nS"}, "says nothing of the sweep 2")):
        with pytest.raises(refused, match=said):
            one(g)


def test_repeats_are_averaged(tmp_path):
    paths = [
        episodic(tmp_path / f"{k}.abf", traces(counts=[0, 0, 4, n], seed=k))
        for k, n in enumerate((8, 10, 12))
    ]
    surface = b2r.FISurface.from_abf(paths)
    assert surface.I_.size == 4 and surface.provenance["averaged pairs"] == 4
    rates = [2.0 * n for n in (8, 10, 12)]  # spikes in half a second
    assert surface.rate_[-1, 0] == pytest.approx(np.mean(rates), rel=0.01)
    assert surface.rate_sem_[-1, 0] == pytest.approx(np.std(rates, ddof=1) / np.sqrt(3), rel=0.02)


# NWB


def test_nwb_of_both_versions_and_layouts(voltages, commands, tmp_path):
    expect(b2r.read_sweeps(write_nwb(tmp_path / "a.nwb", voltages, commands)))
    expect(b2r.read_sweeps(write_nwb(tmp_path / "t.nwb", voltages, commands, table=True)))
    scaled = write_nwb(tmp_path / "c.nwb", voltages, commands, conversion=1e-12)
    expect(b2r.read_sweeps(scaled), atol=1e-15)
    old = expect(b2r.read_sweeps(write_nwb1(tmp_path / "one.nwb", voltages, commands)))
    assert old.table["sweep"].tolist() == [10, 11, 12, 13]
    assert b2r.read_sweeps(tmp_path / "one.nwb", sweeps=[12]).table["spikes"].tolist() == [4]
    assert b2r.read_sweeps(tmp_path / "one.nwb", protocol="long square").table["sweep"].tolist() == [
        11,
        12,
        13,
    ]
    surface = b2r.FISurface.from_nwb(tmp_path / "a.nwb")
    assert surface.rate_[-1, 0] == pytest.approx(18, rel=0.01)


def test_steps_of_two_lengths_are_said(tmp_path):
    levels = [(I * 1e-12, stop) for I, stop in zip(LEVELS, (STOP, STOP, STOP, STOP - 0.2))]
    voltages = [passive(I, spikes=regular(n, stop=stop), stop=stop) for (I, stop), n in zip(levels, COUNTS)]
    path = write_nwb(tmp_path / "a.nwb", voltages, [command(I, stop=stop) for I, stop in levels])
    said = [text for text in b2r.read_sweeps(path).warnings if text.startswith("rates come from steps of")]
    assert len(said) == 1 and "300 ms to 500 ms" in said[0]
    one = b2r.read_sweeps(path, sweeps=[0, 1, 2])
    assert not [text for text in one.warnings if text.startswith("rates come from steps of")]


def test_electrodes_and_protocols_of_a_session(voltages, commands, tmp_path):
    ramp = np.interp(np.arange(14_000), [0, 2000, 12_000, 14_000], [0, 0, 2e-10, 2e-10])
    short = command(1e-9, stop=START + 0.003)
    everything = dict(voltages=[*voltages, voltages[0], voltages[0]], commands=[*commands, ramp, short])
    names = ["Long Square"] * 4 + ["Ramp", "Short Square"]
    found = b2r.read_sweeps(write_nwb(tmp_path / "s.nwb", **everything, protocol=names))
    expect(found)
    assert len(found.left_out) == 2 and "sweep 4: its command is a ramp" in found.left_out[0]
    assert "shorter than 100 ms" in found.left_out[1] and "2 sweeps are left out" in found.warnings[0]
    assert not b2r.read_sweeps(tmp_path / "s.nwb", protocol="long square").left_out
    with pytest.raises(refused, match=r"protocol: got 'Noise', expected a part of one of .*'Ramp'"):
        b2r.read_sweeps(tmp_path / "s.nwb", protocol="Noise")
    path = write_nwb(tmp_path / "e.nwb", voltages, commands, electrodes=["e0", "e0", "e1", "e1"])
    with pytest.raises(refused, match="2 electrodes: 'e0', 'e1'; say which"):
        b2r.read_sweeps(path)
    assert b2r.read_sweeps(path, voltage="e1").table["spikes"].tolist() == [4, 9]


def test_responses_without_a_stimulus_are_left_out(voltages, commands, tmp_path):
    import h5py

    path = write_nwb(tmp_path / "s.nwb", voltages, commands)
    with h5py.File(path, "a") as file:
        del file["stimulus/presentation/data_00002_DA0"]
    found = b2r.read_sweeps(path)
    assert found.table["spikes"].tolist() == [0, 0, 9] and "no stimulus belongs to it" in found.left_out[0]
    with pytest.raises(refused, match="command: is for ABF files"):
        b2r.read_sweeps(path, command="data_00001_DA0")


def test_measured_currents_that_are_nearly_equal_are_one(voltages, tmp_path):
    paths = [episodic(tmp_path / f"{k}.abf", traces(seed=k), levels=LEVELS + 0.05 * k) for k in range(3)]
    assert b2r.FISurface.from_abf(paths).I_.size == 4
    # Steps of 1 pA are no noise, however many
    fine = 1.0 * np.arange(-4, 5)
    path = episodic(tmp_path / "f.abf", traces(fine, [0] * 9), levels=fine)
    assert b2r.FISurface.from_abf(path).I_.size == 9


def test_types_of_extensions_do_not_matter(voltages, commands, tmp_path):
    """A group of a type that only the file's own schema describes; nothing of that schema is read."""
    import h5py

    path = write_nwb(tmp_path / "x.nwb", voltages, commands)
    with h5py.File(path, "a") as file:
        group = file["general"].create_group("theirs")
        group.attrs.update({"neurodata_type": "Theirs", "namespace": "ndx-nobody-has", "object_id": "x"})
        file["specifications"].create_dataset("ndx-nobody-has/1/namespace", data="{not even json")
    expect(b2r.read_sweeps(path))
    assert "pynwb" not in getattr(sys.modules["b2reduce.cells.sweeps.nwb"], "__dict__", {})


def test_nothing_outside_of_the_file_is_opened(voltages, commands, tmp_path):
    import h5py

    good = write_nwb(tmp_path / "good.nwb", voltages, commands)
    series = "acquisition/data_00002_AD0"

    def changed(name, change):
        path = tmp_path / name
        path.write_bytes(good.read_bytes())
        with h5py.File(path, "a") as file:
            change(file)
        return path

    def external(file):
        del file[series]["data"]
        file[series]["data"] = h5py.ExternalLink("good.nwb", f"{series}/data")

    def by_soft_link(file):
        file["elsewhere"] = h5py.ExternalLink("good.nwb", "/acquisition")
        del file[series]["data"]
        file[series]["data"] = h5py.SoftLink("/elsewhere/data_00002_AD0/data")

    def virtual(file):
        del file[series]["data"]
        layout = h5py.VirtualLayout(shape=(14_000,), dtype="f8")
        layout[:] = h5py.VirtualSource("good.nwb", f"{series}/data", shape=(14_000,))
        file[series].create_virtual_dataset("data", layout)

    def raw_file(file):
        del file[series]["data"]
        file[series].create_dataset("data", (10,), "f8", external=[(os.fspath(tmp_path / "secret"), 0, 80)])

    (tmp_path / "secret").write_bytes(b"x" * 80)
    for name, change, said in (
        ("a.nwb", external, "link to the file"),
        ("b.nwb", by_soft_link, "link to the file"),
        ("c.nwb", virtual, "in other files"),
        ("d.nwb", raw_file, "in other files"),
    ):
        path = changed(name, change)
        with pytest.raises(refused, match=rf"{name}.*{said}"):
            b2r.read_sweeps(path)

    def own(file):  # a link that stays is followed
        file.move(f"{series}/data", "kept")
        file[series]["data"] = h5py.SoftLink("/kept")

    expect(b2r.read_sweeps(changed("e.nwb", own)))

    def loop(file):
        del file[series]["data"]
        file[series]["data"] = h5py.SoftLink(f"/{series}/data")

    with pytest.raises(refused, match="leads nowhere"):
        b2r.read_sweeps(changed("f.nwb", loop))


# What cannot be read


def test_voltage_clamp_is_refused(tmp_path, voltages):
    currents = 1e3 * np.array(voltages)
    path = write_abf2(tmp_path / "vc.abf", currents[:, None], [("IN 0", "pA")],
                      dacs=[("Cmd 0", "mV", -70.0, steps_of(-80, 10), 1)])  # fmt: skip
    with pytest.raises(refused, match=r"vc.abf: is a recording in voltage clamp.*'IN 0' \[pA\]"):
        b2r.read_sweeps(path)
    from datetime import datetime

    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.icephys import VoltageClampSeries

    file = NWBFile("x", "x", datetime(2024, 1, 1, tzinfo=UTC))
    electrode = file.create_icephys_electrode(name="e", description="x", device=file.create_device(name="a"))
    file.add_acquisition(
        VoltageClampSeries(name="v", data=np.zeros(9), rate=1e4, electrode=electrode, gain=1.0)
    )
    with NWBHDF5IO(str(tmp_path / "vc.nwb"), "w") as io:
        io.write(file)
    with pytest.raises(refused, match="vc.nwb: is a recording in voltage clamp"):
        b2r.read_sweeps(tmp_path / "vc.nwb")


def test_commands_that_are_not_known_are_refused(voltages, tmp_path):
    for name, dacs, more, said in (
        ("u", [("Cmd 0", "pA", 0.0, steps_of(-50, 50), 1)], {"user_list": True}, "a user list changes"),
        ("f", [("Cmd 0", "pA", 0.0, [], 2)], {}, "the waveform of command 'Cmd 0' is in another file"),
        ("o", [("Cmd 0", "pA", 0.0, [], 1)], {}, "command 'Cmd 0' has no waveform"),
    ):
        path = episodic(tmp_path / f"{name}.abf", voltages, dacs=dacs, **more)
        with pytest.raises(refused, match=rf"{name}.abf: does not say the injected current: {said}"):
            b2r.read_sweeps(path)
    path = episodic(tmp_path / "r.abf", voltages, dacs=[("Cmd", "pA", 0.0, [(2, 100.0, 0.0, 12_000)], 1)])
    with pytest.raises(refused, match=r"r.abf: no sweep has a step.*sweep 1, command 'Cmd'"):
        b2r.read_sweeps(path)
    path = episodic(tmp_path / "z.abf", voltages, levels=np.zeros(4))
    with pytest.raises(refused, match="its command has no step"):
        b2r.read_sweeps(path)
    expect(b2r.read_sweeps(path, window=("100 ms", "600 ms")), levels=np.zeros(4))


def test_wrong_units_are_refused(voltages, commands, tmp_path):
    with pytest.raises(
        refused, match=r"v.abf, sweep 1, channel 'IN 0': is at 6\d\.?\d* V.*voltage_unit='mV'"
    ):
        b2r.read_sweeps(episodic(tmp_path / "v.abf", voltages, unit="V"))
    expect(b2r.read_sweeps(tmp_path / "v.abf", voltage_unit="mV"))
    wrong = episodic(
        tmp_path / "p.abf", voltages, unit="pA", dacs=[("Cmd 0", "pA", 0.0, steps_of(-50, 75), 1)]
    )
    with pytest.raises(refused, match=r"no channel is a voltage: 'IN 0' \[pA\]"):
        b2r.read_sweeps(wrong)
    expect(b2r.read_sweeps(wrong, voltage="IN 0", voltage_unit="mV"), [-50, 25, 100, 175])
    path = write_nwb(tmp_path / "i.nwb", voltages, [1e12 * current for current in commands])
    with pytest.raises(
        refused, match=r"i.nwb, sweep 0, series 'data_00000_DA0': is at 50 A.*command_unit='pA'"
    ):
        b2r.read_sweeps(path)
    expect(b2r.read_sweeps(path, command_unit="pA"))


def test_missing_samples(voltages, commands, tmp_path):
    holed = [v.copy() for v in voltages]
    holed[2][5000] = np.nan
    path = write_nwb(tmp_path / "h.nwb", holed, commands)
    with pytest.raises(
        refused, match=r"h.nwb, sweep 2, series 'data_00002_AD0': sample 5001 of 14000 is no number"
    ):
        b2r.read_sweeps(path)
    assert b2r.read_sweeps(path, sweeps=[0, 1, 3]).table["spikes"].tolist() == [0, 0, 9]
    stopped = [v.copy() for v in voltages]
    stopped[1][13_000:] = np.nan  # after the step
    stopped[2][9000:] = np.nan  # within it
    found = b2r.read_sweeps(write_nwb(tmp_path / "s.nwb", stopped, commands))
    assert (
        found.table["spikes"].tolist() == [0, 0, 9]
        and "sweep 2: it was stopped at 0.45 s" in found.left_out[0]
    )


def test_files_that_are_no_recordings(tmp_path, voltages, commands):
    (tmp_path / "text.abf").write_text("I [pA], g [nS], rate [Hz]\n" * 50)
    (tmp_path / "text.nwb").write_text("x" * 500)
    (tmp_path / "empty.abf").write_bytes(b"")
    (tmp_path / "folder.abf").mkdir()
    for name, said in (
        ("text.abf", "is no ABF file"),
        ("text.nwb", "is no NWB file"),
        ("empty.abf", "is no ABF file"),
        ("folder.abf", "cannot be read"),
        ("nothing.abf", "cannot be read"),
        ("nothing.nwb", "cannot be read"),
        ("a.csv", "expected a file that ends in .abf or .nwb"),
    ):
        with pytest.raises(refused, match=rf"{name}: {said}"):
            b2r.read_sweeps(tmp_path / name)
    for paths in ([], 3, [3], None):
        with pytest.raises(refused, match="paths: got"):
            b2r.read_sweeps(paths)
    good = episodic(tmp_path / "a.abf", voltages)
    with pytest.raises(refused, match="named twice"):
        b2r.read_sweeps([good, good])
    empty = write_abf2(tmp_path / "none.abf", np.zeros((1, 1, 0)), [("IN 0", "mV")])
    with pytest.raises(refused, match="none.abf: holds no samples"):
        b2r.read_sweeps(empty)


def test_one_sweep_is_enough_for_a_point(tmp_path):
    path = write_steps(tmp_path / "one.abf", traces([200], [9]), 200, 0)
    found = expect(b2r.read_sweeps(path), [200], [9])
    with pytest.raises(refused, match="g_L: no step below threshold says it"):
        found.to_surface()
    assert found.to_surface(g_L="10 nS", E_L="-65 mV").rate_.shape == (1, 1)


@pytest.mark.parametrize("kind", ["abf", "nwb", "old.abf"])
def test_cut_off_and_damaged_files(kind, voltages, commands, tmp_path):
    """Wherever a file ends it is refused, or, of ABF beyond the last sample, read in full; damage in the header
    never ends in another error, nor in hours of work.
    """
    path = tmp_path / f"whole.{kind}"
    short = [v[::10] for v in voltages]
    if kind == "nwb":
        write_nwb(path, short, [current[::10] for current in commands], rate=RATE / 10)
    elif kind == "abf":
        write_abf2(path, 1e3 * np.array(short)[:, None], [("IN 0", "mV")], rate=RATE / 10,
                   dacs=[("Cmd 0", "pA", 0.0, steps_of(-50, 75, rate=RATE / 10), 1)])  # fmt: skip
    else:
        pyabf.abfWriter.writeABF1(1e3 * np.array(short), str(path), RATE / 10, units="mV")
    arguments = {} if kind != "old.abf" else {
        "currents": ["0 pA"] * 4, "window": ("100 ms", "600 ms")
    }  # fmt: skip
    b2r.read_sweeps(path, **arguments)
    content, rng = path.read_bytes(), np.random.default_rng(7)
    broken = tmp_path / f"broken.{'nwb' if kind == 'nwb' else 'abf'}"
    for end in (3, 100, 511, 512, 2000, len(content) // 3, len(content) // 2, len(content) - 2000):
        broken.write_bytes(content[:end])
        with pytest.raises(refused, match="broken"):
            b2r.read_sweeps(broken, **arguments)
    seen = 0
    for _ in range(60):
        damaged = bytearray(content)
        for at in rng.integers(4, 6000 if kind == "nwb" else 2000, 3):
            damaged[at] = rng.integers(256)
        broken.write_bytes(damaged)
        try:
            b2r.read_sweeps(broken, **arguments)
        except b2r.errors.B2reduceError:
            seen += 1
    assert seen


def test_what_is_not_installed_is_named(voltages, commands, tmp_path, monkeypatch):
    paths = episodic(tmp_path / "a.abf", voltages), write_nwb(tmp_path / "a.nwb", voltages, commands)
    for path, library in zip(paths, ("pyabf", "h5py")):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(refused, match=r'pip install "b2reduce\[recordings\]"'):
            b2r.read_sweeps(path)
    monkeypatch.setitem(sys.modules, "efel", None)
    monkeypatch.delitem(sys.modules, "pyabf")
    with pytest.raises(refused, match="pip install efel"):
        b2r.read_sweeps(paths[0], spikes="efel")


def test_reading_leaves_the_process_as_it_was(voltages, tmp_path):
    """pyabf, imported anew, adds to the path of modules and changes how numpy prints."""
    episodic(tmp_path / "a.abf", voltages)
    code = (
        # Setuptools, which Brian2 imports, adds to the path as well
        "import sys, setuptools, brian2, numpy as np, b2reduce as b2r\n"
        "before = list(sys.path), np.get_printoptions()\n"
        "b2r.read_sweeps('a.abf')\n"
        "assert 'pyabf' in sys.modules and (list(sys.path), np.get_printoptions()) == before\n"
        "import importlib\n"
        "for name in [name for name in sys.modules if name.startswith('pyabf')]: del sys.modules[name]\n"
        "importlib.import_module('pyabf')\n"
        "assert np.get_printoptions() != before[1]  # or there is nothing to guard\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# The command


@pytest.fixture
def clamped(tmp_path):
    """Rates that follow the law exactly: r = 0.1 Hz/pA (I - 50 pA - 10 mV g), in 0.5 s."""
    for k, g in enumerate((0, 5, 10)):
        currents = np.arange(-50, 551, 100)
        rates = np.maximum(0, 0.1 * (currents - 50 - 10 * g - 10 * 16.7))
        write_steps(
            tmp_path / f"g{k}.abf", traces(currents, np.round(rates / 2).astype(int), seed=k), -50, 100
        )
    return tmp_path


def test_the_command_fits_and_draws(clamped):
    arguments = ("fit", "g0.abf", "g1.abf", "g2.abf", "--added-g", "0 nS,5 nS,10 nS", "--E_added", "-65 mV")
    done = b2reduce(*arguments, "--plot", "out.png", "-o", "kept", "--json", cwd=clamped)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    # Counts are rounded to whole spikes, which are 2 Hz: at most 1 Hz of at least 20 points on a line of 0.1 Hz/pA
    assert data["beta [Hz/A]"] == pytest.approx(0.1e12, rel=0.1)
    assert data["v_theta [V]"] == pytest.approx(10e-3, abs=5e-3)
    assert len(data["recording"]["sweeps"]) == 21 and data["recording"]["g_L [S]"] == pytest.approx(
        16.7e-9, rel=0.02
    )
    assert (clamped / "out.png").read_bytes().startswith(b"\x89PNG")
    assert {"result.json", "sweeps.csv", "surface.csv", "recording"} <= set(os.listdir(clamped / "kept"))
    assert isinstance(b2r.load(clamped / "kept" / "recording"), b2r.SweepRecording)
    again = b2reduce(*arguments, "--plot", "out.png", cwd=clamped)
    assert_refused(again, "out.png: exists already")


def test_the_command_draws_what_cannot_be_fitted(clamped):
    done = b2reduce("fit", "g0.abf", "--rates", "500 Hz,600 Hz", "--plot", "one.svg", cwd=clamped)
    assert_refused(done, "0 points fire at 500 to 600 Hz", "the sweeps are drawn in one.svg")
    assert "<svg" in (clamped / "one.svg").read_text()


def test_sweeps_of_one_conductance_give_slope_and_threshold_and_no_shift(clamped):
    done = b2reduce("fit", "g0.abf", "--json", "--plot", cwd=clamped)
    assert done.returncode == 0, done.stderr
    assert (clamped / "g0.png").read_bytes().startswith(b"\x89PNG")
    data = json.loads(done.stdout)
    assert data["v_theta [V]"] is None and data["I_theta [A]"] is None
    assert "v_theta is not known: all sweeps have one conductance" in done.stderr
    told = json.loads(b2reduce("fit", "g0.abf", "--json", "--v_theta", "10 mV", cwd=clamped).stdout)
    assert told["beta [Hz/A]"] == pytest.approx(data["beta [Hz/A]"], rel=1e-6)
    assert told["I_theta [A]"] + 10e-3 * data["g [S]"] == pytest.approx(data["theta [A]"], rel=1e-6)
    shown = b2reduce("fit", "g0.abf", cwd=clamped).stdout
    assert "theta, at" in shown and "not known" in shown and "I_theta" not in shown


def test_options_of_the_command(clamped):
    for words, said in (
        (("g0.abf", "table.csv"), "table.csv: is no recording as the others are"),
        (("g0.abf", "--added"), "--added: is for tables"),
        (("table.csv", "--g-added", "1 nS"), "--g-added: is for sweeps"),
        (("a.csv", "b.csv"), "got 2 tables"),
        (("g0.abf", "--sweeps", "1-x"), "--sweeps: got '1-x'"),
        (("g0.abf", "--window", "1 ms"), "window: got"),
        (("g0.abf", "--threshold", "1 nS"), "threshold"),
        (("g0.abf", "--spikes", "magic"), "magic"),
        (("g0.abf", "--plot", "out.txt"), "expected the name of a file that ends in .png"),
        (("gone.abf",), "gone.abf: cannot be read"),
    ):
        assert_refused(b2reduce("fit", *words, cwd=clamped), said)
    assert END > STOP
