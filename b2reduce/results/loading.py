"""Whatever b2reduce wrote, read back."""

from __future__ import annotations

import os
from pathlib import Path

from ..basics.arguments import described
from ..basics.errors import InputError
from ..reduction.reduced_circuit import ReducedCircuit
from .archive import read_archive
from .scan_folder import load_scan

__all__ = ["load"]


def load(path):
    """Read back what was saved: a result, or the table of a scan.

    Parameters
    ----------
    path : path
        A folder that `save`, `Validation.save` or `scan` wrote, or a file that `ReducedCircuit.save` wrote.

    Returns
    -------
    object
        Equal to what was saved bit for bit; of a scan the DataFrame.

    Raises
    ------
    InputError
        If something is missing, was cut short, is of another format, or of a newer version; the message names
        the file.

    Examples
    --------
    >>> import os, tempfile
    >>> from brian2 import nA, nS
    >>> from b2reduce import measure_fi, save
    >>> folder = os.path.join(tempfile.mkdtemp(), "surface")
    >>> save(measure_fi("lif", [0.3, 0.4]*nA, [20]*nS), folder)
    >>> load(folder).rate_.shape
    (2, 1)
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path: got {described(path)}, expected the path of a file or folder that was saved")
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if path.is_file():
        return ReducedCircuit.load(path)
    return load_scan(path) if (path / "scan.json").exists() else read_archive(path)
