"""Fluctuations of whole circuits: what is foretold, kept, refused, and seen in networks of spiking cells."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, mV, pA, second

import b2reduce as b2r
from b2reduce.circuit.delays import AT_ONCE
from b2reduce.reduction.loops.rate_loop import RateLoop
from b2reduce.reduction.loops.responses import AtRest, measured_loop
from b2reduce.reduction.loops.spectra import Spectra

from .. import cases


@pytest.fixture(scope="module")
def found(once, ei_linear):
    """The default circuit's."""
    return once("ei_fluctuations", lambda: b2r.fluctuations(ei_linear, seed=1))


def unmeasured(**arguments):
    """A circuit whose cells answer to nothing, for what needs no measurement."""
    reduced = cases.reduced(**arguments)
    return b2r.Fluctuations(reduced, {}, np.array([1.0, 10.0, 100.0]))


def test_cells_that_answer_to_nothing_are_independent():
    own = unmeasured()
    rate, size = own.reduced.operating_rate_, {"E": 80, "I": 40}
    for k, name in enumerate("EI"):
        assert own.spectrum[k, k] / Hz == pytest.approx(rate[name] / size[name], rel=1e-12)
        assert own.train_spectrum[k] / Hz == pytest.approx(rate[name], rel=1e-12)
        # A count of N independent cells in T has N r T of variance, a rate of it over N T
        assert own.variance(10 * ms)[name] == pytest.approx(rate[name] / size[name] / 10e-3, rel=1e-9)
        assert own.fano("10 ms")[name] == pytest.approx(1, rel=1e-9)
    assert np.abs(own.spectrum_[0, 1]).max() == 0 and np.abs(own.correlation()).to_numpy().max() < 1e-12
    assert own.stable and own.roots.size == 0 and own.growth == -np.inf * Hz and own.rhythm == 0 * Hz
    assert "no feedback" in repr(own)
    frame = own.to_frame()
    assert len(frame) == 3 * 3 and set(frame["population"] + frame["with"]) == {"EE", "EI", "II"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(frequencies=[0, 10] * Hz), "frequencies.*above 0"),
        (dict(frequencies=-5 * Hz), "frequencies.*above 0"),
        (dict(frequencies=[np.nan, 10] * Hz), "frequencies.*above 0"),
        (dict(frequencies=[] * Hz), "frequencies.*above 0"),
        (dict(frequencies=[[1, 2], [3, 4]] * Hz), "frequencies.*above 0"),
        (dict(frequencies=[10] * mV), "frequencies"),
        (dict(seed=1.5), "seed"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, message):
    with pytest.raises(b2r.errors.InputError, match=message):
        b2r.fluctuations(cases.reduced(), **arguments)


def test_gains_without_noise_and_other_things_are_refused():
    with pytest.raises(b2r.errors.InputError, match="measured without noise"):
        b2r.fluctuations(cases.reduced(noise="none"))
    with pytest.raises(b2r.errors.InputError, match="reduced"):
        b2r.fluctuations("ei_lif")
    with pytest.raises(b2r.errors.InputError, match="window"):
        unmeasured().variance(0 * ms)


@pytest.mark.slow
def test_the_default_circuit_is_foretold_to_be_asynchronous(found, ei_linear):
    assert found.stable and found.growth / Hz < -20
    premises = found.foretold
    assert len(premises) == 3 and (premises["foretold"] <= premises["limit"]).all()
    assert premises["holds"].all() and "foretold to fail" not in repr(found)
    assert 25 < found.rhythm / Hz < 50
    # Cells that answer answer with the sign of their synapses: a table of the other one would be seen
    signs = {key: np.sign(answer.gain[0].real) for key, answer in found.answers.items()}
    assert signs == {"E:1": 1, "E:2": -1, "I:1": 1, "I:2": -1}
    # Spectra of real signals are Hermitian and not negative
    S = np.moveaxis(found.spectrum_, -1, 0)
    np.testing.assert_allclose(S, np.conj(np.swapaxes(S, 1, 2)), atol=1e-12 * np.abs(S).max())
    assert np.linalg.eigvalsh(S).min() > 0
    # At high frequencies only the trains of each cell are left: r/N, but for a gain of some per cent
    rate = np.array([ei_linear.operating_rate_[name] for name in found.populations])
    sizes = np.array([ei_linear.circuit.populations[name].size for name in found.populations])
    np.testing.assert_allclose(np.diag(S[-1].real) * sizes / rate, 1, atol=0.2)
    assert found.variance(10 * ms).index.tolist() == list(found.populations)
    assert (found.fano(100 * ms) < 1).all() and (found.fano(1 * ms) > 0.9).all()


@pytest.mark.slow
def test_what_is_saved_comes_back_with_the_same_spectra(found, tmp_path):
    b2r.save(found, tmp_path / "kept")
    again = b2r.load(tmp_path / "kept")
    assert type(again) is type(found) and again.provenance == found.provenance
    np.testing.assert_array_equal(again.spectrum_, found.spectrum_)
    np.testing.assert_array_equal(again.roots_, found.roots_)
    np.testing.assert_array_equal(again.frequency_, found.frequency_)
    assert again.foretold.equals(found.foretold) and again.provenance == found.provenance


def without_delays(found):
    """The Spectra of the same cells, with all rates there at once."""
    circuit, point = found.reduced.circuit, AtRest.of(found.reduced)
    answers = {}
    for key, response in found.answers.items():
        name, _, number = key.rpartition(":")
        answers.setdefault(name, {})[int(number)] = response
    loop, shared = measured_loop(circuit, point, answers)
    links = tuple(replace(own, pathway=replace(own.pathway, delays=AT_ONCE)) for own in loop.links)
    return Spectra(RateLoop(loop.names, links), shared, answers, circuit, point)


@pytest.mark.slow
def test_spiking_networks_have_the_spectra_that_are_foretold(found):
    bin_, long_, edges = 1e-3, 1.0, np.arange(5, 201, 15)
    f = np.fft.rfftfreq(round(long_ / bin_), bin_)
    bands = [(f >= low) & (f < high) for low, high in zip(edges[:-1], edges[1:])]
    powers = []
    for seed in (1, 2):
        run = b2r.simulate_spikes("ei_lif", duration=2.2 * second, seed=seed)
        rate = run.rate_[:, round(0.2 / bin_) :].reshape(2, 2, -1)  # population, stretch, bin
        left = rate - rate.mean(axis=(1, 2), keepdims=True)
        powers.append(np.abs(np.fft.rfft(left, axis=-1) * bin_) ** 2 / long_)
    seen = np.mean(np.concatenate(powers, axis=1), axis=1)
    seen = np.array([seen[:, band].mean(axis=1) for band in bands]).T

    def off(spectra):
        S = spectra(f)
        told = np.array([[S[k, k].real[band].mean() for band in bands] for k in range(2)])
        return np.abs(told / seen - 1)

    own = off(lambda f: found._spectra.rates_(f))
    # 60 values a band, each exponential: 13 % of chance, whose median is 9 %
    assert (np.median(own, axis=1) <= 0.15).all(), own
    late = off(without_delays(found).rates_)
    assert (np.median(late, axis=1) > 0.3).all(), "delays left out would be seen"
    alone = off(
        lambda f: (
            np.eye(2)[:, :, None] * found._spectra.rate_[:, None, None] / found._spectra.sizes[:, None, None]
            + 0 * f
        )
    )
    assert np.median(alone) > 0.3, "independent cells"


@pytest.mark.parametrize("drives", [True, False])
def test_cells_that_receive_nothing_are_refused_by_what_can_be_done(drives):
    """At 0 Hz of the only drive, or with none; a rate for it, or the drive itself, is what is missing."""
    circuit = cases.two_populations().replace({"drive.ext.rate": 0 * Hz, "population.I.I_app": 0 * pA})
    circuit = circuit if drives else replace(circuit, drives=())
    gains = {"E": cases.gain(), "I": cases.gain()}
    gist = "receive nothing and are silent, " + (
        r"with drive ext at 0 Hz: .*at=\{'ext': \.\.\.\}.*or a drive of a higher rate"
        if drives
        else ".*has no drive"
    )
    silent = b2r.reduce(circuit, gains=gains)
    with pytest.raises(b2r.errors.InputError, match="^fluctuations, reduced: .*" + gist):
        b2r.fluctuations(silent)
    for tau in ("pathway", "resonant"):
        with pytest.raises(b2r.errors.InputError, match=f"^tau, {tau}: .*{gist}"):
            b2r.reduce(circuit, gains=gains, tau=tau)


@pytest.mark.slow
def test_gains_of_cells_that_receive_nothing_are_refused_likewise():
    circuit = cases.two_populations().replace({"drive.ext.rate": 0 * Hz})
    with pytest.raises(
        b2r.errors.InputError, match="^population E: no gain.*receive nothing.*drive ext at 0 Hz"
    ):
        b2r.reduce(circuit, gains={"I": cases.gain()})
