"""Short-term plasticity of projections: files, refusals, and the spiking network spike by spike."""

import numpy as np
import pytest
from brian2 import second

import b2reduce as b2r
from b2reduce.circuit.wiring import draw_wiring
from b2reduce.errors import CircuitError

TABLE = {"kind": "tsodyks_markram", "U": 0.3, "tau_rec": "150 ms", "tau_facil": "400 ms"}
G_, TAU_, DT_, DELAY_STEPS = 0.1e-9, 5e-3, 1e-4, 10
STEP = 1 - DT_ / TAU_ + (DT_ / TAU_) ** 2 / 2  # what a step of second order leaves of a conductance


def circuit(plasticity):
    lif = b2r.Population(model="lif", size=20)
    return b2r.Circuit(
        populations={"E": lif, "T": b2r.Population(model="lif", size=4)},
        projections=[
            b2r.Projection(
                "E", "T", G="0.1 nS", tau="5 ms", E="0 mV", in_degree=5, delay="1 ms", plasticity=plasticity
            )
        ],
        drives=[b2r.Drive("ext", "E", inputs=100, rate="25 Hz", G="2 nS", tau="5 ms", E="0 mV")],
        name="stp",
    )


def conductances(activity, plastic, seed, times):
    """Conductances of the targets at given times, from the spikes of the sources and the definition."""
    i, j, _ = draw_wiring(circuit(None), seed)["E->T"]
    cells, at = activity.spikes["E"]
    at = np.asarray(at)
    found = np.zeros((4, times.size))
    for source in np.unique(cells):
        u, x, last = 0.0, 1.0, -np.inf
        for t in np.sort(at[cells == source]):
            u *= np.exp(-(t - last) / 0.4) if plastic["facilitates"] else 0.0
            x = 1 - (1 - x) * np.exp(-(t - last) / 0.15)
            u += 0.3 * (1 - u)
            released, last = u * x, t
            x -= released
            steps = np.rint((times - t) / DT_) - DELAY_STEPS - 1  # recorded at the end of steps
            kernel = np.where(steps >= 0, G_ * STEP ** np.maximum(steps, 0), 0.0)
            found[j[i == source]] += released * kernel
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine, tau_facil", [("brian2", "400 ms"), ("brian2", "0 ms"), ("standalone", "400 ms")]
)
def test_network_releases_what_the_definition_says(numpy_code, engine, tau_facil):
    made = circuit({**TABLE, "tau_facil": tau_facil})
    activity = b2r.simulate_spikes(made, duration=1 * second, seed=3, record=4, engine=engine)
    assert activity.spikes["E"][0].size > 100
    got = np.asarray(activity.conductances["E->T"])
    got = got if got.shape[0] == 4 else got.T
    times = np.asarray(activity.conductance_t)
    expected = conductances(activity, {"facilitates": tau_facil != "0 ms"}, 3, times)
    # The same sums in double precision, a thousand terms at most, which differ by 1e-13.
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * expected.max())


def test_files_have_it(tmp_path):
    made = circuit(TABLE)
    (tmp_path / "stp.toml").write_text(made.to_toml())
    again = b2r.load_circuit(tmp_path / "stp.toml")
    assert again.projections[0].plasticity == made.projections[0].plasticity
    assert again.to_dict() == made.to_dict()
    assert "plasticity" not in circuit(None).projections[0].to_dict()


@pytest.mark.parametrize(
    "wrong, said",
    [
        ("tsodyks", "expected a table such as"),
        ({**TABLE, "kind": "stdp"}, "plasticity.kind: got the unknown kind 'stdp'"),
        ({**TABLE, "tau_rec": "1e300 s"}, "at most 100000 s; 0 s is facilitation alone"),
        ({**TABLE, "U": 1e-300}, "expected a share of at least 1e-06"),
        ({**TABLE, "U": 1.5}, "expected a share of at least 1e-06 and up to 1"),
        ({**TABLE, "tau_f": "1 s"}, "did you mean 'tau_facil'"),
        ({**TABLE, "tau_rec": "-1 s"}, "0 s is facilitation alone"),
        ({**TABLE, "tau_facil": "-1 s"}, "at least 0 s"),
        ({"kind": "tsodyks_markram", "U": 0.5}, "'tau_rec' is missing"),
    ],
)
def test_what_cannot_be_is_refused(wrong, said):
    with pytest.raises(CircuitError, match="projection E->T, plasticity") as error:
        circuit(wrong)
    assert said in str(error.value)


def test_a_part_of_it_is_changed_with_the_whole():
    made = circuit(TABLE)
    with pytest.raises(CircuitError, match="expected the whole of 'plasticity': give projection.E->T.plas"):
        made.replace({"projection.E->T.plasticity.U": 0.5})
    assert (
        made.replace({"projection.E->T.plasticity": {**TABLE, "U": 0.5}}).projections[0].plasticity.U_ == 0.5
    )
