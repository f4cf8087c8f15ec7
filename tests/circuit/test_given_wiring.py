"""Wiring that is given: read, refused, written, and the same in networks and in rate models of every cell."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from brian2 import ms, nS, second

import b2reduce as b2r
from b2reduce.circuit.file_check import check_file
from b2reduce.circuit.given_wiring import read_wiring
from b2reduce.circuit.wiring_pattern import MOST, pattern_of
from b2reduce.errors import CircuitError
from b2reduce.reduction.inputs import average
from b2reduce.reduction.measured_range import mean_response_

from ..cases import gain

I, J = np.array([0, 3, 2, 2, 1, 3]), np.array([1, 1, 0, 3, 3, 3])
WEIGHT, DELAY = np.array([0.2, 0.4, 0.1, 0.8, 0.5, 1.0]), np.array([1, 2, 3, 1, 2, 3]) * 1e-3


def arrays(**changes):
    return {"i": I, "j": J, "weight": WEIGHT, "delay": DELAY, **changes}


def circuit_of(wiring=None, cells=4, **changes):
    synapse = dict(G="1 nS", tau="5 ms", E="0 mV") | changes
    return b2r.Circuit(
        name="given",
        populations={"E": b2r.Population("lif", cells)},
        projections=[b2r.Projection("E", "E", wiring=arrays() if wiring is None else wiring, **synapse)],
        drives=[b2r.Drive("ext", "E", 500, "14 Hz", "0.5 nS", "5 ms", "0 mV")],
    )


def test_means_and_mean_squares_are_those_of_the_arrays():
    circuit = circuit_of()
    projection, (_, p) = circuit.projections[0], circuit.pathways("E")
    assert p.K == 6 / 4 and p.G_ == pytest.approx(WEIGHT.mean() * 1e-9, rel=1e-12)
    model = circuit.populations["E"].model
    force = 0 - model.leak_reversal_
    # sums over all synapses, by hand, at 7 Hz
    assert p.current_(7.0, model) == pytest.approx(WEIGHT.sum() / 4 * 1e-9 * 5e-3 * 7 * force, rel=1e-12)
    expected = np.sum(WEIGHT**2) / 4 * 1e-18 * 5e-3 * 7 / 2 * force**2
    assert p.variance_(7.0, model) == pytest.approx(expected, rel=1e-12)
    drive = {("ext", "E"): 0.0}
    assert average(circuit, "E", {"E": 7.0}, drive)[1] - model.leak_ == pytest.approx(
        WEIGHT.sum() / 4 * 35e-12, rel=1e-9
    )
    assert projection.wiring.in_degrees(4).tolist() == [1, 2, 0, 3]
    assert "1.5 ± 1.12, given" in repr(circuit) and "1 ms to 3 ms" in repr(circuit)
    assert "as given" in circuit.to_latex()


def test_rate_models_of_every_cell_use_the_very_matrix():
    circuit, slope, rates = circuit_of(), 0.25e12, np.array([1.0, 20.0, 3.0, 7.0])
    reduced = b2r.reduce(circuit, gains={"E": gain(beta=slope)}, tau="synaptic", cells=True)
    matrix = np.zeros((4, 4))
    np.add.at(matrix, (J, I), WEIGHT)
    drive, p = circuit.pathways("E")
    found = mean_response_(reduced, {"E": rates}, {("ext", "E"): 14.0}, seed=5)["E"]
    per_weight = reduced.weight_(p) / (p.K * WEIGHT.mean())
    current = per_weight * matrix @ rates + reduced.weight_(drive) * 14.0
    expected = np.mean(slope * np.maximum(current - reduced.theta_["E"], 0))
    # Ones and weights are single floats, of 6e-8
    assert expected > 0 and found == pytest.approx(expected, rel=1e-6)
    # The control, the matrix turned round, is off by a hundred times as much and more
    turned = per_weight * matrix.T @ rates + reduced.weight_(drive) * 14.0
    assert found != pytest.approx(np.mean(slope * np.maximum(turned - reduced.theta_["E"], 0)), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["brian2", pytest.param("standalone", marks=pytest.mark.long)])
def test_networks_have_the_very_synapses(numpy_code, engine):
    """A cell that alone is driven over its threshold; what the others receive says who it projects to."""
    from b2reduce.networks.engines.standalone import Standalone

    if engine == "standalone" and Standalone().problem(None):
        pytest.skip("there is no compiler")
    wiring = {
        "i": [0, 0, 0, 1],
        "j": [2, 1, 2, 2],
        "weight": [0.2, 0.4, 0.1, 0.5],
        "delay": [10, 5, 5, 5] * ms,
    }
    circuit = b2r.Circuit(
        populations={"A": b2r.Population("lif", 2, {"I_app": "300 pA"}), "B": b2r.Population("lif", 3)},
        projections=[b2r.Projection("A", "B", "1 nS", "5 ms", "0 mV", wiring=wiring)],
    )
    run = b2r.simulate_spikes(circuit, duration="1 s", seed=1, record=3, engine=engine)
    cells, times = run.spikes_["A"]
    # The conductance of each cell, at the times that it was recorded, from the spikes by hand. Spikes arrive
    # whole steps later, so that the sum is the same but for rounding of times to one step of 0.1 ms: within
    # 0.1/5 = 2 % of each event
    t, found = run.conductance_t_, run.conductances_["A->B"]
    expected = np.zeros((3, t.size))
    for i, j, weight, delay in zip(wiring["i"], wiring["j"], wiring["weight"], [0.010, 0.005, 0.005, 0.005]):
        late = t[:, None] - times[None, cells == i] - delay
        expected[j] += weight * 1e-9 * np.sum(np.exp(-np.maximum(late, 0) / 5e-3) * (late > 1e-9), axis=1)
    assert np.bincount(cells, minlength=2).min() >= 5
    assert np.all(found[0] == 0)
    for cell in (1, 2):
        assert np.mean(np.abs(found[cell] - expected[cell])) < 0.04 * expected[cell].mean()
        assert found[cell].mean() == pytest.approx(expected[cell].mean(), rel=0.04)


def test_files_are_written_and_read(tmp_path):
    circuit = circuit_of()
    circuit.save(tmp_path / "net.toml")
    text = (tmp_path / "net.toml").read_text()
    assert 'wiring = "net_wiring_1.npz"' in text and (tmp_path / "net_wiring_1.npz").is_file()
    again = b2r.load_circuit(tmp_path / "net.toml")
    assert again.hash == circuit.hash and check_file(tmp_path / "net.toml") == []
    assert np.array_equal(again.projections[0].wiring.weight, WEIGHT)
    assert b2r.Circuit.from_dict(circuit.to_dict()).hash == circuit.hash
    (tmp_path / "whole.toml").write_text(circuit.to_toml())
    assert b2r.load_circuit(tmp_path / "whole.toml").hash == circuit.hash
    other = WEIGHT.copy()
    other[:2] = other[1::-1]
    assert circuit_of(arrays(weight=other)).hash != circuit.hash
    changed = circuit.replace({"projection.E->E.G": "2 nS"})
    assert changed.pathways("E")[1].G_ == pytest.approx(2e-9 * WEIGHT.mean())
    assert circuit.replace({"projection.E->E.in_degree": 2}).projections[0].wiring is None
    with pytest.raises(CircuitError, match="index 3, but population E has 3 cells"):
        circuit.replace({"population.E.size": 3})


@pytest.mark.parametrize(
    "wiring, said",
    [
        (arrays(i=I + 1), "wiring, i: got the index 4, but population E has 4 cells"),
        (arrays(j=J - 1), "indices from 0"),
        (arrays(i=I + 0.5), "whole numbers"),
        (arrays(i=I[:4]), "4 in i, 6 in j"),
        (arrays(weight=WEIGHT - 0.5), "both signs"),
        (arrays(weight=0 * WEIGHT), "all are 0"),
        (arrays(weight=-WEIGHT), "weight times.*at least 0"),
        (arrays(weight=WEIGHT * nS), "plain numbers"),
        (arrays(weight=np.r_[WEIGHT[:5], np.nan]), "not finite"),
        (arrays(weight=WEIGHT + 0j), "numbers, one a synapse"),
        (arrays(delay=-DELAY), "delay: got -0.003"),
        (arrays(delay=DELAY * 1e6), "plain numbers are in s"),
        (arrays(delay=DELAY * 1e3), "delay: got 1 to 3 s.*divide those in ms by 1000"),
        (arrays(delay=DELAY * nS), "delay"),
        ("/", "is a folder"),
        (arrays(weights=WEIGHT), "weights.*weight"),
        (arrays(j=None), "'j' is missing"),
        (arrays(i=[[0, 1]] * 3), "one a synapse"),
        (arrays(i=I > 1), "whole numbers"),
        (arrays(i="0, 1, 2"), "whole numbers"),
        (arrays(i="base64:!"), "cannot be read"),
        ({"i": [], "j": []}, "at least one"),
        ([I, J], "path of an npz file"),
        ("nowhere.npz", "the file .nowhere.npz. does not exist"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_wiring_is_refused(wiring, said):
    with pytest.raises(CircuitError, match=said) as raised:
        circuit_of(wiring)
    assert "projection E->E, wiring" in str(raised.value)


@pytest.mark.parametrize(
    "changes, said",
    [
        (dict(in_degree=3), "both of in_degree and wiring"),
        (dict(delay="1 ms"), "the wiring has delays"),
        (dict(G="normal(1 nS, 0.1 nS)"), "the wiring has weights"),
        (dict(profile={"kind": "cosine", "modulation": 0.5}), "who is near"),
    ],
)
def test_nothing_is_said_twice(changes, said):
    with pytest.raises(CircuitError, match=said):
        circuit_of(**changes)
    pairs = circuit_of({"i": I, "j": J, "delay": list(DELAY) * second}, G="lognormal(1 nS, 1 nS)")
    assert pairs.pathways("E")[1].second == pytest.approx(2.0)


class Harmful:
    """Unpickled, it would leave a file."""

    def __reduce__(self):
        return (open, ("unpickled.txt", "w"))


def test_files_that_are_no_npz_of_numbers_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objects = np.array([Harmful()] * 6, dtype=object)
    np.savez("objects.npz", i=objects, j=J)
    np.save("single.npy", I)
    (tmp_path / "text.npz").write_text("0 1\n1 2\n")
    np.savez("whole.npz", **arrays())
    content = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.npz").write_bytes(b"")
    whole = circuit_of().to_toml().splitlines()
    for name in ("objects.npz", "single.npy", "text.npz", "half.npz", "empty.npz"):
        lines = [f'wiring = "{name}"' if line.startswith("wiring") else line for line in whole]
        (tmp_path / "net.toml").write_text("\n".join(lines))
        with pytest.raises(CircuitError, match=f"wiring.*{name}.*expected an npz file"):
            b2r.load_circuit(tmp_path / "net.toml")
        assert any(name in fault for fault in check_file(tmp_path / "net.toml"))
    assert not (tmp_path / "unpickled.txt").exists()


def packed(name, **changes):
    """An npz file whose entries are changed in its directory and in their heads, at the same offsets."""
    np.savez(name, **arrays())
    content = bytearray(Path(name).read_bytes())
    for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = content.find(mark)
        for offset, value in changes["at"].items():
            content[at + offset + shift] = value
    Path(name).write_bytes(bytes(content))


def test_files_that_numpy_stumbles_over_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    packed("encrypted.npz", at={6: 1})
    packed("method.npz", at={8: 99})
    for name, head in (
        ("huge.npz", b"{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999999,)}"),
        ("open.npz", b"{'descr': '<i4', 'shape': (1,"),
    ):
        with ZipFile(name, "w") as file:
            for array in "ij":
                file.writestr(f"{array}.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    for name in ("encrypted.npz", "method.npz", "huge.npz", "open.npz"):
        with pytest.raises(CircuitError, match=rf"projection E->E, wiring \({name}\)"):
            circuit_of(name)
        with pytest.raises(CircuitError, match=rf"drive ext->E, spikes \({name}\)"):
            b2r.Drive("ext", "E", spikes=name, G="1 nS", tau="5 ms", E="0 mV")


def patterned(inside, outside, sigma=0.0, cells=400):
    """Two groups whose synapses within and between them have these sizes, lognormal by sigma."""
    rng = np.random.default_rng(5)
    group = np.arange(cells) < cells // 2
    sizes = np.where(group[:, None] == group, inside, outside) * rng.lognormal(0, sigma, (cells, cells))
    i, j = np.nonzero(rng.random((cells, cells)) < 0.1)
    return {"i": i, "j": j, "weight": sizes[i, j]}


def test_groups_stand_out_of_shuffled_wiring_and_chance_does_not():
    measure = lambda *sizes: pattern_of(read_wiring(patterned(*sizes), "wiring"), (400, 400))
    assert measure(2.2, 0.3) > 1.5 * MOST
    # The spectrum of a random matrix ends at b = 2 sqrt(N) s, s^2 = p <w^2> of its entries. Two groups, d =
    # inside - outside, add a value of a = N p d/2 = 38, which chance raises to a + b^2/(4 a); b = 19.9. The
    # mean entry, left out, is a twentieth of s^2, and the largest value of one matrix scatters by 3 %.
    assert measure(2.2, 0.3) == pytest.approx((38 + 19.9**2 / (4 * 38)) / 19.9, rel=0.1)
    for same in ((1.0, 1.0), (1.0, 1.0, 1.0), (1.1, 0.9)):
        assert measure(*same) < MOST


def test_a_reduction_says_that_its_wiring_has_a_pattern():
    def said(inside, outside):
        circuit = b2r.Circuit(
            populations={"E": b2r.Population("lif", 400)},
            projections=[
                b2r.Projection(
                    "E", "E", kind="current", w="1 pA", tau="5 ms", wiring=patterned(inside, outside)
                )
            ],
            drives=[b2r.Drive("ext", "E", 100, "20 Hz", kind="current", w="50 pA", tau="5 ms")],
        )
        reduced = b2r.reduce(circuit, gains={"E": gain(beta=0.25e12)}, tau="synaptic")
        return [line for line in reduced.warnings if "pattern" in line]

    assert len(said(2.2, 0.3)) == 1 and not said(1.0, 1.0)
