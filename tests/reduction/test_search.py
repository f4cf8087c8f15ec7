"""The search for operating points: what steps say of derivatives, and populations that have one function in common."""

from types import SimpleNamespace

import numpy as np
import pytest

import b2reduce as b2r
from b2reduce.reduction.inputs import same_inputs
from b2reduce.reduction.search import _Crossings, _Steps

TRUE = np.array([[-0.2, -0.8], [0.9, -1.5]])
SEEN = TRUE + np.array([[0.6, 0.0], [0.1, -0.2]])  # what cells at fixed sizes of events say
CV2 = np.ones(2)


def after_a_step(sem, cv2=CV2):
    steps, start, went = _Steps(), np.array([10.0, 8.0]), np.array([1.5, 0.4])
    steps.corrected(SEEN, start, np.zeros(2), sem, CV2)
    return went, steps.corrected(SEEN, start + went, TRUE @ went, sem, cv2)


def test_derivatives_agree_with_the_last_step():
    went, found = after_a_step(np.full(2, 1e-9))
    np.testing.assert_allclose(found @ went, TRUE @ went, rtol=1e-12)
    # Across the step nothing is known that was not known before
    across = np.array([-went[1], went[0]])
    np.testing.assert_allclose(found @ across, SEEN @ across, rtol=1e-12)


def test_a_step_within_the_scatter_says_nothing():
    went, found = after_a_step(np.full(2, 100.0))
    np.testing.assert_allclose(found, SEEN, atol=1e-3)
    assert not np.allclose(found @ went, TRUE @ went, rtol=0.05)


def test_a_step_on_which_trains_became_more_regular_says_nothing():
    _, found = after_a_step(np.full(2, 1e-9), 0.8 * CV2)
    np.testing.assert_array_equal(found, SEEN)


def point_of(circuit, drive=14.0):
    names = list(circuit.populations)

    return SimpleNamespace(
        rate_=dict.fromkeys(names, 15.0), drives_={(d.name, d.target): drive for d in circuit.drives}
    )


@pytest.mark.parametrize(
    "changes, same",
    [
        ({}, True),
        ({"population.I.size": 1200}, True),
        ({"projection.E->I.G": "0.11 nS"}, False),
        ({"projection.E->I.in_degree": 390}, False),
        ({"population.I.V_th": "-50.5 mV"}, False),
    ],
)
def test_populations_of_equal_cells_and_inputs(changes, same):
    circuit = b2r.load_circuit("ei_lif").replace(changes)
    assert same_inputs(circuit, "E", "I", point_of(circuit)) is same


def test_drives_of_other_rates_are_other_inputs():
    circuit = b2r.load_circuit("ei_lif")
    point = point_of(circuit)
    point.drives_ = {key: 14.0 + number for number, key in enumerate(point.drives_)}
    assert not same_inputs(circuit, "E", "I", point)


def test_drives_that_go_elsewhere_are_other_inputs():
    """A transfer function reaches as far as the drives go, even where they rest at the same rates."""
    circuit = b2r.load_circuit("ei_lif")
    table = {"times": ["0 s", "0.1 s"], "values": ["60 Hz", "14 Hz"]}
    assert not same_inputs(circuit.replace({"drive.ext->I.rate": table}), "E", "I", point_of(circuit))
    assert same_inputs(circuit.replace({"drive.ext.rate": table}), "E", "I", point_of(circuit))


def test_they_have_one_surface_in_common_and_gains_of_their_own():
    small = b2r.load_circuit("ei_lif").replace({"population.E.size": 1600, "population.I.size": 400})
    reduced = b2r.reduce(small, level="surface", seed=1)
    E, I = (reduced.surfaces[name] for name in "EI")
    np.testing.assert_array_equal(E.rate_, I.rate_)
    assert I.provenance["measured on"] == "E"
    for name in "EI":  # each rests at its own rate
        rested = reduced.steady_rates_(reduced.at_, reduced.operating_rate_)
        assert rested[name] == pytest.approx(reduced.operating_rate_[name], rel=1e-3)


def test_they_have_one_transfer_function_in_common():
    small = b2r.load_circuit("ei_lif").replace({"population.E.size": 1600, "population.I.size": 400})
    transfers = b2r.reduce(small, level="transfer", seed=1).transfers
    np.testing.assert_array_equal(transfers["E"].rate_, transfers["I"].rate_)
    assert transfers["I"].provenance["measured on"] == "E" and transfers["I"].provenance["population"] == "I"
    assert "measured on" not in transfers["E"].provenance
    other = b2r.reduce(small.replace({"projection.E->I.G": "0.11 nS"}), level="transfer", seed=1).transfers
    assert not np.array_equal(other["E"].rate_, other["I"].rate_)


def test_crossings_count_by_their_cells():
    crossings = _Crossings()
    crossings.add(
        np.array([10.0, 4.0]), np.diag([0.09, 0.01]), np.array([0.3, 0.1]), np.array([0.8, 1.0]), 100
    )
    crossings.add(
        np.array([10.4, 4.0]), np.diag([0.03, 0.01]), np.array([0.1, 0.1]), np.array([0.9, 1.0]), 300
    )
    np.testing.assert_allclose(crossings.mean, [10.3, 4.0])
    np.testing.assert_allclose(crossings.cv2, [0.875, 1.0])
    # Weights 1/4 and 3/4: variances 0.09/16 + 9 0.03/16, and 0.01 (1 + 9)/16
    np.testing.assert_allclose(crossings.sem**2, [0.36 / 16, 0.1 / 16])
    np.testing.assert_allclose(crossings.out_sem, [np.sqrt(0.09 / 16 + 0.09 / 16), np.sqrt(0.1 / 16)])
    assert (crossings.count(100), crossings.count(200), crossings.count(400)) == (2, 1, 0)
