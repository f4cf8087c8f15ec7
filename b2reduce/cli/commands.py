"""The command line. Results go to stdout, progress and messages to stderr.

Brian2 is imported only by what simulates.
"""

from __future__ import annotations

import click

from .. import __version__
from . import asking, cells, circuits, files, fitting, fluctuations, scans, scripts
from .group import Command

__all__ = ["main"]


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="b2reduce")
def main():
    """From a spiking network in Brian2 to the rate model that theory says it is, and how far apart they are.

    Values carry units: '0.3 nA', '10 nS', '14 Hz'. Exit status: 0 success, 1 finished but the comparison is a
    breakdown, 2 bad input.

    \b
    Names and options complete themselves once the shell is told, in the file that it reads at its start:
      bash  eval "$(_B2REDUCE_COMPLETE=bash_source b2reduce)"
      zsh   eval "$(_B2REDUCE_COMPLETE=zsh_source b2reduce)"
      fish  _B2REDUCE_COMPLETE=fish_source b2reduce | source
    """


for command in (
    files.new,
    files.check,
    cells.models,
    cells.fi,
    fitting.fit,
    circuits.reduce,
    circuits.run,
    circuits.fixed_points_command,
    fluctuations.fluctuations_command,
    asking.what_if,
    asking.tune,
    asking.export,
    asking.explore,
    asking.notebook,
    scans.scan,
    scans.map_,
    scripts.reproduce,
    files.clean,
):
    main.add_command(command)
