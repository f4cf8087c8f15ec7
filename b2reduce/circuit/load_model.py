"""Neurons from files, by name or by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..basics.errors import ModelError
from ..basics.files import read_toml
from .library import find_data_file

if TYPE_CHECKING:
    from ..basics.types import PathLike
    from .types import ModelLike

from .neuron import NeuronModel

__all__ = ["load_model"]


def load_model(name: ModelLike, relative_to: PathLike | None = None) -> NeuronModel:
    """Read a neuron from ``models/neurons`` or from a TOML file.

    Parameters
    ----------
    name : str or path
        A name that `list_models` shows, or a path ending in ``.toml``.
    relative_to : path, optional
        Folder that a relative path starts from; the working folder by default.

    Returns
    -------
    NeuronModel

    Raises
    ------
    ModelError
        If the name is unknown (the known ones are listed) or the file is faulty (the file and the key are
        named).

    Examples
    --------
    >>> load_model("lif").parameters["C_m"]
    250. * pfarad
    """
    if isinstance(name, NeuronModel):
        return name
    path = find_data_file(name, "neurons", ModelError, relative_to)
    return NeuronModel.from_dict(read_toml(path, ModelError), source=str(path))
