"""Sweeps as amplifiers record them, made from known cells, and the files that hold them.

ABF2 files are written here byte by byte from the published layout, for there is no library that writes them;
what reads them is pyabf, which has its own account of that layout.
"""

import struct
from datetime import UTC

import numpy as np

RATE = 20_000.0
START, STOP, END = 0.1, 0.6, 0.7  # s of the step and of the sweep
R, TAU, REST = 1 / 16.7e-9, 15e-3, -65e-3  # of the cell `lif`


def needed(name):
    """A library, imported as the package does, or the reason to skip."""
    import pytest

    import b2reduce as b2r
    from b2reduce.cells.sweeps.raw import library

    try:
        return library(name)
    except b2r.errors.InputError as error:
        pytest.skip(str(error), allow_module_level=True)


def paste(voltage, spikes, rate=RATE, peak=30e-3):
    """Voltages with a spike as real amplifiers show it at each time: up within 0.3 ms, down within 0.7 ms."""
    voltage = voltage.copy()
    up, down = round(3e-4 * rate), round(7e-4 * rate)
    for k in np.round(np.asarray(spikes) * rate).astype(int):
        base, after = voltage[max(0, k - 1)], voltage[min(voltage.size - 1, k + up + down)]
        shape = np.concatenate([np.linspace(base, peak, up + 1)[1:], np.linspace(peak, after, down + 1)[1:]])
        part = voltage[k : k + up + down]
        part[:] = shape[: part.size]
    return voltage


def command(I, rate=RATE, start=START, stop=STOP, end=END, holding=0.0):
    t = np.arange(round(end * rate)) / rate
    return np.where((t >= start - 1e-9) & (t < stop - 1e-9), I, holding)


def passive(I, rng=None, noise=1e-4, rest=REST, jump=0.0, spikes=(), holding=0.0, rate=RATE, **step):
    """Voltage of a passive cell with pasted spikes; `jump` is a series resistance that the bridge left."""
    current = command(I, rate, holding=holding, **step)
    decay, v, x = np.exp(-1 / (rate * TAU)), np.empty(current.size), R * holding
    for k, i in enumerate(current):
        v[k], x = x, R * i + (x - R * i) * decay
    v = paste(rest + v + jump * current, spikes, rate)
    return v if rng is None else v + noise * rng.standard_normal(v.size)


def regular(number, start=START, stop=STOP):
    """Times of regular spikes in a step."""
    return start + (np.arange(number) + 0.5) * (stop - start) / max(number, 1)


def write_abf2(path, data, channels, rate=RATE, dacs=(), mode=5, user_list=False):
    """An ABF2 file.

    Parameters
    ----------
    data : ndarray (sweep, channel, sample), or list of (channel, sample) arrays of different lengths
        In the units of the channels.
    channels : list of (name, unit)
    dacs : list of (name, unit, holding, epochs, source)
        Epochs as (type, level, increment, samples); source 1 is the epoch table, 2 a file.
    """
    count = len(channels)
    flat = np.concatenate([np.asarray(sweep, dtype=float).T.ravel() for sweep in data])
    scales = [
        max(1e-30, *(np.abs(np.asarray(sweep)[k]).max(initial=0.0) for sweep in data)) / 32000
        for k in range(count)
    ]
    raw = np.round(flat.reshape(-1, count) / scales).astype("<i2").ravel()
    names = ["", *(text for pair in channels for text in pair), *(text for dac in dacs for text in dac[:2])]
    strings = b"SSCH\0\0" + b"\0".join(name.encode() for name in names[1:]) + b"\0"
    blocks, sections = [], {}

    def section(at, entries, width):
        start = 1 + sum(len(block) for block in blocks) // 512
        content = b"".join(bytes(entry).ljust(width, b"\0") for entry in entries)
        blocks.append(content.ljust(-(-len(content) // 512) * 512, b"\0"))
        sections[at] = (start if entries else 0, width if entries else 0, len(entries))

    protocol = bytearray(512)
    struct.pack_into("<h", protocol, 0, mode)
    struct.pack_into("<f", protocol, 2, 1e6 / rate)
    struct.pack_into("<i", protocol, 22, raw.size // max(len(data), 1))
    struct.pack_into("<f", protocol, 110, 1.0)  # range and resolution: scales do the rest
    struct.pack_into("<i", protocol, 118, 1)
    struct.pack_into("<h", protocol, 142, 9)  # digital outputs belong to no DAC
    section(76, [protocol], 512)
    adcs = []
    for k in range(count):
        adc = bytearray(128)
        struct.pack_into("<h", adc, 0, k)
        struct.pack_into("<h", adc, 26, k)
        struct.pack_into("<f", adc, 28, 1.0)
        struct.pack_into("<f", adc, 40, 1 / scales[k])
        struct.pack_into("<f", adc, 48, 1.0)
        struct.pack_into("<ii", adc, 74, 1 + 2 * k, 2 + 2 * k)
        adcs.append(adc)
    section(92, adcs, 128)
    outputs, epochs = [], []
    for k, (_, _, holding, table, source) in enumerate(dacs):
        dac = bytearray(256)
        struct.pack_into("<h", dac, 0, k)
        struct.pack_into("<f", dac, 12, holding)
        struct.pack_into("<ii", dac, 24, 1 + 2 * count + 2 * k, 2 + 2 * count + 2 * k)
        struct.pack_into("<hh", dac, 40, int(bool(table) or source == 2), source)
        outputs.append(dac)
        for number, (kind, level, increment, samples) in enumerate(table):
            epochs.append(struct.pack("<hhhffii", number, k, kind, level, increment, samples, 0))
    section(108, outputs, 256)
    section(156, epochs, 48)
    section(172, [struct.pack("<hhh", 0, 1, 1)] if user_list else [], 64)
    section(220, [strings], len(strings))
    section(236, [], 2)
    start = 1 + sum(len(block) for block in blocks) // 512
    sections[236] = (start, 2, raw.size)
    blocks.append(raw.tobytes().ljust(-(-2 * raw.size // 512) * 512, b"\0"))
    if mode != 3:  # lengths of the sweeps, all channels together
        sizes = [np.asarray(sweep).size for sweep in data]
        section(316, [struct.pack("<ii", 0, size) for size in sizes], 8)
    header = bytearray(512)
    header[:4] = b"ABF2"
    header[4:8] = bytes([0, 0, 6, 2])
    struct.pack_into("<II", header, 8, 512, 0 if mode == 3 else len(data))
    for at, (block, width, entries) in sections.items():
        struct.pack_into("<IIq", header, at, block, width, entries)
    path.write_bytes(bytes(header) + b"".join(blocks))
    return path


def steps_of(first, increment, rate=RATE, start=START, stop=STOP, end=END, before=()):
    """Epochs of a step protocol; the first 1/64 of a sweep belongs to no epoch."""
    lead = round(end * rate) // 64
    used = lead + sum(entry[3] for entry in before)
    return [
        *before,
        (1, 0.0, 0.0, round(start * rate) - used),
        (1, first, increment, round((stop - start) * rate)),
    ]


def write_steps(path, voltages, first, increment, holding=0.0, **more):
    """An episodic ABF2 file of a step protocol: voltages in V, levels in pA."""
    return write_abf2(
        path,
        1e3 * np.asarray(voltages)[:, None],
        [("IN 0", "mV")],
        dacs=[("Cmd 0", "pA", holding, steps_of(first, increment, **more), 1)],
    )


def write_nwb(
    path, voltages, commands, rate=RATE, electrodes=None, conversion=1.0, bias=None, table=False, **more
):
    """An NWB file by pynwb; values in SI, stored divided by the conversion."""
    from datetime import datetime

    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.icephys import CurrentClampSeries, CurrentClampStimulusSeries

    file = NWBFile("made of a known cell", path.stem, datetime(2024, 1, 1, tzinfo=UTC))
    device = file.create_device(name="amplifier")
    names = electrodes or ["e0"] * len(voltages)
    made = {
        name: file.create_icephys_electrode(name=name, description="x", device=device)
        for name in dict.fromkeys(names)
    }
    for k, (voltage, current, name) in enumerate(zip(voltages, commands, names)):
        common = {"rate": rate, "electrode": made[name], "gain": 1.0, "sweep_number": np.uint32(k)}
        common |= {
            "conversion": conversion,
            "stimulus_description": more.get("protocol", ["Long Square"] * 99)[k],
        }
        response = CurrentClampSeries(
            name=f"data_{k:05d}_AD0", data=np.asarray(voltage) / conversion,
            **({} if bias is None else {"bias_current": bias}), **common,
        )  # fmt: skip
        stimulus = CurrentClampStimulusSeries(
            name=f"data_{k:05d}_DA0", data=np.asarray(current) / conversion, **common
        )
        if table:
            file.add_intracellular_recording(electrode=made[name], stimulus=stimulus, response=response)
        else:
            file.add_acquisition(response)
            file.add_stimulus(stimulus)
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path


def write_nwb1(path, voltages, commands, rate=RATE):
    """A file of version 1 as the Allen Cell Types Database lays it out: sweeps by name alone, and every series
    a TimeSeries that says what it is by its ancestry.
    """
    import h5py

    with h5py.File(path, "w") as file:
        file["nwb_version"] = "NWB-1.0.5"
        for k, (voltage, current) in enumerate(zip(voltages, commands)):
            for place, kind, values, unit in (
                ("acquisition/timeseries", "CurrentClampSeries", voltage, "Volts"),
                ("stimulus/presentation", "CurrentClampStimulusSeries", current, "Amps"),
            ):
                group = file.create_group(f"{place}/Sweep_{k + 10}")
                group.attrs["neurodata_type"] = np.bytes_("TimeSeries")
                group.attrs["ancestry"] = np.array(["TimeSeries", "PatchClampSeries", kind], dtype="S")
                group["aibs_stimulus_name"] = np.bytes_(
                    b"Long Square" if k else b"Square - 2s Suprathreshold"
                )
                data = group.create_dataset("data", data=np.asarray(values), compression="gzip")
                data.attrs.update({"unit": np.bytes_(unit), "conversion": 1.0})
                time = group.create_dataset("starting_time", data=10.0 * k)
                time.attrs.update({"rate": rate, "unit": "Seconds"})
    return path


def simulate(model, currents, added, E_added=REST, rate=RATE):
    """(voltages with pasted spikes, spike times) of a cell of b2reduce run in Brian2, one sweep a current."""
    from brian2 import Network, NeuronGroup, Quantity, SpikeMonitor, StateMonitor, amp, second, siemens, volt

    import b2reduce as b2r

    cell = b2r.load_model(model)
    equations = (
        f"{cell.equations}\nI_app = I_inj + g_add*(E_add - v) : amp\nI_inj : amp\ng_add : siemens (constant)"
    )
    rest = {} if cell.refractory is None else {"refractory": cell.refractory}
    group = NeuronGroup(
        len(currents), equations, threshold=cell.threshold, reset=cell.reset, **rest, method="rk4", dt=Quantity(1 / rate, dim=second.dim),
        namespace={**cell.parameters, "E_add": E_added * volt},
    )  # fmt: skip
    group.v = cell.parameters["E_L"]
    group.g_add = np.asarray(added) * siemens
    voltage, spikes = StateMonitor(group, "v", record=True), SpikeMonitor(group)
    network = Network(group, voltage, spikes)
    for level, until in ((0.0, START), (1.0, STOP - START), (0.0, END - STOP)):
        group.I_inj = level * np.asarray(currents) * amp
        network.run(until * second)
    trains = [np.asarray(spikes.t / second)[np.asarray(spikes.i) == k] for k in range(len(currents))]
    return [paste(np.asarray(voltage.v / volt)[k], train) for k, train in enumerate(trains)], trains
