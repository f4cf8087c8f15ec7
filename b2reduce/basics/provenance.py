"""Where results come from and how they reach the disk: versions, hashes, names of data files, safe writes."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import lru_cache
from importlib import metadata

from .frozen import FrozenDict

__all__ = ["content_hash", "versions"]


def content_hash(data):
    """First 12 hexadecimal digits of the SHA-256 of JSON-able data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def versions():
    """Versions of everything that numbers depend on."""
    from .. import __version__

    packages = {name: metadata.version(name) for name in ("brian2", "numpy", "scipy", "pandas")}
    return FrozenDict(
        {
            "b2reduce": __version__,
            **packages,
            "python": platform.python_version(),
            "machine": platform.machine(),
        }
    )
