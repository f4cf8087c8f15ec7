"""The command line as processes that begin at once.

A server has imported Python's libraries and the package, and every command is a fork of it.
"""

import multiprocessing
import os
import sys
from types import SimpleNamespace

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["brian2", "pandas", "scipy.optimize", "scipy.interpolate", "matplotlib.figure", "b2reduce.cli.commands"]
)


def b2reduce(*arguments, cwd, env=None):
    """What `python -m b2reduce` with these arguments prints and how it ends, in a folder and with changes of
    the environment.
    """
    out, err = (os.path.join(cwd, f".{os.getpid()}.{name}") for name in ("out", "err"))
    process = _SERVER.Process(
        target=_command, args=([*map(str, arguments)], str(cwd), {**os.environ, **(env or {})}, out, err)
    )
    process.start()
    process.join()
    texts = []
    for path in (out, err):
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
        os.unlink(path)
    return SimpleNamespace(returncode=process.exitcode, stdout=texts[0], stderr=texts[1])


def assert_refused(result, *gist):
    """Exit status 2, one message on stderr with these words, no traceback, nothing on stdout."""
    assert result.returncode == 2 and result.stdout == "", result.stderr
    assert "Traceback" not in result.stderr
    for word in gist:
        assert word in result.stderr, result.stderr


def _command(arguments, cwd, environment, out, err):
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["b2reduce", *arguments]
    from b2reduce.cli.commands import main

    try:
        main(prog_name="b2reduce")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
