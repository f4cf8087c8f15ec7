"""Large libraries, imported whole whatever interrupts."""

from __future__ import annotations

import signal
import sys
from importlib import import_module

from .interrupts import in_main_thread, undisturbed

__all__ = ["imported"]


def imported(name):
    """The module of that name, imported whole: numpy, pandas, matplotlib and Brian2 cannot be imported again
    once an import was cut short.

    Brian2 installs a handler of Ctrl-C when it is imported, which Python refuses outside of the main thread
    and which hands on to whatever handler it finds; it is given the one that is there between calls.
    """
    if name in sys.modules and not getattr(
        getattr(sys.modules[name], "__spec__", None), "_initializing", False
    ):
        return sys.modules[name]
    real = signal.signal
    if not in_main_thread():
        signal.signal = lambda number, handler: (
            real(number, handler) if in_main_thread() else signal.getsignal(number)
        )
        try:
            return import_module(name)
        finally:
            signal.signal = real
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        module = import_module(name)
        ours = signal.getsignal(signal.SIGINT)
        if hasattr(ours, "previous_handler"):
            if callable(before):
                ours.previous_handler = before
            else:
                real(signal.SIGINT, before)  # a process that is to ignore Ctrl-C goes on ignoring it
    return module
