"""Progress on stderr for what takes longer than two seconds."""

from __future__ import annotations

import sys
import time

from .arguments import described
from .units import InputError

__all__ = ["Progress"]

PATIENCE = 2.0  # seconds before the first word: shorter work needs none


class Progress:
    """Reports the fraction done of named stages.

    Parameters
    ----------
    mode : None, bool, str or callable
        None: on if stderr is a terminal. True or ``"text"``: on. False: off. A callable gets ``(stage, fraction)``.
    """

    def __init__(self, mode=None):
        if isinstance(mode, Progress):
            mode = mode.mode
        if not (mode is None or isinstance(mode, bool) or isinstance(mode, str) and mode == "text" or callable(mode)):
            raise InputError(f"progress: got {described(mode)}, expected None, True, False, 'text' or a callable of (stage, fraction)")
        self.mode = mode
        self._bar = self._task = None

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def stage(self, name):
        """Start a stage; returns ``report(fraction, name=None)``, which may rename it."""
        started = last = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, description=name, completed=0)

        def report(fraction, new_name=None):
            nonlocal last, name
            name = new_name or name
            if callable(self.mode):
                self.mode(name, float(fraction))
                return
            now = time.monotonic()
            if now - started < PATIENCE:
                return
            if self._is_terminal():
                self._show(name, fraction)
            elif self.mode and now - last > PATIENCE:
                last = now
                print(f"{name}: {100 * fraction:.0f} %", file=sys.stderr, flush=True)

        return report

    def _is_terminal(self):
        return self.mode is not False and sys.stderr.isatty()

    def _show(self, name, fraction):
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(name, total=1.0)
            self._bar.start()
        self._bar.update(self._task, description=name, completed=fraction)
