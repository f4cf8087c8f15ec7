"""Brian2 used without a trace: the caller's random state, device and preferences are as before afterwards."""

from __future__ import annotations

import logging
from contextlib import contextmanager

import numpy as np

from .units import InputError

__all__ = ["DivergenceError", "brian_session", "divisions_reported", "probe_group", "target_name", "seed_streams"]


class DivergenceError(FloatingPointError):
    """An integration that ended in NaN or infinity."""


@contextmanager
def brian_session(seed=None):
    """Run Brian2 code on the runtime device, seeded, and leave no trace of it.

    Brian2's compiled code draws uniform and normal numbers from buffers that it fills ahead of time. Restoring only
    numpy's state would leave our numbers in the caller's buffers, so these are put back as well.
    """
    import brian2
    from brian2.devices.device import reset_device
    from brian2.devices.device import runtime_device as runtime

    foreign = brian2.get_device() is not runtime
    if foreign:
        brian2.set_device("runtime")
    buffers = [getattr(runtime, name) for name in ("rand_buffer", "rand_buffer_index", "randn_buffer", "randn_buffer_index")]
    kept, numpy_state = [buffer.copy() for buffer in buffers], np.random.get_state()
    for buffer in buffers:
        buffer[:] = 0  # an index of 0 means: fill the buffer first
    warned = logging.getLogger("brian2.groups.group.invalid_values")  # of NaN; the engines report it themselves, with the point
    heard, warned.disabled = warned.disabled, True
    try:
        if seed is not None:
            brian2.seed(seed)
        yield brian2
    finally:
        warned.disabled = heard
        for buffer, content in zip(buffers, kept):
            buffer[:] = content
        np.random.set_state(numpy_state)
        if foreign:
            reset_device()


@contextmanager
def divisions_reported(message):
    """Turn a division by zero in Brian2's compiled code, where C would go on with infinity, into a DivergenceError."""
    from brian2.core.base import BrianObjectException

    try:
        yield
    except BrianObjectException as error:
        if isinstance(error.__cause__, (ZeroDivisionError, OverflowError)):
            raise DivergenceError(message) from error
        raise


def probe_group(equations, **arguments):
    """A NeuronGroup to inspect, never to run."""
    from brian2 import NeuronGroup

    with brian_session():
        group = NeuronGroup(1, equations, name="b2reduce_probe*", **arguments)
    group._network = "none"  # otherwise Brian2 warns at deletion that it was never run
    return group


def target_name():
    """Which code generation target Brian2 uses on this machine: ``"cython"`` or ``"numpy"``."""
    from brian2.devices.device import auto_target
    from brian2 import prefs

    target = prefs["codegen.target"]
    return auto_target().class_name if target == "auto" else getattr(target, "class_name", str(target))


def seed_streams(seed, *key):
    """A 32-bit seed for one purpose, independent of those for other purposes.

    Parameters
    ----------
    seed : int
        The user's seed.
    *key : int
        What the stream is for: a purpose number, a round, a population...
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed: got {seed!r}, expected a whole number of at least 0")
    return int(np.random.SeedSequence(entropy=int(seed), spawn_key=key).generate_state(1)[0])
