"""Progress on stderr for what takes longer than two seconds.

A bar in a terminal, else a line every ten seconds, never a longer silence.
"""

from __future__ import annotations

import sys
import threading
import time

from .arguments import described
from .errors import InputError
from .interrupts import undisturbed

__all__ = ["Progress", "Rehearsal", "Rehearsed"]

PATIENCE = 2.0  # seconds before the first word in a terminal: shorter work needs none
INTERVAL = 10.0  # seconds between lines where there is no terminal: notebooks, logs of a cluster


class _Work(threading.local):
    """What this thread reports on, the innermost last."""

    def __init__(self):
        self.under_way = []


_work = _Work()


class Progress:
    """Reports the fraction done of named stages.

    Parameters
    ----------
    mode : None, bool, str, callable or Progress
        None, True or ``"text"``: on. False: off. A callable gets ``(stage, fraction)``. Another Progress:
        what is done is part of its work.
    """

    def __init__(self, mode=None):
        if mode is None and _work.under_way:  # part of work that is reported on already
            mode = _work.under_way[-1]
        self._owner = not isinstance(mode, Progress)
        if self._owner and not (
            mode is None
            or isinstance(mode, bool)
            or isinstance(mode, str)
            and mode == "text"
            or callable(mode)
        ):
            raise InputError(
                f"progress: got {described(mode)}, expected None, True, False, 'text' or a callable of"
                " (stage, fraction)"
            )
        self._board = _board(mode) if self._owner else mode._board

    def __enter__(self):
        _work.under_way.append(self)
        return self

    def __exit__(self, *exc_info):
        _work.under_way.remove(self)
        if self._owner:
            self._board.close()

    def stage(self, name):
        """Start a stage; returns ``report(fraction, name=None)``, which may rename it."""
        self._board.begin(name)
        return self._board.report


def _board(mode):
    if callable(mode):
        return _Told(mode)
    return _Silent() if mode is False else _Shown()


class _Silent:
    """Says nothing."""

    def begin(self, name):
        pass

    def report(self, fraction, name=None):
        pass

    def close(self):
        pass


class Rehearsed(Exception):
    """The work came to its first stage: its arguments are what they must be."""


class _Stopping(_Silent):
    """Ends the work at its first stage."""

    def begin(self, name):
        raise Rehearsed


class Rehearsal(Progress):
    """Progress of work that is to check its arguments and then to end with `Rehearsed`."""

    def __init__(self):
        self._owner, self._board = True, _Stopping()


class _Told(_Silent):
    """Hands everything on to a function."""

    def __init__(self, function):
        self.function, self.name = function, ""

    def begin(self, name):
        self.name = name

    def report(self, fraction, name=None):
        self.name = name or self.name
        self.function(self.name, float(fraction))


class _Shown(_Silent):
    """Writes to stderr.

    A thread of its own speaks where the work itself does not come to it, within a compiler's run or a long
    step.
    """

    def __init__(self):
        self.name, self.fraction = "", 0.0
        self.thread = None
        self.ended = threading.Event()

    def begin(self, name):
        self.name, self.fraction = name, 0.0
        if self.thread is None:
            self.ended.clear()
            self.started = time.monotonic()
            with undisturbed():  # Ctrl-C must not leave half a thread
                self.thread = threading.Thread(target=self._speak, daemon=True, name="b2reduce progress")
                self.thread.start()

    def report(self, fraction, name=None):
        self.name, self.fraction = name or self.name, float(fraction)

    def close(self):
        with undisturbed():
            if self.thread is not None:
                self.ended.set()
                self.thread.join()
                self.thread = None

    def _speak(self):
        terminal = sys.stderr is not None and sys.stderr.isatty()
        try:
            if terminal:
                self._draw()
            else:
                while not self.ended.wait(INTERVAL):
                    print(
                        f"{self.name}: {100 * self.fraction:.0f} % ({time.monotonic() - self.started:.0f} s)",
                        file=sys.stderr,
                        flush=True,
                    )
        except (OSError, ValueError):  # nobody reads stderr any more, which is no reason to stop the work
            return

    def _draw(self):
        if self.ended.wait(PATIENCE):
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        task = bar.add_task(self.name, total=1.0)
        with bar:
            while not self.ended.wait(0.1):
                bar.update(task, description=self.name, completed=self.fraction)
