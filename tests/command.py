"""The command line within this process, and as a process where that is what a test is about."""

import contextlib
import subprocess
import sys
import warnings
from types import SimpleNamespace

from click.testing import CliRunner

from b2reduce.cli.commands import main

#: What Python itself leaves out of what it shows; all else goes to stderr.
HIDDEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def b2reduce(*arguments, cwd, env=None):
    """What `b2reduce` with these arguments prints and how it ends, in a folder and with changes of the
    environment.

    What a process would end in with a traceback is raised.
    """
    with contextlib.chdir(cwd), warnings.catch_warnings():
        warnings.resetwarnings()
        for category in HIDDEN:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = _shown
        result = CliRunner().invoke(
            main, [*map(str, arguments)], prog_name="b2reduce", env=env, catch_exceptions=False
        )
    return SimpleNamespace(returncode=result.exit_code, stdout=result.stdout, stderr=result.stderr)


def process(*arguments, cwd, env=None):
    """The same as a process that begins with nothing."""
    return subprocess.run(
        [sys.executable, "-m", "b2reduce", *map(str, arguments)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
    )


def assert_refused(result, *gist):
    """Exit status 2, one message on stderr with these words, no traceback, nothing on stdout."""
    assert result.returncode == 2 and result.stdout == "", result.stderr
    assert "Traceback" not in result.stderr
    for word in gist:
        assert word in result.stderr, result.stderr


def _shown(message, category, filename, lineno, file=None, line=None):
    """A warning as Python shows it: pytest would keep it to itself."""
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))
