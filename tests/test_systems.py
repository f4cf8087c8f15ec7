"""What keeps the package from being one of Linux alone."""

import ast
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import b2reduce as b2r
from b2reduce.basics import environment, processes
from b2reduce.cli.output import speak_utf8

PACKAGE = Path(b2r.__file__).parent
SOURCES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
#: Where systems differ, and all that is said of it
OF_SYSTEMS = "basics/compilers/systems.py"
READS = {"read_text", "write_text", "open"}


def without_alphabet(source):
    """Lines where a text is read or written in whatever alphabet the system has."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name not in READS or any(word.arg == "encoding" for word in node.keywords):
            continue
        of_own = isinstance(node.func, ast.Name) or name == "open"
        owner = getattr(getattr(node.func, "value", None), "id", None)
        if name == "write_text" and isinstance(node.func, ast.Name):
            continue  # of basics.files, which writes UTF-8
        mode = [each.value for each in node.args[1:] if isinstance(each, ast.Constant)]
        if name == "open" and (owner in ("os", "webbrowser") or any("b" in str(each) for each in mode)):
            continue
        if of_own or name != "open":
            yield node.lineno


def names_a_system(source):
    """Lines that ask for the system by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in (("sys", "platform"), ("os", "name"), ("platform", "system")):
                yield node.lineno


@pytest.mark.parametrize("found", [without_alphabet, names_a_system])
def test_nothing_hangs_on_the_system(found):
    places = {
        name: lines
        for name, path in SOURCES.items()
        if name != OF_SYSTEMS and (lines := list(found(path.read_text(encoding="utf-8"))))
    }
    assert places == {}


def test_what_hangs_on_the_system_would_be_seen():
    assert list(without_alphabet("Path('a').read_text()\nopen('b')\nx.write_text(y)")) == [1, 2, 3]
    assert not list(without_alphabet("x.read_text(encoding='utf-8')\nopen('b', 'rb')\nos.open('c', 0)"))
    assert list(names_a_system("import sys\nif sys.platform == 'win32': pass")) == [2]
    systems = SOURCES[OF_SYSTEMS].read_text(encoding="utf-8")
    assert list(names_a_system(systems)), "that is where it stands"


def test_the_cores_of_a_system_that_does_not_say_which_are_ours(monkeypatch):
    monkeypatch.delenv("B2REDUCE_THREADS", raising=False)
    assert environment.thread_count() == len(os.sched_getaffinity(0)) >= 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert environment.thread_count() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert environment.thread_count() == 1


def test_free_memory_is_less_than_the_machine_has(monkeypatch):
    assert 0 < environment.free_memory() < psutil.virtual_memory().total
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():  # another route to it: what other processes take meanwhile is less than a quarter
        line = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable"))
        available = 1024 * int(line.split()[1])
        assert environment.free_memory() < 1.25 * available


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print(child.pid, flush=True)
time.sleep(100)
"""


@pytest.fixture
def family():
    """A process, and the pid of one that it has started."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    yield parent, child
    for pid in (parent.pid, child):
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()


def at_work(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_families_end_where_there_are_no_groups(family, monkeypatch):
    """As on Windows: no signal may be sent to ask whether a process is there, for it would be Ctrl-C."""
    parent, child = family
    assert at_work(parent.pid) and at_work(child)
    monkeypatch.delattr(os, "killpg")
    monkeypatch.setattr(processes, "_there", lambda *words: pytest.fail("signal 0 would be sent"))
    processes.end_processes([parent.pid], groups=True)
    parent.wait(10)
    until = time.monotonic() + 10
    while at_work(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not at_work(parent.pid) and not at_work(child)


def test_a_process_that_has_gone_is_no_error(family):
    parent, child = family
    parent.kill()
    parent.wait()
    processes.end_families([parent.pid])
    assert at_work(child), "whose child is nobody's then: the families are looked up before anything ends"


def test_compilers_are_found_by_what_they_inherit(tmp_path):
    """Those that bear the mark of this process, under any of their names, and no others."""
    code = "import time; time.sleep(100)"
    python = os.path.realpath(sys.executable)
    program = tmp_path / "cc1plus"
    program.symlink_to(python)
    start = lambda words, mark: subprocess.Popen(
        words, env={**os.environ, processes._MARK: mark, "PYTHONHOME": sys.base_prefix}
    )
    marked, other, no_compiler = (
        start([program, "-c", code], "here"),
        start([program, "-c", code], "elsewhere"),
        start([python, "-c", code], "here"),
    )
    try:
        until = time.monotonic() + 20
        while processes._marked("here") != [marked.pid] and time.monotonic() < until:
            time.sleep(0.05)
        assert processes._marked("here") == [marked.pid]
    finally:
        for each in (marked, other, no_compiler):
            each.kill()
            each.wait()


@pytest.mark.parametrize(
    "name, compiles",
    [
        *((name, True) for name in ("cl.exe", "clang-cl.exe", "cc1plus.exe", "g++", "as", "clang-18")),
        *((name, False) for name in ("link.exe", "ld", "python3", "close", "assess")),
    ],
)
def test_names_of_compilers(name, compiles):
    assert bool(processes._COMPILER.match(name)) == compiles


def test_what_is_printed_is_utf8(monkeypatch):
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    with pytest.raises(UnicodeEncodeError):
        io.TextIOWrapper(io.BytesIO(), encoding="cp1252").write("τ → 5 ms")
    speak_utf8([pipe])
    pipe.write("τ → 5 ms")
    pipe.flush()
    assert pipe.buffer.getvalue().decode() == "τ → 5 ms"
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    chosen = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    speak_utf8([chosen])
    chosen.write("± τ")
    chosen.flush()
    assert chosen.buffer.getvalue().decode("cp1252") == "± ?"
