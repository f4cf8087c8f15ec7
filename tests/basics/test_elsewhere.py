"""Kernels and networks on Windows and on ARM, emulated: the spikes that they make here."""

import os
import subprocess
import sys

import numpy as np
import pytest
from brian2 import second

import b2reduce as b2r
from b2reduce.basics.compilers.base import exported
from b2reduce.basics.compilers.gnu import Gnu
from b2reduce.basics.compilers.systems import MacOS
from b2reduce.cells.engine import simulate_cells
from b2reduce.cells.engine.kernel_arrays import RunArrays
from b2reduce.cells.engine.native import kernel_of
from b2reduce.networks.engines import native as networks

from .. import elsewhere
from ..cells.test_native import grid
from ..networks.test_native_network import CIRCUITS, spikes_of
from ..spike_trains import assert_same_spikes, noisy

pytestmark = pytest.mark.long
#: Sets of instructions that emulators have
MACHINES = {
    "Windows": (elsewhere.windows, "x86-64"),
    "Windows with AVX2": (elsewhere.windows, "x86-64-v3"),
    "ARM": (elsewhere.arm, "armv8-a"),
    "ARM with its newer sets": (elsewhere.arm, "cortex-a76"),
}


@pytest.fixture(scope="module", params=MACHINES)
def machine(request, tmp_path_factory):
    make, march = MACHINES[request.param]
    found = make(tmp_path_factory.mktemp("elsewhere"), march)
    if found is None and not os.environ.get("B2REDUCE_ELSEWHERE"):
        pytest.skip("an emulator, or a compiler for it, is not installed: see .ci/elsewhere")
    assert found is not None, "see .ci/elsewhere"
    return found


@pytest.fixture
def there(machine, monkeypatch):
    """Gives the result of a call here, and of the same call on the other machine."""

    def both(call):
        here = call()
        with monkeypatch.context() as patch:
            patch.setattr(
                RunArrays, "run", lambda own, *args, **named: machine.run_cells(own, *args, **named)
            )
            patch.setattr(networks, "run_network", machine.run_network)
            return here, call()

    return both


@pytest.mark.parametrize("target, march", [("aarch64", "apple_m1"), ("x86_64", "x86_64_v3")])
def test_macos_compiles_with_its_own_headers(target, march, tmp_path):
    """By a clang that brings them; what it makes is not run."""
    if not os.environ.get("B2REDUCE_ELSEWHERE"):
        pytest.importorskip("ziglang")
    system = MacOS({"aarch64": "arm64"}.get(target, target))
    compiler = Gnu((sys.executable, "-m", "ziglang", "c++", "-target", f"{target}-macos"), system)
    network, _ = networks.program_of(CIRCUITS["plasticity"](), 1e-4)
    for text in (kernel_of(noisy(16), 1e-4).source.text, network.text):
        (product, words), _ = compiler.steps(text, march)
        (tmp_path / "kernel.cpp").write_text(text, encoding="utf-8")
        subprocess.run([*compiler.command, *words], cwd=tmp_path, check=True, capture_output=True)
        made = (tmp_path / product).read_bytes()
        # Of 64 bits, then the processor, in mach/machine.h: 7 is x86, 12 is ARM, and 1 << 24 says 64 bits
        assert made[:4] == bytes.fromhex("cffaedfe")
        assert int.from_bytes(made[4:8], "little") == (1 << 24 | {"aarch64": 12, "x86_64": 7}[target])
        assert all(f"_{name}".encode() in made for name in exported(text))


@pytest.mark.parametrize("name", ["lif", "adex_brette2005", "hodgkin_huxley1952"])
def test_cells_fire_at_the_same_steps(there, name):
    cells = grid(name)
    duration = 5000 * float(cells.model.dt)
    here, other = there(lambda: simulate_cells(cells, duration, 0.2 * duration, engine="native")[0])
    assert here.total.max() > 2
    assert_same_spikes(here, other)
    weaker = grid(name)
    weaker.parameters[cells.model.input][:] *= 0.99
    control = simulate_cells(weaker, duration, 0.2 * duration, engine="native")[0]
    assert (control.last_time != other.last_time).any(), "1 % less current would be seen"


def test_chance_is_the_same(there):
    """Random numbers are bits: cells that events drive fire at the same steps, but for the last bit of exp."""
    here, other = there(lambda: simulate_cells(noisy(40), 0.5, 0.1, seed=3, engine="native")[0])
    assert here.total.min() > 2
    assert_same_spikes(here, other)
    for name, events in here.events.items():
        np.testing.assert_array_equal(events, other.events[name])


@pytest.mark.parametrize("name", ["conductances", "plasticity", "sizes that differ", "jumps"])
def test_networks_fire_at_the_same_steps(there, name, monkeypatch):
    """In two parts, which threads of that system run."""
    monkeypatch.setattr(networks, "WORK", 1)
    monkeypatch.setenv("B2REDUCE_THREADS", "2")
    circuit = CIRCUITS[name]()
    here, other = there(lambda: b2r.simulate_spikes(circuit, duration=0.3 * second, seed=1, engine="native"))
    assert min(map(len, spikes_of(here).values())) > 15
    assert spikes_of(here) == spikes_of(other)
    for label, values in here.conductances_.items():
        # Sums of the same terms in another order: some 100 roundings at most
        np.testing.assert_allclose(
            other.conductances_[label], values, rtol=0, atol=100 * 2.3e-16 * np.abs(values).max()
        )
