"""The cells and circuits that the package ships, and files of the user's own, by name."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ..basics.errors import InputError, unknown_name
from ..basics.files import read_toml

if TYPE_CHECKING:
    import pandas

__all__ = ["data_names", "find_data_file", "list_models"]


def _data_folder(kind):
    return resources.files("b2reduce.models").joinpath(kind)


def data_names(kind):
    """Names of the TOML files in ``models/neurons`` or ``models/circuits``."""
    return sorted(
        item.name.removesuffix(".toml")
        for item in _data_folder(kind).iterdir()
        if item.name.endswith(".toml")
    )


def find_data_file(name, kind, error, relative_to=None):
    """Path of a shipped model by its name, or of the caller's own ``.toml`` file."""
    own, other = {"neurons": ("NeuronModel", "circuits"), "circuits": ("Circuit", "neurons")}[kind]
    if not isinstance(name, (str, os.PathLike)):
        from ..basics.arguments import wrong_kind

        raise error(
            f"{kind.removesuffix('s')}: {wrong_kind(name, own)}; known names: {', '.join(data_names(kind))}"
        )
    text = os.fspath(name)
    if text.endswith(".toml"):
        path = Path(relative_to or ".", text).expanduser()
        if not path.is_file():
            raise error(f"{path}: there is no such file")
        return path
    if not isinstance(text, str):
        raise error(f"got the path {text!r}, expected text, not bytes")
    if text in data_names(other) and text not in data_names(kind):
        raise error(
            f"got {text!r}, the name of a {other.removesuffix('s')}, expected that of a"
            f" {kind.removesuffix('s')}; load_{'model' if other == 'neurons' else 'circuit'}({text!r}) reads"
            f" it. Known {kind}: {', '.join(data_names(kind))}"
        )
    if text not in data_names(kind):
        raise error(
            f"{unknown_name(kind.removesuffix('s'), text, data_names(kind))} (a file of yours must end in"
            " .toml)"
        )
    return Path(str(_data_folder(kind).joinpath(f"{text}.toml")))


def list_models() -> pandas.DataFrame:
    """The neurons and circuits that come with the package.

    Returns
    -------
    pandas.DataFrame
        Columns ``name``, ``kind`` (neuron or circuit), ``title``, ``cite``.

    Examples
    --------
    >>> "lif" in set(list_models()["name"])
    True
    """
    import pandas as pd

    rows = []
    for kind in ("neurons", "circuits"):
        for name in data_names(kind):
            data = read_toml(find_data_file(name, kind, InputError), InputError)
            rows.append(
                {
                    "name": name,
                    "kind": kind.removesuffix("s"),
                    "title": data.get("title", ""),
                    "cite": ", ".join(data.get("cite", ())),
                }
            )
    return pd.DataFrame(rows, columns=["name", "kind", "title", "cite"])
