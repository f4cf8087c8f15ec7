"""The benchmark of reductions: its list, its references, its score, and that its page says what its tables say."""

import doctest
import json
import math
from importlib import import_module

import numpy as np
import pytest
from b2reduce.experiments.reductions import references
from b2reduce.experiments.reductions.drawn import MADE, circuit_text
from b2reduce.experiments.reductions.entries import ENTRIES
from b2reduce.experiments.reductions.levels import members
from b2reduce.experiments.reductions.listing import FOLDER, Listed, circuit_of, listed, populations_of
from b2reduce.experiments.reductions.premises import off_by_level
from b2reduce.experiments.reductions.score import main, scored
from b2reduce.experiments.reductions.scoring import outcomes, scores
from b2reduce.experiments.reductions.siegert import siegert_arguments, siegert_problem
from b2reduce.experiments.reductions.tables import read_table
from click.testing import CliRunner
from scipy import integrate, optimize, special, stats

import b2reduce as b2r
from b2reduce.basics.errors import InputError
from b2reduce.basics.files import read_toml

MODULES = ("references", "score", "drawn")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# The list


def test_thirty_circuits_are_listed_and_each_has_its_file():
    assert len(listed()) == 30 and set(listed()) == set(MADE)
    assert {path.stem for path in (FOLDER / "circuits").glob("*.toml")} == set(listed())
    assert all(one.doi.startswith("10.") for one in listed().values() if one.kind == "published")
    assert sum(one.kind == "random" for one in listed().values()) == 14
    assert members("ei_lif") == ["ei_lif", "ei_lif-10Hz", "ei_lif-20Hz"]


@pytest.mark.parametrize("name", list(listed()))
def test_a_circuit_is_the_one_that_its_reference_was_run_with(name):
    circuit, record = circuit_of(name), json.loads(references.JSON.read_text())[name]
    assert circuit.name == name and circuit.hash == record["circuit_hash"]
    assert tuple(circuit.populations) == populations_of(name) == tuple(record["populations"])
    plain = read_toml(FOLDER / "circuits" / f"{name}.toml", InputError)
    # A file that named a cell of the package could not be read without it.
    assert all(isinstance(each["model"], dict) for each in plain["populations"].values())
    moved = {f"drive.{drive.name}.rate": 2 * drive.rate for drive in circuit.drives if drive.constant}
    assert not moved or circuit.replace(moved).hash != record["circuit_hash"], "another drive would be seen"


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith("random")])
def test_a_file_is_what_makes_it(name):
    assert (FOLDER / "circuits" / f"{name}.toml").read_text(encoding="utf-8") == circuit_text(name)


@pytest.mark.slow
def test_a_random_circuit_is_what_makes_it():
    """The number of trains is read from simulated rates, of which another processor may round one otherwise."""
    made, kept = b2r.Circuit.from_dict(MADE["random-4"]().to_dict()), circuit_of("random-4")
    assert made.labels == kept.labels
    for one, other in zip(made.drives, kept.drives):
        assert abs(one.inputs - other.inputs) <= 1
        np.testing.assert_allclose(one.rate_, other.rate_, rtol=1e-9, atol=0)
    other = circuit_of("random-5")
    assert [drive.rate_ for drive in other.drives][:1] != [drive.rate_ for drive in kept.drives][:1]


# The references


def test_examples():
    for name in MODULES:
        module = import_module(f"b2reduce.experiments.reductions.{name}")
        found = doctest.testmod(module, extraglobs={"np": np})
        assert found.failed == 0 and found.attempted > 0


def test_the_table_is_the_mean_of_its_seeds():
    records = json.loads(references.JSON.read_text())
    table = references.read_references()
    assert list(table) == list(listed()) == list(records)
    for name, populations in table.items():
        assert records[name]["seeds"] == list(listed()[name].seeds) == [11, 12, 13, 14, 15]
        for key, row in populations.items():
            rates = records[name]["populations"][key]["rate"]
            mean = sum(rates) / 5
            stderr = math.sqrt(sum((rate - mean) ** 2 for rate in rates) / 4 / 5)
            # Five digits are written.
            assert row["rate [Hz]"] == pytest.approx(mean, rel=1e-4)
            assert row["stderr [Hz]"] == pytest.approx(stderr, rel=1e-4)


def test_poisson_trains_have_the_synchrony_and_the_cv_of_poisson_trains():
    rng = np.random.default_rng(3)
    cells, rate, end = 400, 20.0, 6.0
    counts = rng.poisson(rate * end, cells)
    i, t = np.repeat(np.arange(cells), counts), rng.uniform(0, end, counts.sum())
    # 2000 bins: the variance of a Poisson count over its mean has a standard error of sqrt(2/2000) = 0.032.
    assert abs(references.synchrony(t, 0, end) - 1) < 4 * 0.032
    # A CV of n intervals has a standard error near 1/sqrt(n) for exponential ones, and a bias of order 1/n: here
    # 120 intervals a cell and 400 cells, 0.005 and 0.01 at most.
    assert abs(references.interval_cv(i, t) - 1) < 0.03
    together = np.repeat(t[::10], 10)
    assert references.synchrony(together, 0, end) > 5, "ten spikes at once have ten times the variance"
    assert references.interval_cv(np.zeros(50, int), np.arange(50)) == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ei_lif-10Hz", "random-4", "current-1"])
def test_other_seeds_give_the_same_rates(name):
    """Two samples of seeds, five and three: Welch's t with pooled variance has 6 degrees of freedom.

    Six populations are looked at: t at 1e-4 each side makes one false alarm in 800.
    """
    kept = json.loads(references.JSON.read_text())[name]["populations"]
    anew = references.measure(name, seeds=(31, 32, 33))["populations"]
    limit = stats.t.ppf(1 - 1e-4, 6)
    far = []
    for key, found in anew.items():
        old, new = np.array(kept[key]["rate"]), np.array(found["rate"])
        pooled = np.sqrt((4 * old.var(ddof=1) + 2 * new.var(ddof=1)) / 6)
        scale = pooled * np.sqrt(1 / 5 + 1 / 3)
        assert abs(new.mean() - old.mean()) <= limit * scale
        # A tenth more of the rate is what a drive of a few percent more would make.
        far.append(abs(1.1 * new.mean() - old.mean()) > limit * scale)
    assert any(far), "rates of another circuit would be seen"


# The score, on tables that are small enough to be worked by hand


def row(rate, stderr=0.1):
    return {"rate [Hz]": rate, "stderr [Hz]": stderr}


def circuits(*names, of=None):
    make = lambda name: Listed(name, "random", "", "", "", 2.5, 0.5, (1,), of=(of or {}).get(name, ""))
    return {name: make(name) for name in names}


REFERENCES = {
    "a": {"E": row(10.0), "I": row(20.0)},
    "b": {"E": row(0.5)},
    "c": {"E": row(4.0), "I": row(8.0)},
    "d": {"E": row(5.0)},
    "e": {"E": row(2.0)},
}


def predicted(**given):
    from b2reduce.experiments.reductions.tables import Prediction

    return {
        tuple(key.split("_")): Prediction(*(value if isinstance(value, tuple) else (value, math.nan, False)))
        for key, value in given.items()
    }


def test_scores_worked_by_hand():
    predictions = predicted(
        a_E=(11.0, math.nan, False),  # +10 %
        a_I=(19.0, 0.6, False),  # -5 %, within 2 hypot(0.6, 0.1) = 1.22 Hz
        b_E=(0.9, math.nan, True),  # 0.4 Hz of 1 Hz, as it fires at less: 40 %, warned of
        c_E=(4.0, math.nan, True),  # right, but I is missing
        d_E=(math.nan, math.nan, False),  # a failure
        e_E=(2.19, 0.0, True),  # +9.5 %, 1.9 standard errors of 0.1 Hz: a warning that is not deserved
    )
    found = outcomes(predictions, REFERENCES, circuits(*"abcde"))
    assert found["a"].errors == {"E": pytest.approx(0.1), "I": pytest.approx(-0.05)}
    assert found["b"].error == pytest.approx(0.4) and found["d"].error == math.inf
    assert found["c"].missing == ("I",) and math.isnan(found["c"].error)
    total = scores(found)
    assert (total.circuits, total.missing, total.failed) == (5, 1, 1)
    # Of 10, 40, infinite and 9.5 %: the median is between 10 and 40.
    assert total.median == pytest.approx(0.25) and total.mean == total.worst == math.inf
    assert (total.within, total.off, total.off_warned, total.warned) == (2, 2, 1, 2)
    assert (total.populations, total.populations_missing) == (7, 1)
    assert total.by_chance == 3  # a I, c E and e E
    without = {key: value for key, value in predictions.items() if key[0] != "d"}
    assert scores(outcomes(without, REFERENCES, circuits(*"abcde"))).mean == pytest.approx(
        (0.1 + 0.4 + 0.095) / 3
    )


def test_what_is_left_out_is_counted():
    total = scores(outcomes({}, REFERENCES, circuits(*"abcde")))
    assert total.missing == total.circuits == 5 and total.within == 0 and total.populations_missing == 7
    assert math.isnan(total.median) and math.isnan(total.low)


def test_the_interval_of_the_median_is_that_of_binomial_counts():
    """The median of n draws out of n values is at most the k-th where more than half of them are among the first k:
    a binomial probability. Where 2.5 % lies clear of it, 9999 draws cannot miss.
    """
    n = 11
    errors = [0.01 * 2**k for k in range(n - 1)] + [math.inf]
    names = [f"c{k}" for k in range(n)]
    reference = {name: {"E": row(10.0)} for name in names}
    table = predicted(**{f"{name}_E": 10 * (1 + error) for name, error in zip(names, errors)})
    total = scores(outcomes(table, reference, circuits(*names)))
    below = [stats.binom.sf(n // 2, n, k / n) for k in range(1, n + 1)]
    wanted = [errors[next(k for k, p in enumerate(below) if p >= level)] for level in (0.025, 0.975)]
    # A standard error of a share near 0.025 is 0.0016 with 9999 draws.
    assert all(min(abs(p - level) for p in below) > 5 * 0.0016 for level in (0.025, 0.975))
    assert [total.low, total.high] == pytest.approx(wanted)
    one = {name: names[0] for name in names[1:]}
    assert math.isnan(scores(outcomes(table, reference, circuits(*names, of=one))).low), (
        "one family tells nothing"
    )


# Tables that are refused

HEADER = "circuit,population,rate [Hz]"


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "empty file"),
        ("circuit,population\nei_lif,E\n", "row 1: got no column 'rate [Hz]'"),
        ("circuit,population,rate [Hz],stder [Hz]\n", "row 1, column 4.*did you mean 'stderr [Hz]'"),
        (f"{HEADER},warned,warned\n", "row 1: column 'warned' stands there twice"),
        (f"{HEADER}\nei_lif,E,1\nei_lif,E\n", "row 3: got 2 cells, expected the 3"),
        (f"{HEADER}\nei_lif,E,1\nei_liff,I,2\n", "row 3, column circuit.*'ei_liff'; did you mean 'ei_lif'"),
        (f"{HEADER}\nei_lif,X,1\n", "row 2, column population.*'X'.*E, I"),
        (f"{HEADER}\nei_lif,E,1\nei_lif,I,2\nei_lif,E,3\n", "row 4: ei_lif E stands in row 2 already"),
        (f'{HEADER}\nei_lif,E,"1,5"\n', "row 2, column rate [Hz]: got '1,5'"),
        (f"{HEADER}\nei_lif,E,1_0\n", "row 2, column rate [Hz]: got '1_0'"),
        (f"{HEADER}\nei_lif,E,-1\n", "row 2, column rate [Hz]: got -1, expected 0 or more"),
        (f"{HEADER},stderr [Hz]\nei_lif,E,1,-2\n", "row 2, column stderr [Hz]"),
        (f"{HEADER},warned\nei_lif,E,1,maybe\n", "row 2, column warned: got 'maybe', expected yes or no"),
        (f'{HEADER}\nei_lif,"E,1\n', "row 2: not a CSV table"),
        ("circuit,population,rate\nei_lif,E,1\n", "row 1, column 3.*did you mean 'rate [Hz]'"),
        ("circuit,population,rate [mV]\nei_lif,E,1\n", "row 1, column 3: its unit: got.*Hz"),
        ("circuit,population,rate [Hz],rate (kHz)\n", "row 1: column 'rate [Hz]' stands there twice"),
        (f",{HEADER}\nmine,ei_lif,E,1\n", "row 2, column 1: got 'mine' in a column without a name"),
        (f"{HEADER},\nei_lif,E,1,\n", "row 1, column 4: got the unknown column ''"),
    ],
)
def test_bad_tables_are_refused_by_row_and_column(tmp_path, text, said):
    path = write(tmp_path / "mine.csv", text)
    with pytest.raises(InputError) as error:
        read_table(path)
    parts = said.split(".*")
    message = str(error.value)
    assert all(part in message for part in parts), message
    done = CliRunner().invoke(main, [str(path)])
    assert (
        done.exit_code == 2 and parts[0] in " ".join(done.output.split()) and "Traceback" not in done.output
    )


def test_bytes_of_another_encoding_are_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(f"{HEADER}\nei_lif,\xff,1\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_table(path)


def test_a_table_is_read_as_it_is_written(tmp_path):
    text = f"\ufeff{HEADER},stderr [Hz],warned,note\n\nei_lif,E,12.5,0.1,yes,text\nei_lif,I,nan,,no,\nbrunel2000,E,,,,\n"
    found = read_table(write(tmp_path / "mine.csv", text))
    assert found["ei_lif", "E"] == (12.5, 0.1, True)
    assert math.isnan(found["ei_lif", "I"].rate_) and math.isnan(found["ei_lif", "I"].stderr_)
    assert ("brunel2000", "E") not in found, "an empty rate is no prediction"
    for other in (
        "circuit;population;rate [Hz];stderr [Hz];warned\nei_lif;E;12,5;0,1;yes\n",
        "circuit\tpopulation\trate (1/s)\tstderr [Hz]\twarned\nei_lif\tE\t12.5\t0.1\tyes\n",
        ",circuit,population,rate [kHz],stderr [mHz],warned\n0,ei_lif,E,0.0125,100,yes\n",
    ):
        found = read_table(write(tmp_path / "other.csv", other))["ei_lif", "E"]
        assert found == pytest.approx((12.5, 0.1, True))


def test_the_command_names_what_is_missing_and_off(tmp_path):
    reference = references.read_references()
    lines = [
        f"{name},{key},{row['rate [Hz]']}" for name, each in reference.items() for key, row in each.items()
    ]
    perfect = write(tmp_path / "perfect.csv", "\n".join([HEADER, *lines]))
    done = CliRunner().invoke(main, [str(perfect)])
    assert done.exit_code == 0 and "30 of 30" in done.output and "off:" not in done.output
    worse = [line for line in lines if not line.startswith("e_shriki")]
    worse = ["ei_lif,E,nan" if line.startswith("ei_lif,E,") else line for line in worse]
    done = CliRunner().invoke(main, [str(write(tmp_path / "worse.csv", "\n".join([HEADER, *worse])))])
    assert "missing: e_shriki: E" in done.output and "off: ei_lif: E no number" in done.output
    data = json.loads(CliRunner().invoke(main, [str(perfect), "--json"]).output)
    assert data["scores"]["all"]["worst"] == 0 and data["scores"]["all"]["within"] == 30


# The entries, and the page


@pytest.mark.parametrize("entry", list(ENTRIES))
def test_an_entry_is_of_the_circuits_as_they_are(entry):
    records = json.loads((FOLDER / "entries" / f"{entry}.json").read_text())
    table = read_table(FOLDER / "entries" / f"{entry}.csv")
    for name, record in records.items():
        assert record["circuit_hash"] == circuit_of(name).hash
        for key, rate, _, warned, _ in record["rows"]:
            if rate is None:
                assert (name, key) not in table
                continue
            assert table[name, key].rate_ == pytest.approx(float(rate), rel=1e-4, nan_ok=True)
            assert table[name, key].warned == warned


def integral(mu, sigma, reset, threshold, tau, refractory, shift=0.0):
    """The formula of Siegert by quadrature, erfcx(-u) being exp(u^2) (1 + erf u)."""
    ends = [(level - mu) / sigma + shift for level in (reset, threshold)]
    area = integrate.quad(lambda u: special.erfcx(-u), *ends, epsrel=1e-10)[0]
    return 1 / (refractory + tau * math.sqrt(math.pi) * area)


@pytest.mark.parametrize("name", ["brunel2000", "brunel2000-B", "brunel2000-D", "current-1"])
def test_the_rates_of_nnmt_are_those_of_a_quadrature(name):
    """One rate for both populations, which have the same inputs."""
    given = siegert_arguments(circuit_of(name))
    tau, refractory = given["tau_m"][0], given["tau_r"][0]
    shift = math.sqrt(2) * abs(special.zeta(0.5)) / 2 * math.sqrt(given.get("tau_s", 0.0) / tau)

    def residual(rate):
        rates = np.full(2, rate)
        sums = lambda power: (
            (given["K"] * given["J"] ** power) @ rates
            + (given["K_ext"] * given["J_ext"] ** power) @ given["nu_ext"]
        )
        mu, sigma = tau * sums(1)[0], math.sqrt(tau * sums(2)[0])
        return integral(mu, sigma, given["V_0_rel"][0], given["V_th_rel"][0], tau, refractory, shift) - rate

    rate = optimize.brentq(residual, 0.0, 400.0, xtol=1e-9)
    table = read_table(FOLDER / "entries" / "nnmt.csv")
    assert table[name, "E"].rate_ == pytest.approx(rate, rel=1e-4)  # five digits are written
    assert table[name, "E"].rate_ != pytest.approx(1.01 * rate, rel=1e-4)


def test_what_siegert_stands_for_is_told_from_what_it_does_not():
    applies = {name for name in listed() if not siegert_problem(circuit_of(name))}
    jumps = {"brunel2000", "brunel2000-A", "brunel2000-B", "brunel2000-D"}
    assert applies == {*jumps, "potjans2014-tenth", *(f"current-{number}" for number in range(4))}
    assert "several time constants" in siegert_problem(circuit_of("vogels2005_cuba"))
    assert "exponential" in siegert_problem(circuit_of("ei_lif"))
    assert "not of leaky" in siegert_problem(circuit_of("e_shriki"))
    arguments = siegert_arguments(circuit_of("brunel2000"))
    # What the paper says: 400 inputs of 0.25 mV and 100 of -1.25 mV, tau 20 ms, 2 ms, threshold 20 and reset 10 mV
    np.testing.assert_allclose(arguments["K"] * arguments["J"], [[0.1, -0.125]] * 2, rtol=1e-12)
    assert [float(arguments[key][0]) for key in ("tau_m", "tau_r", "V_th_rel", "V_0_rel")] == pytest.approx(
        [20e-3, 2e-3, 20e-3, 10e-3]
    )
    assert "tau_s" not in arguments


@pytest.mark.slow
def test_an_entry_is_what_the_package_gives():
    """The same seed on another processor may give other digits, not more than chance does."""
    reduced = b2r.reduce(circuit_of("ei_lif"), level="linear", seed=1)
    table = read_table(FOLDER / "entries" / "linear.csv")
    for key in ("E", "I"):
        kept = table["ei_lif", key]
        found = float(np.asarray(reduced.operating_rate[key]))
        # The loop comes to rest at the operating point to a thousandth
        bound = 4 * math.sqrt(2) * kept.stderr_ + 1e-3 * found
        assert abs(kept.rate_ - found) <= bound and abs(1.05 * kept.rate_ - found) > bound


PAGE = FOLDER / "README.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="an installed package has the tables, but not their page")
def test_the_page_says_what_the_tables_say():
    from b2reduce.experiments.reductions.page import PICTURE, page_text

    text = PAGE.read_text(encoding="utf-8")
    assert text == page_text(), "python -m b2reduce.experiments.reductions.page writes it anew"
    assert PICTURE.stat().st_size > 10_000
    groups, _ = scored(FOLDER / "entries" / "transfer.csv")
    assert f"| {groups['all'].within} of 30 |" in text


def test_every_circuit_that_the_levels_miss_is_explained():
    from b2reduce.experiments.reductions.page_text import REASONS
    from b2reduce.experiments.reductions.premises import read_premises

    measured = {row["circuit"] for row in read_premises()}
    assert set(off_by_level()) == set(REASONS)
    assert set(REASONS) <= measured


def test_the_picture_is_whole():
    from b2reduce.experiments.reductions.picture import LOOKS, picture

    from .figures import faults

    assert set(LOOKS) == set(ENTRIES)
    assert faults(picture()) == []
