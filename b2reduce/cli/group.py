"""The command as a whole: how errors, Ctrl-C and SIGTERM end it."""

from __future__ import annotations

import signal
import sys
import warnings

import click

from ..basics.interrupts import Terminated, end_at_once, raise_on_sigterm, raised_again, undisturbed
from .output import speak_utf8

ENDED = 130, 143  # exit status after Ctrl-C and after SIGTERM


class Command(click.Group):
    """Turns the package's own errors into one message and exit status 2, and Ctrl-C and SIGTERM into one line
    and the status that shells use.
    """

    def main(self, args=None, **extra):
        """Of a process of its own where no arguments are handed over."""
        if args is not None:
            return super().main(args, **extra)
        raise_on_sigterm()
        speak_utf8()
        # A job in the background: Brian2 would hand on to what cannot be called
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            signal.signal(signal.SIGINT, _ignore)
        try:
            with raised_again():
                return super().main(args, **extra)
        except SystemExit as end:
            if end.code in ENDED:
                end_at_once(end.code)
            raise
        finally:
            # All is written, or nothing; the process has only to end
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)

    def make_context(self, *args, **extra):
        try:
            return super().make_context(*args, **extra)
        except KeyboardInterrupt as interrupt:
            _interrupted(interrupt)

    def invoke(self, context):
        try:
            return self._own_errors(context)
        except KeyboardInterrupt as interrupt:
            _interrupted(interrupt, context.meta.get("b2reduce.folder"))

    def _own_errors(self, context):
        from ..basics.errors import B2reduceError

        try:
            with warnings.catch_warnings():
                # Results carry theirs, and each command shows them once
                warnings.filterwarnings("ignore", category=UserWarning, module=r"b2reduce(?!\.experiments)")
                return super().invoke(context)
        except B2reduceError as error:
            click.echo(f"Error: {error}", err=True)
            context.exit(2)


def _ignore(number, frame):
    """A signal that a process was started to ignore."""


def _interrupted(interrupt, folder=None):
    with undisturbed():
        click.echo(f"interrupted; {_kept(folder)}", err=True)
    sys.exit(ENDED[isinstance(interrupt, Terminated)])


def _kept(folder):
    """What an interrupted command leaves."""
    from pathlib import Path

    folder = None if folder is None else Path(folder)
    if folder is None or not folder.is_dir() or not any(folder.iterdir()):
        return "nothing was written"
    if not (folder / "scan.json").exists():
        return f"{folder} is complete"
    finished = len(list((folder / "points").glob("*.json")))
    return (
        f"the points that were finished ({finished}) are kept in {folder}, and the same command goes on from"
        " there"
    )
