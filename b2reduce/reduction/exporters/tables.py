"""Tables within a script."""

from __future__ import annotations

import base64
import zlib

import numpy as np

__all__ = ["packed_tables"]


def packed_tables(system):
    """Tables as text: their values as single floats, compressed."""

    def packed(values):
        data = base64.b85encode(
            zlib.compress(np.ascontiguousarray(values, dtype="<f4").tobytes(), 9)
        ).decode()
        lines = [data[k : k + 120] for k in range(0, len(data), 120)]
        return "(\n" + "\n".join(f'    "{line}"' for line in lines) + ")"

    return {
        name: {
            "first": table.first.tolist(),
            "last": table.last.tolist(),
            "shape": table.values.shape,
            "shift": float(table.shift),
            "data": packed(table.values),
        }
        for name, table in system.functions.items()
    }
