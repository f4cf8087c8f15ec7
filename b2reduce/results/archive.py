"""Results as folders of JSON, npz and CSV: read back bit for bit, and readable without this package.

``b2reduce.json`` holds the object as plain data, with ``{"array": name}`` where ``arrays.npz`` holds an
array; tables stand beside it as CSV for people. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from .. import __version__
from ..basics.arguments import described
from ..basics.errors import InputError
from ..basics.files import output_folder, write_json, write_text
from ..basics.units import si_label, with_units

__all__ = ["FORMAT", "add_archive", "read_archive", "save"]

FORMAT = 1
NOTE, ARRAYS = "b2reduce.json", "arrays.npz"
#: Classes that are written field by field, and where they live.
CLASSES = {
    "FISurface": "cells.surface",
    "TransferFunction": "cells.transfer",
    "GainFit": "cells.gain_fit",
    "ReducedCircuit": "reduction.reduced_circuit",
    "Activity": "networks.activity",
    "LinearResponse": "cells.linear_response",
    "ResponseComparison": "validation.transients",
    "SlowVariation": "validation.frequencies",
    "Comparison": "validation.comparison",
    "Validation": "validation.validation",
    "Verdict": "validation.verdict",
    "Remedy": "validation.verdict",
    "RegimeMap": "scanning.regime_map",
}
#: Classes that write themselves as plain data.
SELF_DESCRIBED = {"Circuit": "circuit.circuit", "NeuronModel": "circuit.neuron"}


def save(result, path):
    """Write a result into a new folder.

    Parameters
    ----------
    result : FISurface, TransferFunction, GainFit, ReducedCircuit, Activity, Comparison, Validation or
        RegimeMap
    path : path
        Must not exist, or be empty. A validation is better saved by its own `save`, which adds the report.

    Raises
    ------
    InputError
        If the result is of another kind.
    OutputError
        If the folder holds files already or cannot be made.

    Examples
    --------
    >>> import os, tempfile
    >>> from brian2 import nA, nS
    >>> from b2reduce import measure_fi
    >>> surface = measure_fi("lif", [0.3, 0.4]*nA, [20]*nS)
    >>> folder = os.path.join(tempfile.mkdtemp(), "surface")
    >>> save(surface, folder)
    >>> bool((read_archive(folder).rate_ == surface.rate_).all())
    True
    """
    if type(result).__name__ not in CLASSES:
        raise InputError(
            f"save, result: got {described(result)}, expected one of {', '.join(CLASSES)}; a scan keeps"
            " itself where out= says"
        )
    _path(path)
    with output_folder(path) as place:
        add_archive(result, place)


def _path(path):
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path: got {described(path)}, expected the path of a folder")
    return Path(path)


def add_archive(result, folder):
    """Write the files of a result into a folder that exists."""
    arrays, tables = {}, {}
    data = _encode(result, arrays, tables, "")
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    (folder / ARRAYS).write_bytes(content.getvalue())
    if tables:
        (folder / "tables").mkdir(exist_ok=True)
    for name, frame in tables.items():
        write_text(folder / "tables" / f"{name.replace('->', '_to_')}.csv", frame.to_csv())
    write_json(
        folder / NOTE,
        {
            "format": "b2reduce result",
            "version": FORMAT,
            "kind": type(result).__name__,
            "b2reduce": __version__,
            "files": {ARRAYS: hashlib.sha256(content.getvalue()).hexdigest()},
            "data": data,
        },
    )


def read_archive(path):
    """The object that a folder holds.

    Raises
    ------
    InputError
        If something is missing, was cut short, is of another format, or of a newer version; the message names
        the file.
    """
    path = _path(path)
    note = path / NOTE
    try:
        held = json.loads(note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: holds neither {NOTE} nor scan.json, and is no result of b2reduce"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{note}: cannot be read, or was cut short: {error}") from None
    if not isinstance(held, dict) or held.get("format") != "b2reduce result":
        raise InputError(f"{note}: is not the description of a result of b2reduce")
    if held.get("version", 0) > FORMAT:
        raise InputError(
            f"{note}: has format version {held['version']}, and this b2reduce {__version__} reads up to"
            f" {FORMAT}; install b2reduce {held.get('b2reduce')} or newer"
        )
    arrays = {}
    for name, digest in held["files"].items():
        try:
            content = (path / name).read_bytes()
        except OSError as error:
            raise InputError(f"{path / name}: cannot be read: {error.strerror}") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise InputError(f"{path / name}: was cut short or changed since it was written")
        with np.load(io.BytesIO(content), allow_pickle=False) as opened:
            arrays.update({key: opened[key] for key in opened.files})
    try:
        return _decode(held["data"], arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{note}: is not what this version writes: {type(error).__name__}: {error}"
        ) from None


def _encode(value, arrays, tables, name):
    """Plain data of a value; arrays and tables are put aside."""
    kind = type(value).__name__
    go_on = lambda item, key: _encode(item, arrays, tables, f"{name}.{key}" if name else str(key))
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, (np.bool_, np.integer)):
        return value.item()
    if isinstance(value, (float, np.floating)) and not hasattr(value, "dim"):
        return float(value) if np.isfinite(value) else {"float": repr(float(value))}
    if hasattr(value, "dim"):
        return {"quantity": go_on(np.asarray(value, dtype=float), "si"), "unit": si_label(value)}
    if isinstance(value, np.ndarray):
        arrays[key := f"a{len(arrays)}"] = value
        return {"array": key, "is": name}
    if kind in SELF_DESCRIBED:
        return {"object": kind, "data": value.to_dict()}
    if kind in CLASSES and is_dataclass(value):
        if hasattr(value, "to_frame"):
            tables[name or "table"] = value.to_frame()
        return {
            "object": kind,
            "fields": {item.name: go_on(getattr(value, item.name), item.name) for item in fields(value)},
        }
    if kind in ("DataFrame", "Series"):
        frame = value.to_frame() if kind == "Series" else value
        tables[name or "table"] = frame
        return {
            "table": kind,
            "index": go_on(frame.index, "index"),
            "names": [go_on(key, "name") for key in frame.columns],
            "column axis": frame.columns.name,
            "columns": [_column(frame.iloc[:, k], go_on) for k in range(frame.shape[1])],
        }
    if kind == "MultiIndex":
        return {"index": [list(row) for row in value.tolist()], "names": list(value.names), "levels": True}
    if kind.endswith("Index"):
        return {
            "index": [item.item() if isinstance(item, np.generic) else item for item in value.tolist()],
            "names": [value.name],
            "dtype": str(value.dtype),
        }
    if isinstance(value, Mapping):
        return {
            "mapping": [
                [
                    go_on(key, "key"),
                    go_on(
                        item,
                        (
                            key
                            if isinstance(key, str)
                            else "->".join(map(str, key))
                            if isinstance(key, tuple)
                            else key
                        ),
                    ),
                ]
                for key, item in value.items()
            ]
        }
    if isinstance(value, (list, tuple)):
        return {
            "tuple" if isinstance(value, tuple) else "list": [
                go_on(item, number) for number, item in enumerate(value)
            ]
        }
    raise InputError(f"save: {name}: got {described(value)}, of a kind that has no plain form")


def _column(series, go_on):
    values = series.to_numpy()
    if values.dtype.kind in "fiub":
        return go_on(values, series.name)
    return {
        "list": [go_on(item, number) for number, item in enumerate(series.tolist())],
        "dtype": str(series.dtype),
    }


def _decode(data, arrays):
    if not isinstance(data, dict):
        return data
    back = lambda item: _decode(item, arrays)
    if "float" in data:
        return float(data["float"])
    if "array" in data:
        return arrays[data["array"]]
    if "quantity" in data:
        return with_units(back(data["quantity"]), data["unit"])
    if "object" in data:
        home = {**CLASSES, **SELF_DESCRIBED}[data["object"]]
        cls = getattr(import_module(f"..{home}", __package__), data["object"])
        return (
            cls.from_dict(data["data"])
            if "data" in data
            else cls(**{key: back(item) for key, item in data["fields"].items()})
        )
    if "table" in data:
        import pandas as pd

        columns = {}
        for number, column in enumerate(data["columns"]):
            values = back(column)
            columns[number] = pd.Series(values, dtype=column.get("dtype")) if "list" in column else values
        frame = pd.DataFrame(columns)
        frame.columns = pd.Index([back(key) for key in data["names"]], name=data["column axis"])
        frame.index = _index(data["index"], len(frame))
        return frame.iloc[:, 0] if data["table"] == "Series" else frame
    if "mapping" in data:
        return {back(key): back(item) for key, item in data["mapping"]}
    if "tuple" in data:
        return tuple(map(back, data["tuple"]))
    if "list" in data:
        return list(map(back, data["list"]))
    raise KeyError(f"no such form: {sorted(data)}")


def _index(data, length):
    import pandas as pd

    if data.get("levels"):
        return pd.MultiIndex.from_tuples([tuple(row) for row in data["index"]], names=data["names"])
    if data["dtype"] == "int64" and data["index"] == list(range(length)):
        return pd.RangeIndex(length, name=data["names"][0])
    return pd.Index(data["index"], name=data["names"][0], dtype=data["dtype"])
