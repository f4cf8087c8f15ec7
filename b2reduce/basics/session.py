"""Brian2 used without a trace: the caller's random state, device and preferences are as before afterwards."""

from __future__ import annotations

import logging
import signal
from contextlib import contextmanager

import numpy as np

from .errors import DivergenceError, StoppedError
from .interrupts import in_main_thread, raised_again, undisturbed
from .processes import compilers_ended
from .whole_imports import imported

__all__ = ["brian_session", "divisions_reported", "probe_group", "run_network", "target_name"]


_BUFFERS = ("rand_buffer", "rand_buffer_index", "randn_buffer", "randn_buffer_index")


class _Requests(logging.Filter):
    """Hears, and keeps from the user, that Brian2 was asked by Ctrl-C to stop a run."""

    heard = False

    def filter(self, record):
        if str(record.msg).startswith("Simulation stop requested"):
            self.heard = True
            return False
        return True


_requests = _Requests()


class _CtrlC:
    """A handler of Ctrl-C that remembers what it raised, where other code drops every exception."""

    def __init__(self, previous):
        self.previous, self.raised = previous, False

    def __call__(self, number, frame):
        try:
            self.previous(number, frame)
        except BaseException:
            self.raised = True
            raise


def _raise_what_was_lost():
    handler = signal.getsignal(signal.SIGINT) if in_main_thread() else None
    if isinstance(handler, _CtrlC) and handler.raised:
        raise KeyboardInterrupt


@contextmanager
def _remembered():
    before = signal.getsignal(signal.SIGINT)
    if not in_main_thread() or not callable(before) or isinstance(before, _CtrlC):
        yield
        return
    own = _CtrlC(before)
    try:
        signal.signal(signal.SIGINT, own)
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is own:
            signal.signal(signal.SIGINT, before)


@contextmanager
def brian_session(seed=None):
    """Run Brian2 code on the runtime device, seeded, and leave no trace of it.

    Brian2's compiled code draws uniform and normal numbers from buffers that it fills ahead of time.
    Restoring only numpy's state would leave our numbers in the caller's buffers, so these are put back as
    well.

    Ctrl-C, which Brian2 takes as a wish to end the run a little earlier, raises KeyboardInterrupt here. In a
    thread, which no signal reaches, Brian2's way is all there is, and `run_network` raises.
    """
    brian2 = imported("brian2")
    from brian2.devices.device import reset_device
    from brian2.devices.device import runtime_device as runtime

    warned, heard = logging.getLogger("brian2.groups.group.invalid_values"), logging.getLogger("brian2")
    undo = []
    try:
        with undisturbed():
            if brian2.get_device() is not runtime:
                brian2.set_device("runtime")
                undo.append(reset_device)
            undo.append(
                lambda before=brian2.prefs["core.stop_on_keyboard_interrupt"]: brian2.prefs.__setitem__(
                    "core.stop_on_keyboard_interrupt", before
                )
            )
            brian2.prefs["core.stop_on_keyboard_interrupt"] = not in_main_thread()
            buffers = [getattr(runtime, name) for name in _BUFFERS]
            kept, numpy_state = [buffer.copy() for buffer in buffers], np.random.get_state()
            undo.append(lambda: np.random.set_state(numpy_state))
            undo.append(
                lambda: [buffer.__setitem__(slice(None), content) for buffer, content in zip(buffers, kept)]
            )
            for buffer in buffers:
                buffer[:] = 0  # an index of 0 means: fill the buffer first
            undo.append(lambda before=warned.disabled: setattr(warned, "disabled", before))
            warned.disabled = True  # of NaN; the engines report it themselves, with the point
            if _requests not in heard.filters:
                _requests.heard = False
                heard.addFilter(_requests)
                undo.append(lambda: heard.removeFilter(_requests))
            # An exception within a run, Ctrl-C among them, leaves Brian2 thinking that it still runs; it
            # would keep the next Ctrl-C to itself.
            undo.append(
                lambda before=brian2.Network._globally_running: setattr(
                    brian2.Network, "_globally_running", before
                )
            )
        with compilers_ended(), _remembered(), raised_again():
            if seed is not None:
                brian2.seed(seed)
            yield brian2
            _raise_what_was_lost()
    finally:
        with undisturbed():
            for step in reversed(undo):
                step()


def run_network(network, duration_, *, report=None, rested=lambda: False):
    """Run a Brian2 network to its end.

    Parameters
    ----------
    network : brian2.Network
    duration_ : float
        Seconds.
    report : callable, optional
        Called with the fraction done, twice a second.
    rested : callable, optional
        Says whether the network ended itself because nothing moves any more, which is as good as the end.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C ended the run.
    StoppedError
        If anything else did: Brian2's ``stop()``, another thread, a longest time that a device was given.
    """
    from brian2 import second

    now_ = lambda: np.asarray(network.t_).item()  # under a foreign device it was made as a view
    end_ = now_() + duration_

    def callback(elapsed, done, start, whole):
        _raise_what_was_lost()
        if report is not None:
            report(done)

    network.run(duration_ * second, report=callback, report_period=0.5 * second, namespace={})
    _raise_what_was_lost()
    if _requests.heard:
        _requests.heard = False
        raise KeyboardInterrupt
    if end_ - now_() > 1e-10 * end_ and not rested():  # a step is more than that of any run
        raise StoppedError(
            f"the run was stopped at {now_():.6g} of {end_:.6g} s, by Brian2's stop(), by another thread or"
            " by a limit on its time; run it again undisturbed"
        )


@contextmanager
def divisions_reported(message):
    """Turn a division by zero in Brian2's compiled code, where C would go on with infinity, into a
    DivergenceError.
    """
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
    from brian2 import prefs
    from brian2.devices.device import auto_target

    target = prefs["codegen.target"]
    return auto_target().class_name if target == "auto" else getattr(target, "class_name", str(target))
