"""Whether two results are the same, bit for bit."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd

import b2reduce as b2r


def assert_equal(a, b, where="result"):
    """Bit for bit, through everything that results are made of."""
    assert type(a) is type(b), where
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True, obj=where)
        for column in range(a.shape[1]):
            values(a.iloc[:, column].to_numpy(), b.iloc[:, column].to_numpy(), f"{where}[{column}]")
    elif isinstance(a, pd.Series):
        pd.testing.assert_series_equal(a, b, check_exact=True, obj=where)
        values(a.to_numpy(), b.to_numpy(), where)
    elif isinstance(a, np.ndarray):
        assert getattr(a, "dim", None) is getattr(b, "dim", None), where
        values(np.asarray(a), np.asarray(b), where)
    elif type(a).__name__ == "csc_array":
        assert a.shape == b.shape, where
        for part in ("data", "indices", "indptr"):
            values(getattr(a, part), getattr(b, part), f"{where}.{part}")
    elif isinstance(a, (b2r.Circuit, b2r.NeuronModel)):
        assert a.to_dict() == b.to_dict(), where
    elif is_dataclass(a):
        for item in fields(a):
            assert_equal(getattr(a, item.name), getattr(b, item.name), f"{where}.{item.name}")
    elif isinstance(a, Mapping):
        assert list(a) == list(b), where
        for key in a:
            assert_equal(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for number, (x, y) in enumerate(zip(a, b)):
            assert_equal(x, y, f"{where}[{number}]")
        assert getattr(a, "complete", None) is getattr(b, "complete", None), where
    elif isinstance(a, (float, complex, np.number)):
        values(np.asarray(a), np.asarray(b), where)
    else:
        assert a == b, where


def values(a, b, where):
    """Arrays to the last bit, signs of zeros and of NaN included."""
    assert a.dtype == b.dtype and a.shape == b.shape, where
    if a.dtype == object:
        assert [*map(repr, a.ravel().tolist())] == [*map(repr, b.ravel().tolist())], where
    else:
        assert a.tobytes() == b.tobytes(), where
