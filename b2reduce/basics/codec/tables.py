"""Tables as plain data: columns and index with their types."""

from __future__ import annotations

import numpy as np

from ..errors import InputError

__all__ = ["decode_table", "encode_table"]

#: Types of columns whose values are not those of an array.
ITEMS = ("object", "str", "string", "bool")


def encode_table(table, go_on):
    """Plain data of a DataFrame, a Series or an Index; `go_on` encodes what is in it under a key."""
    kind = type(table).__name__
    if kind == "DataFrame":
        return {
            "table": kind,
            "index": go_on(table.index, "index"),
            "names": go_on(table.columns, "names"),
            "columns": [_column(table.iloc[:, k], go_on, table.columns[k]) for k in range(table.shape[1])],
        }
    if kind == "Series":
        return {
            "table": kind,
            "index": go_on(table.index, "index"),
            "name": go_on(table.name, "name"),
            "column": _column(table, go_on, "values"),
        }
    if kind == "RangeIndex":
        return {
            "table": kind,
            "range": [table.start, table.stop, table.step],
            "name": go_on(table.name, "name"),
        }
    levels = [table.get_level_values(k) for k in range(table.nlevels)]
    return {
        "table": "MultiIndex" if table.nlevels > 1 or kind == "MultiIndex" else "Index",
        "columns": [_column(level, go_on, k) for k, level in enumerate(levels)],
        "names": [go_on(name, "name") for name in table.names],
    }


def _column(values, go_on, key):
    array = values.to_numpy()
    if str(values.dtype) == str(array.dtype) and array.dtype.kind in "iufcb":
        return {"dtype": str(values.dtype), "values": go_on(array, key)}
    if str(values.dtype) not in ITEMS:
        raise InputError(f"save, column {key!r}: got the type {values.dtype}, expected numbers or text")
    return {"dtype": str(values.dtype), "items": [go_on(item, key) for item in values.tolist()]}


def decode_table(data, back, wrong):
    """The table of plain data.

    Parameters
    ----------
    data : dict
    back : callable
        Decodes what is under a key: ``back(data, key)``.
    wrong : callable
        Makes the error of a message.
    """
    import pandas as pd

    kind = data["table"]
    forms = {
        "DataFrame": {"table", "index", "names", "columns"},
        "Series": {"table", "index", "name", "column"},
        "RangeIndex": {"table", "range", "name"},
        "Index": {"table", "columns", "names"},
        "MultiIndex": {"table", "columns", "names"},
    }
    if not isinstance(kind, str) or kind not in forms or set(data) != forms[kind]:
        raise wrong(f"got the table {kind!r} with {sorted(data)}, expected one of {', '.join(forms)}")
    if kind == "RangeIndex":
        if not (
            isinstance(data["range"], list)
            and len(data["range"]) == 3
            and all(type(item) is int for item in data["range"])
            and data["range"][2]
        ):
            raise wrong(f"got the range {data['range']!r}, expected three whole numbers")
        return pd.RangeIndex(*data["range"], name=back(data["name"], "name"))
    if kind == "Series":
        index = _index(back(data["index"], "index"), wrong)
        return _series(data["column"], back, wrong, index, back(data["name"], "name"))
    if not isinstance(data["columns"], list):
        raise wrong("the columns are no list")
    if kind == "DataFrame":
        index, names = (_index(back(data[key], key), wrong) for key in ("index", "names"))
        if len(names) != len(data["columns"]):
            raise wrong(f"got {len(data['columns'])} columns and {len(names)} names")
        frame = pd.DataFrame(
            {k: _series(column, back, wrong, index) for k, column in enumerate(data["columns"])}, index=index
        )
        frame.columns = names
        return frame
    columns = [_series(column, back, wrong) for column in data["columns"]]
    names = [back(name, "name") for name in data["names"]]
    if len(names) != len(columns) or not columns or kind == "Index" and len(columns) != 1:
        raise wrong(f"got {len(columns)} columns and {len(names)} names of an index")
    if len({len(column) for column in columns}) != 1:
        raise wrong("the columns of an index differ in length")
    if kind == "Index":
        return pd.Index(columns[0], name=names[0])
    return pd.MultiIndex.from_arrays(columns, names=names)


def _index(index, wrong):
    import pandas as pd

    if not isinstance(index, pd.Index):
        raise wrong(f"got {type(index).__name__} as index of a table")
    return index


def _series(data, back, wrong, index=None, name=None):
    import pandas as pd

    if isinstance(data, dict) and set(data) == {"dtype", "values"}:
        values, dtype = np.array(back(data["values"], "values")), None
        if values.ndim != 1 or str(values.dtype) != data["dtype"]:
            raise wrong(f"got a column of {values.dtype}, expected {data['dtype']}")
    elif isinstance(data, dict) and set(data) == {"dtype", "items"} and data["dtype"] in ITEMS:
        if not isinstance(data["items"], list):
            raise wrong("the items of a column are no list")
        values, dtype = [back(item, "items") for item in data["items"]], data["dtype"]
    else:
        raise wrong("got a column of an unknown form")
    if index is not None and len(values) != len(index):
        raise wrong(f"got a column of {len(values)} values and an index of {len(index)}")
    return pd.Series(values, dtype=dtype, index=index, name=name)
