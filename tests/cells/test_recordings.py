"""Recorded f-I data as people write them: read right, or refused by line and column."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, cm, msiemens, mV, nS, pA, uA
from matplotlib.figure import Figure

import b2reduce as b2r
from b2reduce.cells import recorded_text
from b2reduce.cells.plausible import implausible
from b2reduce.cells.recordings import read_recording
from b2reduce.cells.silences import silences

from ..command import assert_refused, b2reduce

C, G_L, E_L, V_TH, V_R, T_REF = 200e-12, 9e-9, -70e-3, -50e-3, -60e-3, 2e-3
HEADER = ["I [A]", "g [S]", "rate [Hz]"]


def lif(I, g):
    """Closed form of the leaky integrate-and-fire rate, Hz."""
    v_inf = E_L + I / g
    return 1 / (T_REF + C / g * np.log((v_inf - V_R) / (v_inf - V_TH))) if v_inf > V_TH else 0.0


#: Currents in pA and total conductances in nS, on a grid and with decimals, and the rates of the closed form.
POINTS = [
    (i, g, lif(i * 1e-12, g * 1e-9))
    for g in (9.0, 12.5, 16.0)
    for i in (*np.arange(200.0, 560.0, 40.0), 250.5)
]
TRUE = pd.DataFrame([(i / 1e12, g / 1e9, r) for i, g, r in POINTS], columns=HEADER)


@pytest.fixture(scope="module")
def true():
    """The surface made of arrays, by no reader at all."""
    I_, g_ = (np.unique(TRUE[name]) for name in HEADER[:2])
    rate_ = TRUE.pivot(index="I [A]", columns="g [S]", values="rate [Hz]").to_numpy()
    return b2r.FISurface(I_, g_, rate_)


def same(surface, true):
    """Equal up to one rounding of a unit."""
    np.testing.assert_allclose(surface.I_, true.I_, rtol=4e-16, atol=0)
    np.testing.assert_allclose(surface.g_, true.g_, rtol=4e-16, atol=0)
    np.testing.assert_allclose(surface.rate_, true.rate_, rtol=4e-16, atol=0)


HEADERS = [
    ("I [pA]", 1, "g [nS]", 1, "rate [Hz]", 1),
    ("I [A]", 1e-12, "g [S]", 1e-9, "rate [Hz]", 1),
    ("I (nA)", 1e-3, "g (uS)", 1e-3, "rate (1/s)", 1),
    ("I_pA", 1, "g_nS", 1, "rate_Hz", 1),
    ("I / pA", 1, "g / nS", 1, "rate / s^-1", 1),
    ("I..pA.", 1, "g..nS.", 1, "rate..Hz.", 1),
    ("I_pA_", 1, "g__nS_", 1, "rate_kHz_", 1e-3),
    ("Current (pA)", 1, "Conductance (nS)", 1, "Firing Rate (spikes/s)", 1),
    ("I{fA}", 1e3, "g [1/Gohm]", 1, "rate (s⁻¹)", 1),
    ("current_nA", 1e-3, "g [µS]", 1e-3, "freq, Hz", 1),
    ("I\n[pA]", 1, " G [nS] ", 1, "firing_rate_hz", 1),
    ("I in uA", 1e-6, "g [mS]", 1e-6, "rate [sp/s]", 1),
]


@pytest.mark.parametrize("I, I_scale, g, g_scale, rate, rate_scale", HEADERS)
def test_units_are_read_from_headers(I, I_scale, g, g_scale, rate, rate_scale, true):
    frame = pd.DataFrame(
        [(i * I_scale, k * g_scale, r * rate_scale) for i, k, r in POINTS], columns=[I, g, rate]
    )
    surface = b2r.FISurface.from_frame(frame)
    for name in ("I_", "g_", "rate_"):  # a number and its factor are rounded once each, and their product
        np.testing.assert_allclose(getattr(surface, name), getattr(true, name), rtol=1e-15, atol=0)
    window = dict(rates=(20 * Hz, 100 * Hz))
    fit, right = b2r.fit_gain(surface, **window), b2r.fit_gain(true, **window)
    for name in ("beta", "I_theta", "v_theta"):
        assert float(fit.params[name]) == pytest.approx(float(right.params[name]), rel=1e-9), name


def test_units_per_area_and_optional_columns():
    frame = pd.DataFrame(
        {
            "I [uA/cm2]": [1, 2],
            "g [mS/cm^2]": [0.1, 0.1],
            "rate [kHz]": [0.01, 0.02],
            "rate_sem [1/ks]": [500, 700],
            "onset_rate [kHz]": [0.02, np.nan],
            "CV": [0.1, 0.2],
            "time [ms]": [2000, 3000],
            "Vm [mV]": [-60, -61],
        }
    )
    surface = b2r.FISurface.from_frame(frame)
    np.testing.assert_allclose(
        [
            *surface.I_,
            *surface.g_,
            *surface.rate_[:, 0],
            *surface.rate_sem_[:, 0],
            *surface.cv_[:, 0],
            *surface.time_[:, 0],
            surface.onset_rate_[0, 0],
        ],
        [0.01, 0.02, 1.0, 10, 20, 0.5, 0.7, 0.1, 0.2, 2, 3, 20],
        rtol=1e-15,
    )
    assert (
        surface.per_area
        and float(surface.I[0] / (uA / cm**2)) == pytest.approx(1, rel=1e-15)
        and np.isnan(surface.onset_rate_[1, 0])
    )


@pytest.mark.parametrize(
    "header, gist",
    [
        (("I", "g [nS]", "rate [Hz]"), r"'I': has no unit.*'I \[pA\]'"),
        (("I [pA]", "g [nS]", "rate"), r"'rate': has no unit.*'rate \[Hz\]'"),
        (("I [pB]", "g [nS]", "rate [Hz]"), r"I \[pB\].*unknown unit 'pB'"),
        (("I [pA]", "g [ns]", "rate [Hz]"), r"g \[ns\].*unit of s.*'g \[nS\]'"),
        (("I [mV]", "g [nS]", "rate [Hz]"), r"I \[mV\].*unit of V"),
        (("I [pA]", "R [Mohm]", "rate [Hz]"), r"missing.*'g \[nS\]'.*R \[Mohm\]"),
        (("I [uA/cm2]", "g [nS]", "rate [Hz]"), "per area"),
        (("I [pA]", "I [pA]", "rate [Hz]"), "missing"),
        (("I [pA]", "g_added [nS]", "rate [Hz]"), "added=True"),
        (("I [pA]", "g [nS]", "rate [Hz] of 3 cells"), "missing"),
        (("I [" + "p" * 50 + "A]", "g [nS]", "rate [Hz]"), r"\.\.\."),
    ],
)
def test_headers_that_cannot_be_told_are_refused(header, gist):
    with pytest.raises(b2r.errors.InputError, match=gist) as error:
        b2r.FISurface.from_frame(pd.DataFrame([(1, 2, 3)], columns=header))
    assert "\n" not in str(error.value)


def test_two_columns_of_one_meaning_are_refused_and_the_documented_name_wins():
    with pytest.raises(b2r.errors.InputError, match="both may be"):
        b2r.FISurface.from_frame(
            pd.DataFrame([(1, 9, 2, 3)], columns=["I [pA]", "I [pA]", "g [nS]", "rate [Hz]"])
        )
    with pytest.raises(b2r.errors.InputError, match="'Current .pA.' and 'I_inj .pA.' both"):
        b2r.FISurface.from_frame(
            pd.DataFrame([(1, 9, 2, 3)], columns=["Current (pA)", "I_inj [pA]", "g [nS]", "rate [Hz]"])
        )
    assert b2r.FISurface.from_frame(
        pd.DataFrame([(1, 9, 2, 3)], columns=["I [pA]", "I_inj [pA]", "g [nS]", "rate [Hz]"])
    ).I_ == [1e-12]


def test_cells_may_carry_units_and_quantities():
    frame = pd.DataFrame(
        {
            "I": ["120 pA", "0.13 nA", 140 * pA, "0"],
            "g": ["9 nS", "0.009 uS", "9e-9 S", "9 nS"],
            "rate": ["5 Hz", "6/s", None, "4 spikes/s"],
        }
    )
    surface = b2r.FISurface.from_frame(frame)
    np.testing.assert_allclose(surface.I_, [0, 120e-12, 130e-12, 140e-12], rtol=1e-15)
    np.testing.assert_allclose(surface.rate_[:, 0], [4, 5, 6, np.nan])
    for cell, gist in (
        ("120", "no unit.*row 0"),
        ("120 mV", "row 0.*not a number"),
        ("120 pA pA?", "row 0"),
        ("120 pAA", "row 0"),
        ("12,5", "row 0.*decimal comma"),
        (True, "row 0"),
        ([1], "row 0"),
    ):
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.FISurface.from_frame(frame.assign(I=[cell, "1 pA", "2 pA", "3 pA"]))


# Files
# --------------------------------------------------------------------------------------------------------------------------


def table(separator, decimal=".", scales=(1, 1, 1), number=repr, prefix=""):
    """The rows of the recording as text."""
    return "".join(
        prefix.format(k + 1)
        + separator.join(
            number(float(f"{value * scale:.17g}")).replace(".", decimal) for value, scale in zip(row, scales)
        )
        + "\n"
        for k, row in enumerate(POINTS)
    )


NAMES = ["I [pA]", "g [nS]", "rate [Hz]"]
FILES = {
    "plain": (",".join(NAMES) + "\n" + table(","), "utf-8"),
    "pandas": (pd.DataFrame(POINTS, columns=NAMES).to_csv(), "utf-8"),
    "German Excel": (";".join(NAMES) + "\r\n" + table(";", ",").replace("\n", "\r\n"), "cp1252"),
    "French Excel, UTF-8 with a mark": (
        ";".join(NAMES) + "\r\n" + table(";", ",").replace("\n", "\r\n"),
        "utf-8-sig",
    ),
    "blank last rows": (";".join(NAMES) + "\r\n" + table(";", ",") + ";;\r\n;;\r\n\r\n", "utf-8"),
    "Unicode text of Excel": ("\t".join(NAMES) + "\r\n" + table("\t").replace("\n", "\r\n"), "utf-16"),
    "UTF-16 without a mark": ("\t".join(NAMES) + "\r\n" + table("\t"), "utf-16-le"),
    "UTF-16, the other way round": ("\t".join(NAMES) + "\r\n" + table("\t"), "utf-16-be"),
    "Excel's line for the separator": ("sep=;\n" + ";".join(NAMES) + "\n" + table(";"), "utf-8"),
    "Igor on an old Macintosh": ("I_pA\tg_nS\trate_Hz\r" + table("\t").replace("\n", "\r"), "utf-8"),
    "Origin": ("I\tg\trate\npA\tnS\tHz\n" + table("\t"), "utf-8"),
    "Clampfit": (
        "Trace\tI (pA)\tg (nS)\tFiring Rate (Hz)\t\r\n" + table("\t", prefix="{}\t").replace("\n", "\t\r\n"),
        "utf-8",
    ),
    "Axon text": ('ATF\t1.0\n0\t3\n"I (pA)"\t"g (nS)"\t"rate (Hz)"\n' + table("\t"), "utf-8"),
    "R write.csv": ('"","I..pA.","g..nS.","rate..Hz."\n' + table(",", prefix='"{}",'), "utf-8"),
    "R write.csv2": ('"";"I_pA";"g_nS";"rate_Hz"\n' + table(";", ",", prefix='"{}";'), "utf-8"),
    "R write.table": ('"I_pA" "g_nS" "rate_Hz"\n' + table(" ", prefix='"{}" '), "utf-8"),
    "R write.table with commas": ('"I_pA","g_nS","rate_Hz"\n' + table(",", prefix='"{}",'), "utf-8"),
    "pandas to_string": (
        pd.DataFrame(
            [tuple(map(repr, map(float, row))) for row in POINTS], columns=["I_pA", "g_nS", "rate_Hz"]
        ).to_string(),
        "utf-8",
    ),
    "MATLAB writetable": ("I_pA_,g_nS_,rate_Hz_\n" + table(","), "utf-8"),
    "numpy savetxt": ("# I [pA],g [nS],rate [Hz]\n" + table(",", number="{:.18e}".format), "utf-8"),
    "by hand": (
        "# cell 3, 12 May\n\nI [pA]    g [nS]   rate [Hz]\n" + table("   ") + "\n# the end\n",
        "utf-8",
    ),
    "by hand, narrow": ("I[pA] g[nS] rate[Hz]\n" + table(" "), "utf-8"),
    "spaces after commas": (", ".join(NAMES) + "\n" + table(", ") + "\n", "utf-8"),
    "bars": ("I (pA) | g (nS) | rate (Hz)\n" + table(" | "), "utf-8"),
    "cells with units": (
        "I,g,rate\n"
        + "".join(
            f'"{i!r} pA","{g!r} nS","{r!r} Hz"\n' for i, g, r in map(lambda row: map(float, row), POINTS)
        ),
        "utf-8",
    ),
    "cells with units, German": (
        "I;g;rate\n"
        + "".join(f"{float(i)!r} pA;{g!r} nS;{float(r)!r} Hz\n" for i, g, r in POINTS).replace(".", ","),
        "utf-8",
    ),
    "quoted decimal commas": (
        ",".join(f'"{name}"' for name in NAMES)
        + "\n"
        + "".join(
            ",".join('"' + repr(float(value)).replace(".", ",") + '"' for value in row) + "\n"
            for row in POINTS
        ),
        "utf-8",
    ),
    "names on two lines": ('"I\n[pA]","g\n[nS]","rate\n[Hz]"\n' + table(","), "utf-8"),
    "other order, other columns": (
        "rate (1/s),sweep,g (nS),note,I (pA)\n"
        + "".join(
            f'{r!r},{k},{g!r},"ok, fine",{float(i)!r}\n'
            for k, (i, g, r) in enumerate((i, g, float(r)) for i, g, r in POINTS)
        ),
        "utf-8",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_recording_in_any_spelling_is_the_same_surface(name, tmp_path, true):
    text, encoding = FILES[name]
    path = tmp_path / "recording.csv"
    path.write_bytes(text.encode(encoding))
    surface = b2r.FISurface.from_csv(path)
    same(surface, true)
    assert surface.provenance["file"] == str(path)


H = "I [pA],g [nS],rate [Hz]\n"
S = "I [pA];g [nS];rate [Hz]\n"
REFUSED = {
    "a short row": (H + "100,8,0\n200,8\n", "line 3: has 2 cells.*expected the 3"),
    "a long row": (H + "100,8,0\n200,8,1,5\n", "line 3: has 4 cells"),
    "decimal commas between commas": (H + "100,5,8,0,2,5\n", "line 2: has 6 cells.*semicolons"),
    "decimal commas between commas, as many as row names would be": (
        H + "1,5,8,2\n2,5,8,3\n",
        "line 2: has 4 cells.*semicolons",
    ),
    "thousands, German": (S + "1.200,5;8;100\n", r"line 2, column 'I \[pA\]'.*1\.200,5.*thousands"),
    "thousands, English": (S + "1,200.5;8;100\n", "line 2.*thousands"),
    "thousands, quoted": (H + '"1,200",8,100\n', "line 2.*1.200 or 1200"),
    "thousands, Swiss": (S + "1'200;8;100\n", "line 2.*thousands"),
    "thousands, French": (S + "1\u202f200,5;8;100\n", "line 2.*thousands"),
    "thousands, millions": (S + "1,200,000;8;100\n", "line 2.*thousands"),
    "thousands or decimals": (
        S + "100;8;1,234\n200;8;1,334\n",
        r"line 2, column 'rate \[Hz\]'.*1,234.*1.234 or 1234",
    ),
    "thousands that look like decimals": (S + "400;8;10\n800;8;20\n1.200;8;30\n", "line 4.*1.2 or 1200"),
    "both decimal marks": (S + "100,5;8;10\n200.5;8;20\n", "line 3.*200.5.*one decimal mark"),
    "text": (H + "100,8,0\n200,8,many\n", r"column 'rate \[Hz\]', line 3: got 'many'"),
    "an error of the spreadsheet": (H + "100,8,#DIV/0!\n", "line 2.*spreadsheet"),
    "an error that begins like a comment": (
        "rate [Hz],I [pA],g [nS]\n5,90,8\n#DIV/0!,100,8\n",
        "line 3.*spreadsheet",
    ),
    "no conductance": (H + "100,8,0\n200,,5\n", r"column 'g \[nS\]'.*missing.*line 3"),
    "a sum below": (H + "100,8,0\nMean,,5.3\n", "line 3: got 'Mean'"),
    "a table below": (H + "100,8,0\n" + H, "line 3: got 'I .pA.'"),
    "numbers above": ("1,2,3\n" + H + "100,8,0\n", "line 1: holds numbers above the header"),
    "an open quote": (H + '"100,8,0\n200,8,1\n', "line 3.*quotation mark"),
    "a wrong unit in a cell": (H + "100 mV,8,0\n", "line 2: got '100 mV'"),
    "digits with underscores": (H + "1_00,8,0\n", "line 2: got '1_00'"),
    "a note behind a number": (H + "100,8,5 # bad seal\n", "line 2: got '5 # bad seal'"),
    "an infinite rate": (H + "100,8,inf\n", "infinite rate in line 2"),
    "a negative rate": (H + "100,8,1\n100,9,-1\n", "negative or infinite rate in line 3"),
    "an absurd rate": (H + "100,8,1\n100,9,1e300\n", "negative or infinite rate in line 3"),
    "an absurd current": (H + "100,8,1\n1e300,9,1\n", "in line 3, which is no measurement"),
    "no header": ("100,8,0\n200,8,5\n", "no line of the first 100.*'100,8,0'"),
    "no units": ("I,g,rate\n100,8,0\n", "'I': has no unit.*line 2"),
    "one column for each conductance": ("I [pA],8 nS,10 nS\n100,1,2\n", "missing.*melt"),
    "nothing": ("", "is empty"),
    "names of another language": (
        "Strom I [pA];Leitfähigkeit [nS];Rate [Hz]\n100;10;5\n",
        "got 'Strom I .pA.', 'Leitfähigkeit .nS.', 'Rate .Hz.'",
    ),
    "blank lines": (" \n\n", "is empty"),
    "a header alone": (H, "no rows"),
    "a workbook": ("PK\x03\x04abc", "Excel workbook"),
    "control characters": ("\x01\x02\x03" * 99, "not text"),
    "zero": (H + "100,0,5\n", "added=True"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused_by_line_and_column(name, tmp_path):
    text, gist = REFUSED[name]
    path = tmp_path / "recording.csv"
    path.write_bytes(text.encode())
    with pytest.raises(b2r.errors.InputError, match=gist) as error:
        b2r.FISurface.from_csv(path)
    assert (
        str(error.value).startswith(f"{path}: ")
        and "\n" not in str(error.value)
        and len(str(error.value)) < len(str(path)) + 500
    )


def test_the_rule_for_commas_is_decided_by_the_file(tmp_path):
    path = tmp_path / "recording.csv"
    for text, rates in (
        ("100;8;1,234\n200;8;5,6\n", [1.234, 5.6]),
        ("100;8;0,234\n200;8;1,334\n", [0.234, 1.334]),
        ("100;8;1.234\n200;8;2.345\n", [1.234, 2.345]),
        ("100;8;120.000\n200;8;130.500\n", [120, 130.5]),
        ("100;8;#N/A\n200;8;7\n", [np.nan, 7]),
    ):
        path.write_text(S + text)
        np.testing.assert_array_equal(b2r.FISurface.from_csv(path).rate_[:, 0], rates)
    path.write_text("rate [Hz];I [pA];g [nS]\n#N/A;100;8\n5;200;8\n# 6;300;8\n")
    assert b2r.FISurface.from_csv(path).rate_.shape == (2, 1), (
        "a missing rate is a point, a line taken out by hand is not"
    )


def test_paths_that_hold_no_table(tmp_path, monkeypatch):
    junk = tmp_path / "junk"
    junk.write_bytes(np.random.default_rng(0).bytes(2**22))
    for path, gist in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.csv", "no such file"),
        (junk, "not text"),
        (None, "path of a file"),
        (5, "path of a file"),
        ("a\0b", "path of a file"),
    ):
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.FISurface.from_csv(path)
    junk.write_text("x" * 200_000)
    with pytest.raises(b2r.errors.InputError, match="line 1 has 200000 characters"):
        b2r.FISurface.from_csv(junk)
    junk.write_text(H + "100,8,5\n" * 50_000)
    monkeypatch.setattr(recorded_text, "LARGEST", 2**18)
    with pytest.raises(b2r.errors.InputError, match="larger than"):
        b2r.FISurface.from_csv(junk)


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "recording.csv"
    path.write_text("# a\n\n" + H + "\n# b\n100,8,1\n\n200,8,2\n")
    assert list(read_recording(path).index) == [6, 8]


@pytest.mark.parametrize(
    "data, gist",
    [
        ({"I [pA]": [1]}, "got dict"),
        (np.zeros((3, 3)), "got ndarray"),
        ("a.csv", "from_csv"),
        (pd.DataFrame(np.zeros((1, 3)), columns=pd.MultiIndex.from_product([["a"], NAMES])), "levels"),
    ],
)
def test_what_is_no_table_is_refused(data, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.FISurface.from_frame(data)


def test_rows_that_hold_nothing_are_no_points():
    frame = pd.DataFrame([(1, 2, 3), (np.nan, np.nan, np.nan), (2, 2, np.nan)], columns=NAMES)
    assert b2r.FISurface.from_frame(frame).rate_.shape == (2, 1)
    nullable = b2r.FISurface.from_frame(frame.convert_dtypes())
    np.testing.assert_array_equal(nullable.rate_, [[3], [np.nan]])
    np.testing.assert_array_equal(
        b2r.FISurface.from_frame(frame.convert_dtypes().astype(object)).rate_, nullable.rate_
    )
    with pytest.raises(b2r.errors.InputError, match="no rows"):
        b2r.FISurface.from_frame(frame.iloc[1:2])
    with pytest.raises(b2r.errors.InputError, match="missing values, the first in row 1"):
        b2r.FISurface.from_frame(frame.assign(**{"rate [Hz]": 1.0}))


def test_axes_in_the_index_are_found():
    means = pd.DataFrame(POINTS, columns=NAMES).groupby(NAMES[:2]).mean()
    assert b2r.FISurface.from_frame(means).rate_.shape == (10, 3)


# Added conductances
# -------------------------------------------------------------------------------------------------------------

CELL = dict(added=True, g_L=9 * nS, E_L=-70 * mV)


def clamped(E, added=(0.0, 3.5, 7.0), currents=np.arange(0.0, 600.0, 25.0)):
    """What a dynamic clamp records.

    Injected current in pA, added conductance in nS, the rate of the closed form.
    """
    rows = [(i, g, lif(i * 1e-12 + g * 1e-9 * (E - E_L), G_L + g * 1e-9)) for g in added for i in currents]
    return pd.DataFrame(rows, columns=["I [pA]", "g [nS]", "rate [Hz]"])


@pytest.mark.parametrize("E", [-70e-3, -82.5e-3, -61e-3])
def test_added_conductances_become_total_ones(E):
    data = clamped(E)
    surface = b2r.FISurface.from_frame(data, **CELL, E_added=E * 1e3 * mV)
    right = pd.DataFrame(
        {
            "I [A]": 1e-12 * data["I [pA]"] + 1e-9 * data["g [nS]"] * (E - E_L),
            "g [S]": G_L + 1e-9 * data["g [nS]"],
            "rate [Hz]": data["rate [Hz]"],
        }
    )
    direct = {(np.round(i * 1e12, 6), np.round(g * 1e9, 6)): r for i, g, r in right.to_numpy()}
    frame = surface.to_frame().dropna(subset=["rate [Hz]"])
    assert {
        (np.round(i * 1e12, 6), np.round(g * 1e9, 6)): r for i, g, r in frame[HEADER].to_numpy()
    } == direct
    # Each conductance has currents of its own, so that the surface is sparse: fit, slopes, figure and way
    # back work.
    fit = b2r.fit_gain(surface, rates=(20 * Hz, 100 * Hz))
    inside = right[right["rate [Hz]"].between(20, 100)]
    plane = np.linalg.lstsq(
        np.column_stack([np.ones(len(inside)), inside["I [A]"] * 1e9, inside["g [S]"] * 1e9]),
        inside["rate [Hz]"],
        rcond=None,
    )[0]
    assert float(fit.v_theta) == pytest.approx(-plane[2] / plane[1], rel=1e-7) and fit.warnings == []
    assert (
        float(fit.beta) == pytest.approx(plane[1] * 1e9, rel=1e-7)
        and np.isfinite(fit.slopes.iloc[:, 1]).all()
    )
    assert list(fit.slopes["points"]) == list(inside.groupby(inside["g [S]"].round(13)).size())
    pd.testing.assert_frame_equal(b2r.FISurface.from_frame(surface.to_frame()).to_frame(), surface.to_frame())
    assert len(b2r.plots.plot_fi(surface, fit, ax=Figure().subplots()).get_legend().get_texts()) == 4
    assert surface.provenance["added"]["g_L"] == str(9 * nS)


def test_the_reversal_may_stand_in_a_column_or_be_assumed_aloud():
    data = pd.concat(
        [
            clamped(E, added=(g,)).assign(**{"E_added [mV]": 1e3 * E})
            for E, g in ((-80e-3, 2.0), (-60e-3, 4.0), (0.0, 6.0))
        ]
    )
    surface = b2r.FISurface.from_frame(data.reset_index(drop=True), **CELL)
    known = surface.to_frame().dropna(subset=["rate [Hz]"])
    # The currents passed through two roundings; the rate rises at most by 1e13 Hz/A near its onset.
    np.testing.assert_allclose(
        known["rate [Hz]"], [lif(i, g) for i, g in known[HEADER[:2]].to_numpy()], atol=1e-3
    )
    assert surface.warnings == ()
    with pytest.raises(b2r.errors.InputError, match="E_added.*there is the column"):
        b2r.FISurface.from_frame(data, **CELL, E_added=0 * mV)
    assumed = b2r.FISurface.from_frame(clamped(-70e-3), **CELL)
    assert (
        "taken as E_L = -70 mV" in assumed.warnings[0]
        and assumed.warnings[0] in b2r.fit_gain(assumed, rates=(20 * Hz, 100 * Hz)).warnings
    )
    given = b2r.FISurface.from_frame(clamped(-70e-3), **CELL, E_added=-70 * mV)
    np.testing.assert_array_equal(given.rate_, assumed.rate_)


def test_a_leak_may_be_taken_away_while_some_is_left():
    data = clamped(-70e-3, added=(-4.0, 0.0, 4.0))
    np.testing.assert_allclose(
        b2r.FISurface.from_frame(data, **CELL, E_added=-70 * mV).g_, [5e-9, 9e-9, 13e-9], rtol=1e-15
    )
    with pytest.raises(b2r.errors.InputError, match="leaves no leak"):
        b2r.FISurface.from_frame(
            clamped(-70e-3, added=(0.0,)).assign(**{"g [nS]": -9.0}), **CELL, E_added=-70 * mV
        )


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(added=True), "g_L=9"),
        (dict(added=True, g_L=9 * nS), "E_L"),
        (dict(added=True, g_L=9, E_L=-70 * mV), "g_L: got a plain number"),
        (dict(added=True, g_L=9 * nS, E_L="-70 nS"), "E_L"),
        (dict(CELL, E_L=-70e3 * mV), "no reversal"),
        (dict(CELL, g_L=-9 * nS), "above 0"),
        (dict(CELL, E_added=[0, 1] * mV), "one value"),
        (dict(g_L=9 * nS), "added=True"),
        (dict(CELL, g_L=1 * msiemens / cm**2), "g_L"),
        (dict(), "got 0.*added=True"),
    ],
)
def test_what_is_said_of_added_conductances_must_fit(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.FISurface.from_frame(clamped(-70e-3), **arguments)


def test_names_say_whether_a_conductance_is_added():
    named = clamped(-70e-3).rename(columns={"g [nS]": "g_added [nS]", "I [pA]": "I_inj [pA]"})
    same_ = b2r.FISurface.from_frame(named, **CELL, E_added=-70 * mV)
    np.testing.assert_array_equal(
        same_.rate_, b2r.FISurface.from_frame(clamped(-70e-3), **CELL, E_added=-70 * mV).rate_
    )
    with pytest.raises(b2r.errors.InputError, match="total conductance by its name"):
        b2r.FISurface.from_frame(clamped(-70e-3).rename(columns={"g [nS]": "g_total [nS]"}), **CELL)


def test_the_command_line_reads_a_rig(tmp_path):
    clamped(-80e-3).to_csv(tmp_path / "rig.csv", sep=";", decimal=",", index=False)
    arguments = [
        "fit",
        "rig.csv",
        "--added",
        "--g_L",
        "9 nS",
        "--E_L",
        "-70 mV",
        "--rates",
        "20 Hz,100 Hz",
        "--json",
    ]
    result = b2reduce(*arguments, "--E_added", "-80 mV", cwd=tmp_path)
    right = b2r.fit_gain(
        b2r.FISurface.from_frame(clamped(-80e-3), **CELL, E_added=-80 * mV), rates=(20 * Hz, 100 * Hz)
    )
    assert (
        result.returncode == 0
        and json.loads(result.stdout)["v_theta [V]"] == pytest.approx(float(right.v_theta), rel=1e-9)
        and result.stderr == ""
    )
    assert (
        "Warning: the reversal of the added conductance was not given"
        in b2reduce(*arguments, cwd=tmp_path).stderr
    )
    assert_refused(b2reduce("fit", "rig.csv", cwd=tmp_path), "rig.csv", "g [nS]", "--added")


def test_axis_values_that_differ_by_rounding_are_one():
    g = [1e-8, 1e-8 * (1 + 5e-10), 2e-8]
    frame = pd.DataFrame(
        [(i * (1 + k * 2e-16), g[k], 10.0) for i in (1e-10, 2e-10) for k in range(3)], columns=HEADER
    )
    frame.loc[len(frame)] = [1e-10 - 1e-10 * (1 - 1e-16), 2e-8, 0.0]  # what is left of a difference
    frame.loc[len(frame)] = [0.0, 1e-8, 0.0]
    surface = b2r.FISurface.from_frame(frame)
    assert surface.rate_.shape == (3, 2) and not np.isnan(surface.rate_).any()
    apart = frame.assign(**{"g [S]": frame["g [S]"].replace(g[1], 1e-8 * (1 + 5e-9))})
    assert b2r.FISurface.from_frame(apart).g_.size == 3
    scattered = pd.DataFrame(
        np.random.default_rng(0).uniform(1e-10, 2e-10, (6000, 2)), columns=HEADER[:2]
    ).assign(**{"rate [Hz]": 1.0})
    with pytest.raises(b2r.errors.InputError, match="6000 different currents"):
        b2r.FISurface.from_frame(scattered)


# Repeats
# ------------------------------------------------------------------------------------------------------------------------


def test_repeats_are_averaged_and_their_scatter_is_the_error():
    rng = np.random.default_rng(2)
    trials = pd.concat(
        [pd.DataFrame(POINTS, columns=NAMES).assign(trial=k) for k in range(5)], ignore_index=True
    )
    trials["rate [Hz]"] += rng.normal(0, 2, len(trials)).clip(-5, 5) + 10
    surface = b2r.FISurface.from_frame(trials)
    groups = trials.groupby(["I [pA]", "g [nS]"])["rate [Hz]"]
    np.testing.assert_allclose(surface.rate_.ravel(), groups.mean(), rtol=1e-13)
    np.testing.assert_allclose(surface.rate_sem_.ravel(), groups.sem(), rtol=1e-9)
    assert surface.provenance["averaged pairs"] == 30
    assert b2r.fit_gain(surface, weights="sem").points == 30
    with pytest.raises(b2r.errors.InputError, match="I = 200 pA, g = 9 nS occurs twice, in row 0 and row 30"):
        b2r.FISurface.from_frame(trials, repeats="refuse")
    with pytest.raises(b2r.errors.InputError, match="repeats: got 'mean'"):
        b2r.FISurface.from_frame(trials, repeats="mean")


def test_errors_of_their_own_count_where_they_are_larger():
    frame = pd.DataFrame(
        [
            (1e-10, 1e-8, 10.0, 3.0),
            (1e-10, 1e-8, 12.0, 4.0),
            (2e-10, 1e-8, 20.0, 0.1),
            (2e-10, 1e-8, 24.0, 0.1),
            (3e-10, 1e-8, 30.0, 0.5),
            (3e-10, 1e-8, np.nan, np.nan),
            (4e-10, 1e-8, np.nan, np.nan),
        ],
        columns=[*HEADER, "rate_sem [Hz]"],
    )
    surface = b2r.FISurface.from_frame(frame)
    np.testing.assert_allclose(surface.rate_[:, 0], [11, 22, 30, np.nan])
    np.testing.assert_allclose(surface.rate_sem_[:, 0], [2.5, 2, 0.5, np.nan])


@pytest.mark.parametrize(
    "column, values, refused",
    [
        ("cell", [1, 2], True),
        ("cell_id", ["a", "b"], True),
        ("drug", ["none", "TTX"], True),
        ("pipette solution", ["A", "B"], True),
        ("cell", [1, 1], False),
        ("sweep", [1, 2], False),
        ("Vrest [mV]", [-60.1, -60.3], False),
        ("file name", ["a.abf", "b.abf"], False),
        ("", [0, 1], False),
    ],
)
def test_repeats_of_different_things_are_not_averaged_without_being_asked(column, values, refused):
    frame = pd.DataFrame(
        {
            "I [pA]": [100, 100, 200],
            "g [nS]": [9, 9, 9],
            "rate [Hz]": [10, 20, 30],
            column: [*values, values[0]],
        }
    )
    if refused:
        with pytest.raises(b2r.errors.InputError, match=f"row 0 and row 1.*{column}.*repeats='average'"):
            b2r.FISurface.from_frame(frame)
    assert b2r.FISurface.from_frame(frame, repeats="average").rate_[0, 0] == 15


def test_weights_name_the_point_that_has_no_error():
    frame = pd.concat([TRUE, TRUE.assign(**{"rate [Hz]": TRUE["rate [Hz]"] * 1.1})], ignore_index=True)
    frame.loc[45, "rate [Hz]"] = frame.loc[15, "rate [Hz]"]  # equal by chance: their scatter is zero
    surface = b2r.FISurface.from_frame(frame)
    i, g = frame.loc[15, HEADER[:2]]
    with pytest.raises(
        b2r.errors.InputError,
        match=f"1 of .* have none or zero, the first at I = {i * 1e12:.4g} pA, g = {g * 1e9:.4g} nS",
    ):
        b2r.fit_gain(surface, weights="sem")


@pytest.mark.parametrize(
    "frame, gist",
    [
        (TRUE[TRUE["g [S]"] == 9e-9], "one conductance only.*v_theta"),
        (TRUE.assign(**{"rate [Hz]": 0.0}), "0 points fire.*0 to 0 Hz"),
        (TRUE.assign(**{"rate [Hz]": np.nan}), "no finite rate"),
        (TRUE[TRUE["I [A]"] == 480 / 1e12], "points fire"),
        (pd.DataFrame([(5e-10, k * 1e-9, 30.0 - k) for k in range(9, 16)], columns=HEADER), "one line"),
    ],
)
def test_what_determines_no_law_is_refused(frame, gist):
    surface = b2r.FISurface.from_frame(frame)
    assert "FISurface(" in repr(surface)
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.fit_gain(surface)
    with pytest.raises(b2r.errors.InputError, match="got a DataFrame.*expected an FISurface"):
        b2r.fit_gain(frame)


# Numbers that cannot be a cell
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "I, g, rate, gists",
    [
        (
            "I [A]",
            "g [S]",
            "rate [Hz]",
            [
                "currents reach 520 A.*pA written under A.*1e.12",
                "conductances of 16 S.*nS written under S",
                r"v_theta = [\d.]+ V .*cannot be a threshold",
            ],
        ),
        ("I [nA]", "g [nS]", "rate [Hz]", ["v_theta = [0-9.]+ V .*pA written under nA.*1000"]),
        ("I [pA]", "g [pS]", "rate [Hz]", ["v_theta = .*nS written under pS"]),
        ("I [pA]", "g [uS]", "rate [Hz]", ["at most .*µV across its leak.*nS written under uS"]),
        ("I [fA]", "g [nS]", "rate [Hz]", ["too little.*pA written under fA"]),
        ("I [pA]", "g [nS]", "rate [kHz]", ["rates reach .*Hz written under kHz"]),
        (
            "I [uA]",
            "g [S]",
            "rate [Hz]",
            ["currents reach 520 µA.*pA written under uA.*1e.06", "conductances of 16 S"],
        ),
    ],
)
def test_slips_of_units_are_told(I, g, rate, gists):
    surface = b2r.FISurface.from_frame(pd.DataFrame(POINTS, columns=[I, g, rate]))
    fit = b2r.fit_gain(surface)
    for gist in gists:
        assert any(re.search(gist, text) for text in fit.warnings), fit.warnings


@pytest.mark.parametrize("text", ["currents reach", "cannot be", "rates reach", "too little"])
def test_numbers_of_a_cell_are_not_warned_of(text, true):
    assert not any(text in warning for warning in b2r.fit_gain(true).warnings) and implausible(true) == []


# Depolarisation block
# -----------------------------------------------------------------------------------------------------------


def marks(rates, sem=np.nan):
    rates = np.array(rates, dtype=float)[:, None]
    blocked, gaps = silences(rates, np.full(rates.shape, sem))
    return "".join("B" if b else "g" if g else "." for b, g in zip(blocked[:, 0], gaps[:, 0]))


@pytest.mark.parametrize(
    "rates, sem, expected",
    [
        ([0, 0, 5, 10, 20, 0, 0], np.nan, ".....BB"),
        ([0, 5, 10, 20, 18, 15, 8, 3, 0], np.nan, ".....BBBB"),
        ([0, 5, 10, 0, 20, 30], np.nan, "...g.."),
        ([0, 1, 0, 2, 5, 10], np.nan, "......"),
        ([0, 1, 3, 0], np.nan, "...B"),
        ([5, 20, 40, 18, 19, 22], np.nan, "......"),
        ([0, 5, 20, 60, 100, 104, 98, 102, 60, 20, 5, 1], 2, "........BBBB"),
        ([0, 0.02, 0, 0.04, 0], 0.02, "....."),
        ([np.nan, 5, 10, np.nan, 0, np.nan], np.nan, "....B."),
        ([100, 90, 75, 60], np.nan, "...."),
        ([10, 20, 30, 14, 13], 20, "....."),
        ([0, 0, 0], np.nan, "..."),
        ([5], np.nan, "."),
        ([0, 10, 0, 20, 30, 0], 0.5, "..g..B"),
    ],
)
def test_falls_above_the_onset_are_marked(rates, sem, expected):
    assert marks(rates, sem) == expected


def test_scatter_alone_blocks_nothing():
    # Counts of 2 s over rising rates: falls by chance stay within four standard errors, at 1e-4 or less for
    # each of 2000 x 12 points (a Poisson count with its normal error); that a fall to below half lasts to the
    # end of the curve is rarer still.
    rng, rates = np.random.default_rng(1), np.linspace(1, 40, 12)[:, None]
    counts = rng.poisson(np.repeat(2 * rates, 2000, axis=1))
    scattered, sem = counts / 2, np.sqrt(np.maximum(counts, 1)) / 2
    assert silences(scattered, sem)[0].sum() <= 3
    scattered[-2:], sem[-2:] = 0, 0.5
    assert silences(scattered, sem)[0][-2:].mean() > 0.99, "control: a block is seen in the same scatter"


def test_a_recording_that_falls_silent_is_fitted_below_the_block(tmp_path):
    beta, v = 200e9, 15e-3
    rows = [
        (160e-12 + 40e-12 * k, g, beta * max(0.0, 140e-12 + 40e-12 * k - v * g))
        for g in (8e-9, 10e-9, 12e-9)
        for k in range(10)
    ]
    silent = pd.DataFrame([(i, g, 0.0 if i > 430e-12 else r) for i, g, r in rows], columns=HEADER)
    drooping = pd.DataFrame(
        [(i, g, r * (450e-12 + 80e-12 - i) * 4e9 if i > 430e-12 else r) for i, g, r in rows], columns=HEADER
    )
    for frame in (silent, drooping):
        surface = b2r.FISurface.from_frame(frame)
        assert (
            surface.blocked.sum() == 9 and surface.blocked[-3:].all() and not surface.blocked.flags.writeable
        )
        assert "9 points blocked" in repr(surface)
        fit = b2r.fit_gain(surface)
        assert float(fit.beta) == pytest.approx(beta, rel=1e-6) and float(fit.v_theta) == pytest.approx(
            v, rel=1e-6
        )
        [warning] = fit.warnings
        assert (
            warning.startswith("9 of 30 points")
            and "depolarisation block" in warning
            and "I = 440 to 520 pA at g = 8 nS" in warning
        )
    ax = b2r.plots.plot_fi(surface, fit, ax=Figure().subplots())
    assert "blocked, left out" in [text.get_text() for text in ax.get_legend().get_texts()]
    b2r.save(surface, tmp_path / "kept")
    np.testing.assert_array_equal(b2r.load(tmp_path / "kept").blocked, surface.blocked)
    np.testing.assert_array_equal(b2r.FISurface.from_frame(surface.to_frame()).blocked, surface.blocked)
    assert list(surface.to_frame().columns) == [*HEADER, "rate_sem [Hz]", "onset_rate [Hz]", "cv", "time [s]"]


def test_a_measured_block_is_marked():
    # The squid axon ends to fire at about 10 times its rheobase (Hodgkin & Huxley 1952 constants; 102 uA/cm2
    # from rest at this leak).
    surface = b2r.measure_fi(
        "hodgkin_huxley1952",
        [5, 20, 50, 80, 150, 180] * uA / cm**2,
        [0.3, 0.35] * msiemens / cm**2,
        duration="300 ms",
    )
    assert surface.blocked.tolist() == 4 * [[False, False]] + 2 * [[True, True]]
    assert any("4 of 12 points" in text for text in b2r.fit_gain(surface).warnings)


def test_a_silent_point_between_firing_ones_is_said():
    frame = TRUE.copy()
    frame.loc[(frame["I [A]"] == 400 / 1e12) & (frame["g [S]"] == 9e-9), "rate [Hz]"] = 0.0
    warnings = b2r.fit_gain(b2r.FISurface.from_frame(frame)).warnings
    assert any(
        "1 of 30 points is silent between" in text and "I = 400 pA at g = 9 nS" in text for text in warnings
    )


def test_a_legend_names_a_few_of_many_conductances():
    rows = [
        (i, g, 1e11 * i - 1e9 * g)
        for g in np.linspace(9e-9, 20e-9, 40)
        for i in (1e-9 + 0.01 * g, 2e-9 + 0.01 * g)
    ]
    surface = b2r.FISurface.from_frame(pd.DataFrame(rows, columns=HEADER))
    ax = b2r.plots.plot_fi(surface, b2r.fit_gain(surface), ax=Figure().subplots())
    assert len(ax.get_legend().get_texts()) == 11  # and the window
    with pytest.raises(b2r.errors.InputError, match="no finite rate"):
        b2r.plots.plot_fi(
            b2r.FISurface.from_frame(TRUE.assign(**{"rate [Hz]": np.nan})), ax=Figure().subplots()
        )
