"""Every result is saved and read back bit for bit, is really frozen, and damage is never taken for data."""

import copy
import json
import os
import pickle
import random
import shutil
import signal
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import b2reduce as b2r
from b2reduce.basics.codec import documents, register
from b2reduce.basics.codec.decode import decode
from b2reduce.basics.codec.encode import encode
from b2reduce.basics.codec.sealed import sealed_text
from b2reduce.basics.fields import Floats, Many, Text
from b2reduce.basics.frozen import FrozenDict, FrozenList, Record

from ..equal import assert_equal
from ..made_results import ODD, RESULTS, others, result

NOTE, ARRAYS = "b2reduce.json", "arrays.npz"
OWN = (b2r.errors.InputError, b2r.errors.OutputError)
#: What users construct to ask with, and what is checked by its own constructor; and what holds objects of a
#: user's network.
NO_RESULTS = {"Population", "Projection", "Drive", "Imported"}
QUICK = settings(
    deadline=None, database=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck)
)


def test_the_table_covers_every_class_that_is_registered():
    made = {type(result(name)).__name__ for name in RESULTS}
    assert made == set(register.KINDS)


def test_every_public_result_is_registered():
    public = {name for name in b2r.__all__ if is_dataclass(getattr(b2r, name))}
    assert public - set(register.KINDS) == NO_RESULTS
    records = {cls.__name__ for cls in Record.__subclasses__() if cls.__module__.startswith("b2reduce.")}
    assert len(records) > 25
    # A record within a verdict's making, of which no result is made
    assert records - set(register.KINDS) == {"LevelRecord"}


@pytest.mark.parametrize("name", sorted(register.KINDS))
def test_what_is_checked_are_all_fields(name):
    cls = register.class_of(name)
    if name not in register.AS_TEXT:
        assert set(cls.FIELDS) == set(register.names_of(cls))


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.array([1.0, np.nan]), "b": [1, 2.0]},
        {"a": np.array([1.0, -0.0]), "b": [1, 2.0]},
        {"a": np.array([1.0, 0.0], dtype=np.float32), "b": [1, 2.0]},
        {"a": np.array([1.0, 0.0]), "b": [1, 2]},
        {"a": np.array([1.0, 0.0]), "b": (1, 2.0)},
        {"b": [1, 2.0], "a": np.array([[1.0, 0.0]])},
        {"a": np.array([1.0, 0.0])},
    ],
    ids=str,
)
def test_a_difference_would_be_seen(other):
    """The control of all that comes back."""
    value = {"a": np.array([1.0, 0.0]), "b": [1, 2.0]}
    assert_equal(value, {"a": np.array([1.0, 0.0]), "b": [1, 2.0]})
    with pytest.raises(AssertionError):
        assert_equal(value, other)


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_comes_back_bit_for_bit(name, tmp_path):
    b2r.save(result(name), tmp_path / "saved")
    assert_equal(result(name), b2r.load(tmp_path / "saved"))
    documents.write_document(result(name), tmp_path / "alone.json")
    assert_equal(result(name), b2r.load(tmp_path / "alone.json"))
    assert_equal(result(name), pickle.loads(pickle.dumps(result(name))))


@pytest.mark.parametrize("name", others())
def test_lists_tables_and_arrays_come_back_bit_for_bit(name, tmp_path):
    value = others()[name]
    b2r.save(value, tmp_path / "saved")
    assert_equal(value, b2r.load(tmp_path / "saved"))
    assert_equal(value, decode(json.loads(json.dumps(encode(value)))))


def arrays_in(value):
    """All arrays of a result."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays_in(item)
    elif isinstance(value, Record):
        for item in fields(value):
            yield from arrays_in(getattr(value, item.name))


@pytest.mark.parametrize("name", [name for name in RESULTS if name not in ("cell", "circuit")])
def test_every_result_is_frozen_also_once_it_was_read(name, tmp_path):
    b2r.save(result(name), tmp_path / "saved")
    for made in (result(name), b2r.load(tmp_path / "saved"), pickle.loads(pickle.dumps(result(name)))):
        for values in arrays_in(made):
            assert not values.flags.writeable
            if values.size and name != "binary network":
                with pytest.raises(ValueError, match="WRITEABLE"):
                    values.setflags(write=True)
        if not is_dataclass(made):
            continue
        for item in fields(made):
            value = getattr(made, item.name)
            assert not isinstance(value, (dict, list)) or isinstance(value, (FrozenDict, FrozenList)), (
                item.name
            )
            with pytest.raises(AttributeError):
                setattr(made, item.name, value)


def test_the_arrays_of_the_caller_stay_the_callers():
    i, t, rate = np.array([0, 1]), np.array([0.1, 0.2]), np.ones((1, 3))
    made = b2r.Activity(
        ("E",), np.arange(3.0), rate, 1.0, {"E": 2}, {"E": (i, t)}, {"a": rate}, np.arange(3.0)
    )
    for values in (i, t, rate):
        values += 1  # they are not made read-only
    assert made.spikes_["E"][0].tolist() == [0, 1] and made.spikes_["E"][1].tolist() == [0.1, 0.2]
    assert made.rate_.tolist() == [[1, 1, 1]] and made.conductances_["a"].tolist() == [[1, 1, 1]]
    with pytest.raises(TypeError, match="cannot be changed"):
        made.sizes["E"] = 3


def test_warnings_are_lists_that_cannot_be_changed():
    gain = result("gain")
    assert gain.warnings == [] and isinstance(gain.warnings, list)
    with pytest.raises(TypeError, match="cannot be changed"):
        gain.warnings.append("another")
    assert copy.deepcopy(gain).warnings == [] and type(copy.copy(gain).warnings) is FrozenList


# Damage


@contextmanager
def limit(seconds):
    """Ends what hangs."""

    def late(*_):
        raise TimeoutError("hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def flip_digit(chance, folder, other):
    path = folder / chance.choice([NOTE, ARRAYS])
    content = bytearray(path.read_bytes())
    # An archive of no arrays holds no digit
    digits = [k for k, byte in enumerate(content) if chr(byte) in "0123456789"]
    if not digits:
        return flip_bit(chance, folder, other)
    k = chance.choice(digits)
    content[k] = ord(str((int(chr(content[k])) + chance.randint(1, 9)) % 10))
    path.write_bytes(bytes(content))


def flip_bit(chance, folder, other):
    path = folder / chance.choice([NOTE, ARRAYS])
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(content))


def truncate(chance, folder, other):
    path = folder / chance.choice([NOTE, ARRAYS])
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def inner_dicts(data):
    """All objects of JSON that have keys."""
    if isinstance(data, dict):
        if data:
            yield data
        for item in data.values():
            yield from inner_dicts(item)
    elif isinstance(data, list):
        for item in data:
            yield from inner_dicts(item)


def delete_key(chance, folder, other):
    held = json.loads((folder / NOTE).read_text())
    data = chance.choice(list(inner_dicts(held)))
    del data[chance.choice(list(data))]
    (folder / NOTE).write_text(json.dumps(held))


def add_key(chance, folder, other):
    held = json.loads((folder / NOTE).read_text())
    chance.choice(list(inner_dicts(held)))[chance.choice(["data", "fields", "x", ""])] = 1
    (folder / NOTE).write_text(json.dumps(held))


def duplicate_key(chance, folder, other):
    text = (folder / NOTE).read_text()
    held = json.loads(text)
    name = chance.choice(["data", "kind", "files", "version", "hash"])
    again = json.dumps({name: held[name] if chance.random() < 0.5 else 1})[1:-1]
    (folder / NOTE).write_text(text.rstrip()[:-1] + f", {again}}}")


def change_shape(chance, folder, other):
    held = json.loads((folder / NOTE).read_text())
    shapes = [data["shape"] for data in inner_dicts(held) if "shape" in data]
    if not shapes:
        return flip_digit(chance, folder, other)
    chance.choice(shapes).append(chance.randint(0, 3))
    (folder / NOTE).write_text(json.dumps(held))


def change_value(chance, folder, other):
    held = json.loads((folder / NOTE).read_text())
    data = chance.choice(list(inner_dicts(held)))
    data[chance.choice(list(data))] = chance.choice([None, True, -1, 1e308, "..", "../../x", [], {}, "NaN"])
    (folder / NOTE).write_text(json.dumps(held))


def rewrite_with_constants(chance, folder, other):
    text = (folder / NOTE).read_text()
    (folder / NOTE).write_text(
        text.replace(": 1", f": {chance.choice(['NaN', 'Infinity', '1e999', '-0'])}", 1)
    )


def nest(chance, folder, other):
    (folder / NOTE).write_text("[" * 10**5 + "]" * 10**5)


def swap(chance, folder, other):
    name = chance.choice([NOTE, ARRAYS])
    shutil.copy(other / name, folder / name)


def swap_names(chance, folder, other):
    (folder / NOTE).rename(folder / "x")
    (folder / ARRAYS).rename(folder / NOTE)
    (folder / "x").rename(folder / ARRAYS)


def replaced_by(make):
    def mutate(chance, folder, other):
        path = folder / chance.choice([NOTE, ARRAYS])
        content = path.read_bytes()
        path.unlink()
        make(path, content)

    mutate.__name__ = make.__name__
    return mutate


def fifo(path, content):
    os.mkfifo(path)


def link_outside(path, content):
    outside = path.parent.parent / f"outside {path.name}"
    outside.write_bytes(content)
    path.symlink_to(outside)


def link_to_device(path, content):
    path.symlink_to("/dev/zero")


def link_to_itself(path, content):
    path.symlink_to(path)


def folder_instead(path, content):
    path.mkdir()


def nothing(path, content):
    pass


def empty(path, content):
    path.write_bytes(b"")


def pickled(path, content):
    import io

    stream = io.BytesIO()
    np.savez(stream, a0=np.array([{"a": 1}], dtype=object))
    path.write_bytes(stream.getvalue())


MUTATIONS = [
    flip_digit,
    flip_bit,
    truncate,
    delete_key,
    add_key,
    duplicate_key,
    change_shape,
    change_value,
    rewrite_with_constants,
    nest,
    swap,
    swap_names,
    *map(
        replaced_by,
        (fifo, link_outside, link_to_device, link_to_itself, folder_instead, nothing, empty, pickled),
    ),
]
ROUNDS = 20  # mutated folders of every kind: some four hundred


def read_or_refused(folder, original):
    """Whether a folder is refused; what is read equals the original."""
    with limit(20):
        try:
            again = b2r.load(folder)
        except OWN as error:
            assert str(folder) in str(error), "the message names the file"
            return True
    assert_equal(original, again)
    return False


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """{name: folder} of every result."""
    place = tmp_path_factory.mktemp("saved")
    for name in RESULTS:
        b2r.save(result(name), place / name)
    return {name: place / name for name in RESULTS}


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_a_damaged_folder_is_refused_or_reads_the_same(mutate, saved, tmp_path):
    chance, refused = random.Random(mutate.__name__), 0
    for number in range(ROUNDS):
        name, other = chance.sample(sorted(saved), 2)
        folder = tmp_path / str(number)
        shutil.copytree(saved[name], folder)
        mutate(chance, folder, saved[other])
        refused += read_or_refused(folder, result(name))
    assert refused > 0


def sealed_again(folder, change):
    """Change the data of a folder and write a hash that fits, as somebody would who means it."""
    held = json.loads((folder / NOTE).read_text())
    change(held)
    for key in ("format", "version", "b2reduce", "hash"):
        held.pop(key)
    (folder / NOTE).write_text(sealed_text("b2reduce result", held))


def test_without_the_hash_a_changed_number_would_be_read(saved, tmp_path):
    """The control of the mutations above: the same change, once the hash fits, loads as another number."""

    def change(held):
        held["data"]["fields"]["J0"] = -5

    for name, seal in (("changed", False), ("meant", True)):
        shutil.copytree(saved["ring"], tmp_path / name)
        if seal:
            sealed_again(tmp_path / name, change)
        else:
            held = json.loads((tmp_path / name / NOTE).read_text())
            change(held)
            (tmp_path / name / NOTE).write_text(json.dumps(held))
    with pytest.raises(b2r.errors.InputError, match=r"b2reduce.json: hash: the content was changed"):
        b2r.load(tmp_path / "changed")
    assert b2r.load(tmp_path / "meant").J0 == -5 and result("ring").J0 == -4


def set_field(name, value):
    return lambda held: held["data"]["fields"].__setitem__(name, value)


@pytest.mark.parametrize(
    "name, change, gist",
    [
        ("ring", set_field("J0", "4"), "J0: got '4', expected"),
        ("ring", set_field("J0", None), "J0"),
        ("ring", set_field("J9", 1), "unknown field 'J9' of Ring; known: J0"),
        ("ring", lambda held: held["data"]["fields"].pop("tau"), "field 'tau' of Ring is missing"),
        ("ring", lambda held: held.update(kind="GainFit"), "kind: got 'GainFit'"),
        ("ring", lambda held: held.update(more=1), "unknown key 'more'"),
        ("ring", lambda held: held["data"].update(object="os.system"), "unknown kind of result 'os.system'"),
        ("ring", lambda held: held["data"].update(object=["Ring"]), "kind"),
        ("ring", lambda held: held["data"].update(args=[1]), "expected those of a Ring"),
        ("ring", lambda held: held["files"].update({"../other.npz": "00"}), "files: got"),
        ("gain", set_field("rmse", {"quantity": 1.0, "unit": "V"}), r"rmse: got a value in V, expected one in Hz"),
        ("gain", set_field("rmse", {"quantity": 1.0, "unit": "parsec"}), "rmse"),
        ("gain", set_field("rmse", {"quantity": "1", "unit": "Hz"}), "rmse: got no number"),
        ("gain", set_field("points", 1.5), "points: got 1.5, expected a whole number"),
        ("gain", set_field("warnings", {"list": [3]}), r"warnings\[0\]: got 3, expected text"),
        ("surface", set_field("rate_", {"values": [1.0], "dtype": "<f8", "shape": [1, 1]}), "rate_.*along 'I'"),
        ("surface", set_field("rate_", {"values": [1.0], "dtype": "|O", "shape": [1]}), "rate_: got the type"),
        ("surface", set_field("rate_", {"values": ["x"], "dtype": "<f8", "shape": [1]}), "rate_"),
        ("surface", set_field("rate_", {"values": [1.0], "dtype": "<f8", "shape": [10**12]}), "rate_"),
        ("surface", set_field("rate_", {"array": "a9", "dtype": "<f8", "shape": [4, 3], "is": ""}), "rate_.*missing"),
        ("surface", set_field("check", {"mapping": [["a", 1], ["a", 2]]}), "check: got the key 'a' twice"),
        ("surface", set_field("check", {"mapping": [[{"list": []}, 1]]}), "check"),
        ("surface", set_field("g_", {"object": "Ring", "fields": {}}), "g_: the field 'J0'"),
        ("fixed point", set_field("outside", {"list": ["E"], "x": 1}), "outside: got the keys"),
        ("binary network", lambda held: held["data"]["fields"]["weights"].update(sparse=[2, 2]), "weights"),
        ("verdict", set_field("remedies", {"tuple": [3]}), r"remedies\[0\]: got 3, expected a Remedy"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_its_key_though_the_hash_fits(name, change, gist, saved, tmp_path):
    shutil.copytree(saved[name], tmp_path / "saved")
    sealed_again(tmp_path / "saved", change)
    with pytest.raises(b2r.errors.InputError, match=gist) as raised:
        b2r.load(tmp_path / "saved")
    assert NOTE in str(raised.value)


@pytest.mark.parametrize("name", ["fifo", "/dev/zero", "socket", "nothing", "empty"])
def test_what_is_no_plain_file_is_not_opened(name, tmp_path):
    import socket

    path = name if name.startswith("/") else tmp_path / name
    if name == "fifo":
        os.mkfifo(path)
    elif name == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    elif name == "empty":
        path.touch()
    with limit(10):
        for read in (b2r.load, b2r.ReducedCircuit.load):
            with pytest.raises(b2r.errors.InputError, match=name):
                read(path)


# Writing


def test_a_full_disk_and_a_folder_that_is_no_folder_leave_nothing(tmp_path):
    with pytest.raises(b2r.errors.OutputError):
        b2r.save(result("ring"), "/proc/b2reduce_no_such_place/saved")
    (tmp_path / "file").write_text("kept")
    with pytest.raises(b2r.errors.OutputError, match="is a file"):
        b2r.save(result("ring"), tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (
        tmp_path / "file"
    ).read_text() == "kept"


def test_an_interrupted_write_leaves_the_old_file_whole(tmp_path):
    """Limits of the size of files are a full disk that a test may have."""
    import resource

    path = tmp_path / "reduced.json"
    result("reduced").save(path)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        for write in (
            lambda: result("all of reduced").save(path),
            lambda: b2r.save(result("all of reduced"), tmp_path / "folder"),
        ):
            with pytest.raises(b2r.errors.OutputError, match="cannot be written: File too large"):
                write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["reduced.json"]


def test_the_folder_may_be_a_link_and_what_it_leads_to_is_kept(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    b2r.save(result("ring"), tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and b2r.load(tmp_path / "link") == result("ring")
    assert (tmp_path / "real" / NOTE).exists()


def test_what_has_no_plain_form_is_refused_by_its_key(tmp_path):
    for value, gist in (
        (object(), "expected a result of this package"),
        ([lambda: 1], r"result\.0: got the function"),
        ({"a": np.array([None])}, r"result\.a: got an array of object"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "datetime64"),
        (pd.DataFrame({"x": pd.to_datetime(["2020-01-01"])}), "column 'x'"),
        ("text", "expected what a function of this package returned"),
    ):
        with pytest.raises(b2r.errors.InputError, match=gist):
            b2r.save(value, tmp_path / "saved")
        assert list(tmp_path.iterdir()) == []


def test_a_class_from_outside_registers_itself(tmp_path):
    @register.register
    @dataclass(frozen=True, eq=False)
    class Mine(Record):
        names: tuple
        rate_: np.ndarray

        FIELDS = FrozenDict(names=Many(Text, "name"), rate_=Floats("name"))

    try:
        mine = Mine(["a", "b"], [1, -0.0])
        b2r.save(mine, tmp_path / "mine")
        assert_equal(mine, b2r.load(tmp_path / "mine"))
        sealed_again(tmp_path / "mine", set_field("names", {"tuple": ["a"]}))
        with pytest.raises(
            b2r.errors.InputError, match=r"Mine\.rate_: got the shape \(2,\), expected 1 along 'name'"
        ):
            b2r.load(tmp_path / "mine")
        with pytest.raises(b2r.errors.InputError, match="is taken"):
            register.register(type("Ring", (Mine,), {}))
    finally:
        del register.OTHERS["Mine"]
    with pytest.raises(b2r.errors.InputError, match="unknown kind of result 'Mine'"):
        b2r.load(tmp_path / "mine")


# Any values

texts = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["[/x]", "$\\frac{$", "\x1b[2J\x00", "\ud800", "../x"]
)
floats = st.floats() | st.sampled_from(ODD.tolist())
units = st.sampled_from(["Hz", "A/m^2", "S", "C", "Hz m^2/A", "1", "m^3 kg^-1"])


def quantity(values, unit):
    from brian2 import Quantity

    from b2reduce.basics.units import with_units

    return Quantity(values, dim=getattr(with_units(1.0, unit), "dim", Quantity(1.0).dim))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | st.complex_numbers() | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=12,
)


@QUICK
@given(plain)
def test_plain_values_come_back(value):
    assert_equal(value, decode(json.loads(json.dumps(encode(value), allow_nan=False))))


@QUICK
@given(st.lists(floats, max_size=6), units, st.booleans())
def test_quantities_come_back(values, unit, single):
    value = quantity(np.float64(values[0]) if single and values else np.array(values, dtype=float), unit)
    arrays = {}
    assert_equal(value, decode(encode(value, arrays), arrays))
    assert_equal(value, decode(json.loads(json.dumps(encode(value), allow_nan=False))))


@settings(QUICK, max_examples=25)
@given(st.lists(texts, min_size=1, max_size=4, unique=True), st.data())
def test_runs_of_populations_of_any_name_come_back(tmp_path_factory, names, data):
    draw = lambda size: np.array(data.draw(st.lists(floats, min_size=size, max_size=size)), dtype=float)
    run = b2r.Activity(
        names,
        np.arange(3.0),
        np.array([draw(3) for _ in names]),
        1.0,
        dict.fromkeys(names, 5),
        provenance={name: draw(1).tolist() for name in names},
        drives_={(name, name): (draw(2), draw(2)) for name in names},
    )
    folder = tmp_path_factory.mktemp("runs") / "saved"
    b2r.save({"run": run, "mean": run.mean()}, folder)
    assert_equal(run, b2r.load(folder)["run"])
    assert_equal(run.mean(), b2r.load(folder)["mean"])
    assert all(path.resolve().is_relative_to(folder) for path in folder.rglob("*"))


@QUICK
@given(
    st.dictionaries(texts, st.lists(floats, min_size=3, max_size=3), max_size=4),
    st.lists(texts, min_size=3, max_size=3),
    texts,
)
def test_tables_of_any_columns_come_back(columns, rows, name):
    frame = pd.DataFrame(columns, index=pd.Index(rows, name=name, dtype=object))
    arrays = {}
    assert_equal(frame, decode(encode(frame, arrays), arrays))


@QUICK
@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.sampled_from(["<f8", "a0", "Ring", "Hz", "int64", "object"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["object", "fields", "text", "array", "values", "dtype", "shape", "is", "quantity", "unit", "mapping",
         "list", "tuple", "table", "index", "columns", "names", "name", "range", "items", "float", "scalar",
         "value", "complex", "sparse", "data", "indices", "indptr", "column"]), inner, max_size=4),
    max_leaves=20))  # fmt: skip
def test_data_of_any_form_are_read_or_refused(data):
    try:
        decode(data, {"a0": np.arange(3.0)})
    except b2r.errors.InputError as error:
        assert "data" in str(error)
