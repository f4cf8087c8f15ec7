"""Nothing compiled is loaded that somebody else could have written, and nothing that is not whole."""

import os
import shutil
import stat
import subprocess
import sys

import pytest
from brian2 import ms, nA, nS

import b2reduce as b2r
from b2reduce.basics import compiler as build
from b2reduce.basics import private_folders as private
from b2reduce.basics.environment import thread_count

pytestmark = pytest.mark.skipif(not private.CHECKED, reason="a system without owners")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534
SEVEN = 'extern "C" int number() { return 7; }\n'


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and the umask of many systems, which lets the group write."""
    monkeypatch.setenv("B2REDUCE_CACHE", str(tmp_path / "cache"))
    before = os.umask(0o002)
    yield tmp_path / "cache"
    os.umask(before)


@pytest.fixture
def evil(cache, tmp_path):
    """A kernel that answers 13, built elsewhere, and the name under which the cache would keep that of
    `SEVEN`.
    """
    build.load_library(SEVEN)
    key = next(cache.glob("kernel_*.so")).name.split("_")[1]
    wrong = tmp_path / "wrong"
    os.environ["B2REDUCE_CACHE"] = str(wrong)
    build.load_library(SEVEN.replace("7", "13"))
    os.environ["B2REDUCE_CACHE"] = str(cache)
    made = next(wrong.glob("kernel_*.so"))
    build.clean_cache()
    return made, cache / f"kernel_{key}_{made.stem.split('_')[2]}.so"


def number():
    """What a fresh process gets from the cache: one that has loaded a file already would get it again."""
    code = f"from b2reduce.basics.compiler import load_library; print(load_library({SEVEN!r}).number())"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), done.stderr


def test_what_is_made_is_ours_alone(cache):
    assert build.load_library(SEVEN).number() == 7
    (kept,) = cache.iterdir()
    assert mode(cache) == 0o700 and mode(kept) & 0o077 == 0


def test_a_planted_kernel_that_nothing_is_wrong_with_would_be_loaded(evil):
    """The twin of all tests below.

    The file is taken for what its name says, so that only its owner and rights can give it away.
    """
    made, place = evil
    place.write_bytes(made.read_bytes())
    place.chmod(0o600)
    assert number() == (13, "")


@pytest.mark.parametrize("rights", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_can_write_is_built_again(evil, rights):
    made, place = evil
    place.write_bytes(made.read_bytes())
    place.chmod(rights)
    assert number()[0] == 7 and number()[0] == 7
    assert all(private.refusal(path) is None for path in place.parent.iterdir()) and not place.exists()


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_a_file_of_another_user_is_built_again(evil):
    made, place = evil
    place.write_bytes(made.read_bytes())
    place.chmod(0o600)
    os.chown(place, NOBODY, NOBODY)
    assert number()[0] == 7 and not place.exists()


def test_a_link_is_never_followed(evil):
    made, place = evil
    made.chmod(0o600)
    content = made.read_bytes()
    place.symlink_to(made)
    assert number()[0] == 7 and not place.is_symlink() and made.read_bytes() == content, (
        "and what it points to is left alone"
    )


@pytest.mark.parametrize("kind", ["folder", "pipe", "broken link"])
def test_what_is_no_file_is_no_kernel(evil, kind):
    _, place = evil
    {
        "folder": lambda: (place.mkdir(), (place / "inside").write_text("")),
        "pipe": lambda: os.mkfifo(place),
        "broken link": lambda: place.symlink_to("nowhere"),
    }[kind]()
    assert number()[0] == 7


def test_an_open_cache_is_closed(cache):
    cache.mkdir(mode=0o777)
    cache.chmod(0o777)
    assert number() == (7, "") and mode(cache) == 0o700


@pytest.mark.skipif(not ROOT, reason="only root may give folders away")
def test_a_cache_of_another_user_is_left_alone(evil):
    made, place = evil
    place.write_bytes(made.read_bytes())
    for path in (place, place.parent):
        path.chmod(0o777)
        os.chown(path, NOBODY, NOBODY)
    answer, said = number()
    assert answer == 7 and "belongs to another user" in said and "B2REDUCE_CACHE" in said
    assert [path.name for path in place.parent.iterdir()] == [place.name]


@pytest.mark.skipif(not ROOT, reason="only root may give links away")
def test_a_cache_behind_a_link(cache, tmp_path):
    """The user's own link to another disk serves; one that another user has planted does not."""
    (tmp_path / "disk").mkdir()
    cache.symlink_to(tmp_path / "disk")
    assert (
        number() == (7, "")
        and len(list((tmp_path / "disk").iterdir())) == 1
        and mode(tmp_path / "disk") == 0o700
    )
    os.chown(cache, NOBODY, NOBODY, follow_symlinks=False)
    answer, said = number()
    assert answer == 7 and "is a link" in said


def test_a_kernel_that_cannot_be_loaded_is_built_again(cache):
    build.load_library(SEVEN)
    (kept,) = cache.iterdir()
    key = kept.name.split("_")[1]
    kept.unlink()
    junk = cache / "junk"
    junk.write_bytes(b"not a library")
    junk.rename(cache / f"kernel_{key}_{build._digest(junk)}.so")
    assert number()[0] == 7 and number()[0] == 7
    assert len(list(cache.iterdir())) == 1


COMPILER = """#!/bin/sh
[ "$1" = --version ] && echo strange 1.0 && exit 0
while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
{what}
"""


def compiler(tmp_path, monkeypatch, what):
    path = tmp_path / "strange"
    path.write_text(COMPILER.format(what=what))
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))


@pytest.mark.parametrize(
    "what, said",
    [
        ("echo disk quota exceeded; exit 0", "kernel.o is missing; it said: disk quota exceeded"),
        (": > $out; echo odd >&2", "kernel.o is empty; it said: odd"),
        (
            "printf 'In function\\nkernel.cpp:3: error: no\\n' >&2; exit 1",
            "strange failed: kernel.cpp:3: error: no",
        ),
        ("exit 1", "strange failed: no message"),
        ("echo junk > $out", "cannot be loaded"),
    ],
)
def test_a_compiler_that_makes_nothing_has_failed(cache, tmp_path, monkeypatch, what, said):
    compiler(tmp_path, monkeypatch, what)
    with pytest.raises(build.BuildError, match=said) as caught:
        build.load_library(SEVEN)
    assert "\n" not in str(caught.value) and not list(cache.iterdir()), "and nothing is kept"


def test_a_compiler_that_is_no_program_of_this_machine(cache, tmp_path, monkeypatch):
    path = tmp_path / "text"
    path.write_text("not a program")
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    with pytest.raises(build.BuildError, match="cannot be run.*CXX"):
        build.load_library(SEVEN)


@pytest.mark.parametrize("said", ["no-such-compiler", "/no/such/c++", "no-such-compiler -m64", "'open"])
def test_a_compiler_that_is_not_there_is_named(cache, monkeypatch, said):
    monkeypatch.setenv("CXX", said)
    with pytest.raises(
        b2r.errors.InputError, match="CXX: got .*no program.*g\\+\\+ or clang\\+\\+"
    ) as caught:
        build.load_library(SEVEN)
    assert "\n" not in str(caught.value)
    with pytest.raises(b2r.errors.InputError, match="CXX"):
        b2r.simulate_spikes("ei_lif", duration=10 * ms, engine="standalone")


def test_a_compiler_may_bring_arguments(cache, monkeypatch):
    plain = build.compiler_identity()[0]
    monkeypatch.setenv("CXX", f"{plain[0]} -DX=7")
    assert build.compiler_identity()[0] == [plain[0], "-DX=7"]
    assert build.load_library('extern "C" int number() { return X; }\n').number() == 7
    monkeypatch.setenv("CXX", "  ")
    assert build.compiler_identity()[0] == plain


@pytest.mark.parametrize("said", ["x", "-1", "0", "1.5", "2 4", "one", "²"])
def test_threads_that_are_no_number_are_named(monkeypatch, said):
    monkeypatch.setenv("B2REDUCE_THREADS", said)
    with pytest.raises(b2r.errors.InputError, match="B2REDUCE_THREADS: got .*whole number.*unset") as caught:
        b2r.measure_fi("lif", [0.4] * nA, [16.7] * nS, duration=50 * ms, engine="native")
    assert "\n" not in str(caught.value)


def test_threads_from_the_environment(monkeypatch):
    for said, number in (("3", 3), (" 2 ", 2)):
        monkeypatch.setenv("B2REDUCE_THREADS", said)
        assert thread_count() == number
    monkeypatch.setenv("B2REDUCE_THREADS", "")
    assert thread_count() >= 1


def test_the_instruction_set_is_part_of_the_key(cache, monkeypatch):
    number = lambda: len(list(cache.glob("kernel_*.so")))
    for march, kept in (("", 1), ("native", 1), ("x86-64", 2), ("x86-64", 2)):
        monkeypatch.setenv("B2REDUCE_MARCH", march)
        assert build.load_library(SEVEN).number() == 7 and number() == kept
    monkeypatch.setenv("B2REDUCE_MARCH", "abacus")
    with pytest.raises(build.BuildError, match="failed: .*abacus.*B2REDUCE_MARCH is 'abacus'"):
        build.load_library(SEVEN)


@pytest.fixture(scope="module")
def network():
    """Small, since every build takes seconds for each object in it."""
    synapse = dict(G="0.5 nS", tau="5 ms", E="0 mV")
    return b2r.Circuit(
        populations={"E": b2r.Population("lif", 60)},
        projections=[
            b2r.Projection(source="E", target="E", in_degree=5, delay=["0.5 ms", "2 ms"], **synapse)
        ],
        drives=[b2r.Drive(name="ext", target="E", inputs=250, rate="14 Hz", **synapse)],
    )


def run(network):
    return b2r.simulate_spikes(network, duration=50 * ms, seed=1, record=2, engine="standalone")


@pytest.mark.slow
def test_a_planted_network_is_never_run(cache, tmp_path, network, monkeypatch):
    """Each way of planting a program, against one that leaves a mark where it runs."""
    from b2reduce.networks.engines import programs

    spikes = run(network).spikes_["E"][1].size
    (folder,) = [path for path in (cache / "networks").iterdir() if path.is_dir()]
    assert mode(cache / "networks") == mode(folder) == 0o700 and all(
        mode(path) & 0o077 == 0 for path in folder.rglob("*")
    )
    assert programs._usable(folder)
    builds, build_again = [], programs.run_process
    monkeypatch.setattr(
        programs,
        "run_process",
        lambda command, **rest: (
            builds.append(1) if "b2reduce.networks.engines.program_build" in command else None,
            build_again(command, **rest),
        )[1],
    )
    mark = tmp_path / "mark"
    good, elsewhere = tmp_path / "good", tmp_path / "elsewhere"
    shutil.copytree(folder, good)
    planted = lambda: (folder / "main").write_text(f"#!/bin/sh\ntouch {mark}\n")
    ways = {
        "other content": planted,
        "a file that all may write": lambda: (folder / "main").chmod(0o777),
        "a folder of a group": lambda: (folder / "static_arrays").chmod(0o770),
        "a link in it": lambda: (
            (folder / "main").rename(folder / "old"),
            (folder / "main").symlink_to(folder / "old"),
        ),
        "no program": lambda: (folder / "main").unlink(),
        "a note that is none": lambda: (folder / "program.json").write_text("{}"),
        "a link": lambda: (os.rename(folder, elsewhere), folder.symlink_to(elsewhere)),
    }
    if ROOT:
        ways = {
            "another user's file": lambda: os.chown(folder / "main", NOBODY, NOBODY),
            "another user's folder": lambda: os.chown(folder, NOBODY, NOBODY),
            **ways,
        }
    for way, plant in ways.items():
        private.discard(folder)
        shutil.copytree(good, folder)
        assert programs._usable(folder)
        plant()
        assert not programs._usable(folder), way
    # All of them look alike to the build: the last is enough for what follows, which takes half a minute each
    # time.
    (elsewhere / "main").write_text(f"#!/bin/sh\ntouch {mark}\n")
    assert run(network).spikes_["E"][1].size == spikes and builds == [1] and not mark.exists()
    assert programs._usable(folder) and not folder.is_symlink()
    assert run(network).spikes_["E"][1].size == spikes and builds == [1]


@pytest.mark.slow
def test_a_network_compiler_that_makes_nothing_has_failed(cache, tmp_path, network, monkeypatch):
    from b2reduce.networks.engines.program_build import ProgramError

    compiler(tmp_path, monkeypatch, "echo disk quota exceeded; exit 0")
    with pytest.raises(ProgramError, match="program is missing; it said: .*disk quota exceeded") as caught:
        run(network)
    assert "\n" not in str(caught.value) and not [
        path for path in (cache / "networks").iterdir() if path.is_dir()
    ]
    compiler(tmp_path, monkeypatch, 'echo "main.cpp:1: error: no" >&2; exit 1')
    with pytest.raises(ProgramError, match="main.cpp:1: error: no"):
        run(network)
