"""Whatever b2reduce wrote, read back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..basics.arguments import described
from ..basics.codec.documents import read_document
from ..basics.errors import InputError
from .archive import NOTE, read_archive
from .scan_folder import load_scan

if TYPE_CHECKING:
    from typing import Any

    from ..basics.types import PathLike

__all__ = ["load"]


def load(path: PathLike) -> Any:
    """Read back what was saved: a result, or the table of a scan.

    Parameters
    ----------
    path : path
        A folder that `save`, `Validation.save`, `scan` or a command wrote, or a file that
        `ReducedCircuit.save` wrote.

    Returns
    -------
    object
        Equal to what was saved bit for bit; of a scan the DataFrame.

    Raises
    ------
    InputError
        If something is missing, was cut short or changed, is of another format, or of a newer version; the
        message names the file and the key.

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
    if not os.path.lexists(path):
        raise InputError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        return read_document(path)
    # A map's folder holds the scan that it was made of as well
    return (
        load_scan(path)
        if (path / "scan.json").exists() and not (path / NOTE).exists()
        else read_archive(path)
    )
