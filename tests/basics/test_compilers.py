"""What each kind of compiler is asked for, on each system, and what is said where there is none."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

import b2reduce as b2r
from b2reduce.basics import compiler as build
from b2reduce.basics.compilers import base, choice, msvc, systems
from b2reduce.basics.compilers.gnu import Gnu
from b2reduce.basics.compilers.msvc import ClangCl, Msvc
from b2reduce.basics.compilers.systems import MacOS, Unix, Windows
from b2reduce.networks.engines.programs import without_compiler

GCC, CLANG = "g++ (GCC) 14.2.0", "Apple clang version 15.0.0"
SEVEN = 'extern "C" int number() { return 7; }\n'
LINUX_KERNEL = ["-std=c++17", "-O3", "-ffast-math", "-fopenmp-simd", "-fPIC"]


@pytest.fixture
def says(monkeypatch):
    """Compilers that are not installed say which they are."""

    def say(version):
        monkeypatch.setattr(base.Compiler, "version", lambda self: version)

    say(GCC)
    return say


def lines(compiler, march="native", source=SEVEN):
    return [" ".join(words) for _, words in compiler.steps(source, march)]


def test_linux_is_asked_as_before(says):
    compile, link = lines(Gnu(("/usr/bin/g++",), Unix("x86_64")))
    assert compile == " ".join([*LINUX_KERNEL, "-march=native -c kernel.cpp -o kernel.o"])
    assert link == "-shared kernel.o -o kernel.so -lm", (
        "no fast maths where it would change the whole process"
    )


@pytest.mark.parametrize(
    "system, march, flag",
    [
        (Unix("x86_64"), "x86-64-v3", "-march=x86-64-v3"),
        (Unix("aarch64"), "native", "-mcpu=native"),
        (Unix("aarch64"), "armv8.2-a", "-march=armv8.2-a"),
        (MacOS("arm64"), "native", "-mcpu=native"),
        (MacOS("arm64"), "apple-m1", "-mcpu=apple-m1"),
        (MacOS("x86_64"), "native", "-march=native"),
        (Unix("ppc64le"), "native", "-mcpu=native"),
        (Unix("riscv64"), "native", None),
        (Unix("riscv64"), "rv64gcv", "-march=rv64gcv"),
        (Windows("ARM64"), "native", "-mcpu=native"),
    ],
)
def test_machines_have_their_own_word_for_themselves(says, system, march, flag):
    assert Gnu(("g++",), system).machine_flags(march) == ([flag] if flag else [])


def test_macos_is_asked_for_its_own_kind_of_library(says):
    says(CLANG)
    compile, link = lines(Gnu(("/usr/bin/clang++",), MacOS("arm64")))
    assert "-fPIC -arch arm64 -mcpu=native -c" in compile and "fopenmp " not in compile
    assert link == "-dynamiclib -arch arm64 kernel.o -o kernel.dylib"
    under_rosetta = lines(Gnu(("/usr/bin/clang++",), MacOS("x86_64")))
    assert all("-arch x86_64" in line for line in under_rosetta)


def test_mingw_brings_its_own_libraries_and_moves_what_is_not_aligned(says):
    compile, link = lines(Gnu(("g++.exe",), Windows("AMD64")))
    assert "-march=native -Wa,-muse-unaligned-vector-move -c" in compile and "-fPIC" not in compile
    assert link == "-shared -static kernel.o -o kernel.dll"
    says(CLANG)
    assert "-Wa," not in lines(Gnu(("clang++.exe",), Windows("AMD64")))[0], "clang aligns its stacks"


TWO = SEVEN + 'extern "C" void *room(int64_t number,\n                      const int *sizes) { return 0; }\n'


def test_microsofts_compiler_is_told_what_to_export(says):
    compile, link = lines(Msvc(("cl.exe",), Windows("AMD64")), "x86-64-v3", TWO)
    assert compile == (
        "/nologo /std:c++17 /utf-8 /EHsc /MT /O2 /fp:fast /arch:AVX2 /c kernel.cpp /Fo:kernel.obj"
    )
    assert link == (
        "/nologo /MT /LD kernel.obj /Fe:kernel.dll /link /INCREMENTAL:NO /EXPORT:number /EXPORT:room"
    )
    assert "/arch" not in lines(Msvc(("cl.exe",), Windows("ARM64")))[0]
    with pytest.raises(build.BuildError, match="B2REDUCE_MARCH is 'znver3', expected one of x86-64,"):
        lines(Msvc(("cl.exe",), Windows("AMD64")), "znver3")


@pytest.mark.parametrize(
    "has, flags", [((), []), ((msvc.AVX2,), ["/arch:AVX2"]), ((msvc.AVX2, msvc.AVX512F), ["/arch:AVX512"])]
)
def test_microsofts_compiler_asks_the_system_for_instructions(monkeypatch, has, flags):
    import ctypes
    from types import SimpleNamespace

    kernel32 = SimpleNamespace(IsProcessorFeaturePresent=lambda number: number in has)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel32), raising=False)
    assert Msvc(("cl.exe",), Windows("AMD64")).machine_flags("native") == flags


def test_all_functions_that_python_calls_are_exported():
    from b2reduce.theory.binary.simulate import KERNEL

    root = Path(b2r.__file__).parent
    text = lambda name: (root / name).read_text(encoding="utf-8")
    assert base.exported(text("cells/engine/kernel.cpp")) == ["run_block"]
    assert sorted(base.exported(text("networks/engines/network.cpp"))) == [
        *("collect", "delete_under_way", "new_under_way", "run_part", "sort_synapses")
    ]
    assert base.exported(KERNEL) == ["sweep"]


def test_clang_in_microsofts_guise_takes_the_words_of_both(says):
    compile, link = lines(ClangCl(("clang-cl.exe",), Windows("AMD64")))
    assert "/MT /O2 /fp:fast" in compile and "/clang:-fopenmp-simd /clang:-march=native" in compile
    assert link.endswith("/EXPORT:number")
    assert "/clang:-mcpu=native" in lines(ClangCl(("clang-cl.exe",), Windows("ARM64")))[0]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A path with nothing but programs of these names; Visual Studio is elsewhere, or nowhere."""
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("VCINSTALLDIR", raising=False)

    def have(*names, studio=()):
        for folder, own in (("bin", names), ("studio", studio)):
            (tmp_path / folder).mkdir(exist_ok=True)
            for name in own:
                (tmp_path / folder / name).write_text("")
                (tmp_path / folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        found = {"PATH": str(tmp_path / "studio"), "INCLUDE": "headers"} if studio else {}
        monkeypatch.setattr(choice, "_visual_studio", lambda: found)
        return tmp_path

    return have


@pytest.mark.parametrize(
    "system, names, first",
    [
        (Unix("x86_64"), ("g++", "clang++"), "g++"),
        (Unix("x86_64"), ("clang++",), "clang++"),
        (MacOS("arm64"), ("g++", "clang++"), "clang++"),
        (Windows("AMD64"), ("g++", "clang++"), "g++"),
    ],
)
def test_the_first_of_those_that_are_there(programs, system, names, first):
    programs(*names)
    found = choice.found_compiler(system)
    assert type(found) is Gnu and found.name == first and found.environment == {}


def test_on_windows_visual_studio_comes_first(programs):
    place = programs("g++", studio=("cl",))
    found = choice.found_compiler(Windows("AMD64"))
    assert type(found) is Msvc and found.command == (str(place / "studio" / "cl"),)
    assert found.environment["INCLUDE"] == "headers"
    programs("g++", studio=("cl", "clang-cl"))
    assert type(choice.found_compiler(Windows("AMD64"))) is ClangCl
    assert type(choice.found_compiler(Unix("x86_64"))) is Gnu, "and nowhere else"


def test_the_kind_is_told_by_the_name_in_cxx(programs, monkeypatch):
    place = programs("clang++-18", studio=("cl",))
    monkeypatch.setenv("CXX", "cl /Qpar")
    found = choice.found_compiler(Windows("AMD64"))
    assert type(found) is Msvc and found.command == (str(place / "studio" / "cl"), "/Qpar")
    monkeypatch.setenv("CXX", "clang++-18 -m64")
    assert choice.found_compiler(Unix("x86_64")).command == (str(place / "bin" / "clang++-18"), "-m64")


def test_backslashes_are_no_escapes_on_windows():
    said = r'"C:\Program Files\LLVM\bin\clang-cl.exe" -m64'
    assert Windows("AMD64").words(said) == [r"C:\Program Files\LLVM\bin\clang-cl.exe", "-m64"]
    assert Unix("x86_64").words("'/a b/g++' -m64") == ["/a b/g++", "-m64"]


def test_brian2_finds_visual_studio(monkeypatch):
    from brian2.codegen import cpp_prefs

    monkeypatch.delenv("VCINSTALLDIR", raising=False)
    monkeypatch.setattr(cpp_prefs, "get_msvc_env", lambda: ({"path": "there", "include": "headers"}, None))
    assert choice._visual_studio() == {"PATH": "there", "INCLUDE": "headers"}

    def missing():
        raise OSError("Cannot find Microsoft Visual Studio")

    monkeypatch.setattr(cpp_prefs, "get_msvc_env", missing)
    assert choice._visual_studio() == {}
    monkeypatch.setenv("VCINSTALLDIR", "C:\\VC")
    assert choice._visual_studio() == {"PATH": os.environ["PATH"]}, "a prompt of Visual Studio knows them"


def test_what_stands_in_for_apples_tools_is_no_compiler(monkeypatch):
    monkeypatch.setattr(systems, "_said", lambda *words: "")
    assert MacOS("arm64").without_tools("/usr/bin/clang++")
    assert not MacOS("arm64").without_tools("/opt/homebrew/bin/g++-14")
    monkeypatch.setattr(systems, "_said", lambda *words: "/Library/Developer/CommandLineTools")
    assert not MacOS("arm64").without_tools("/usr/bin/clang++")


@pytest.mark.parametrize(
    "name, kind, ending, advice",
    [
        ("Linux", Unix, ".so", "apt install g\\+\\+"),
        ("FreeBSD", Unix, ".so", "conda"),
        ("Darwin", MacOS, ".dylib", "xcode-select --install"),
        ("Windows", Windows, ".dll", "Build Tools for Visual Studio"),
    ],
)
def test_without_a_compiler_the_message_says_how_to_get_one(
    programs, monkeypatch, name, kind, ending, advice
):
    programs()
    monkeypatch.setattr(systems.platform, "system", lambda: name)
    assert type(systems.this_system()) is kind and kind.ending == ending
    with pytest.raises(build.BuildError, match=f"there is no C\\+\\+ compiler.*{advice}"):
        build.load_library(SEVEN)
    assert re.match(f"got 'standalone', but there is no.*{advice}.*engine = 'brian2'", without_compiler())


def test_programs_of_networks_need_make_and_a_system_that_has_it(programs, monkeypatch):
    place = programs("g++")
    monkeypatch.setattr(systems.platform, "system", lambda: "Linux")
    assert "the program make is missing" in without_compiler()
    shutil.copy(place / "bin" / "g++", place / "bin" / "make")
    assert without_compiler() == ""
    monkeypatch.setattr(systems.platform, "system", lambda: "Windows")
    assert "does not run on Windows; use 'auto'" in without_compiler()


def test_the_error_that_counts_is_found_in_what_microsofts_tools_say():
    said = lambda text: build.said_by(subprocess.CompletedProcess([], 2, text, ""))
    assert said("kernel.cpp\nkernel.cpp(3): error C2065: 'x'\nmore").startswith("kernel.cpp(3): error C2065")
    assert said("LINK : fatal error LNK1104: cannot open\nmore").startswith("LINK : fatal error LNK1104")
    assert said("kernel.cpp:3: error: no\nmore").startswith("kernel.cpp:3: error: no")
    assert said("0 errors\nend") == "0 errors / end"


def test_a_compiler_that_only_windows_starts_gets_its_variables(tmp_path, monkeypatch):
    """A stand-in that makes what INCLUDE says, at the place that /Fo: or /Fe: names."""
    program = tmp_path / "cl"
    program.write_text(
        '#!/bin/sh\nfor word; do case $word in /Fo:*|/Fe:*) echo "$INCLUDE" > "${word#*:}" ;; esac; done\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made = Msvc((str(program),), Windows("AMD64"), {"INCLUDE": "headers"})
    (tmp_path / "place").mkdir()
    library = build.build(made, SEVEN, tmp_path / "place", "x86-64")
    assert library.name == "kernel.dll" and library.read_text() == "headers\n"


def test_a_kernel_that_another_process_has_loaded_is_as_good(tmp_path, monkeypatch):
    """Windows renames nothing onto a library in use."""
    monkeypatch.setenv("B2REDUCE_CACHE", str(tmp_path / "cache"))
    replace = os.replace

    def in_use(source, target):
        if not Path(target).exists():
            shutil.copy(source, target)  # of the other process, at the last moment
        raise PermissionError(13, "Access is denied", str(target))

    monkeypatch.setattr(build.os, "replace", in_use)
    assert build.load_library(SEVEN).number() == 7
    monkeypatch.setattr(build.os, "replace", replace)
    (kept,) = (tmp_path / "cache").glob("kernel_*")
    assert build._whole(kept)

    def refused(source, target):
        raise PermissionError(13, "Access is denied", str(target))

    monkeypatch.setattr(build.os, "replace", refused)
    with pytest.raises(build.BuildError, match="cannot be written .Access is denied"):
        build.load_library(SEVEN.replace("7", "8"))


@pytest.mark.skipif(shutil.which("clang") is None, reason="clang is not installed")
@pytest.mark.parametrize(
    "compiler, target",
    [
        (Gnu(("clang++",), MacOS("arm64")), "--target=arm64-apple-macos11"),
        (Gnu(("clang++",), MacOS("x86_64")), "--target=x86_64-apple-macos11"),
        (ClangCl(("clang",), Windows("AMD64")), "--target=x86_64-pc-windows-msvc"),
    ],
    ids=["macOS on ARM", "macOS on x86-64", "clang-cl"],
)
def test_clang_understands_every_word(compiler, target, tmp_path, monkeypatch):
    """It says what it would run, with nothing of that system at hand."""
    monkeypatch.setattr(base.Compiler, "version", lambda self: CLANG)
    (tmp_path / "kernel.cpp").write_text(SEVEN)
    march = {"--target=arm64-apple-macos11": "apple-m1"}.get(target, "x86-64-v3")
    (_, words), *_ = compiler.steps(SEVEN, march)
    guise = ["--driver-mode=cl"] if isinstance(compiler, ClangCl) else ["-stdlib=libc++"]
    command = ["clang", *guise, target]

    def asked(*more):
        return subprocess.run(
            [*command, "-Werror", *words, *more, "-###"], cwd=tmp_path, capture_output=True, text=True
        )

    done = asked()
    assert done.returncode == 0 and "error:" not in done.stderr and "warning:" not in done.stderr, done.stderr
    assert f'"-target-cpu" "{march}"' in done.stderr and '"-fopenmp-simd"' in done.stderr
    assert "error:" in asked("-fno-such-flag").stderr, "a word that it does not know would be seen"
