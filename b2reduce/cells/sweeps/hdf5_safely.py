"""Reading HDF5 files of others: nothing outside of the file is opened, and nothing in it is run.

Links that leave the file, samples that are stored in other files, and filters that HDF5 would load a plugin
for are refused. Types that a file defines for itself are not built: only groups, attributes and numbers are
read.
"""

from __future__ import annotations

import numpy as np

from ...basics.errors import InputError
from .raw import library

__all__ = ["attribute", "child", "children", "content", "numbers", "opened", "scalar", "text", "words"]

LARGEST = 2**28  # samples of one series
DEPTH = 20  # links that lead to links
#: Filters that come with the library: deflate, shuffle, fletcher32, szip, nbit, scale-offset, LZF.
FILTERS = {1, 2, 3, 4, 5, 6, 32000}


def opened(path):
    """The file, to be read only."""
    h5py = library("h5py")
    try:
        with open(path, "rb") as stream:
            start = stream.read(8)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if start != b"\x89HDF\r\n\x1a\n":
        raise InputError(f"{path}: is no NWB file, which are HDF5, since it begins with {start!r}")
    try:
        return h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{path}: is cut off or damaged ({str(error)[:120]}); copy it again from where it came from"
        ) from None


def child(group, name, depth=0):
    """A group or dataset of that name in a group, None where there is none; links stay within the file."""
    h5py = library("h5py")
    link = group.get(name, getlink=True)
    if link is None:
        return None
    if isinstance(link, h5py.ExternalLink):
        raise InputError(
            f"{group.file.filename}, {group.name}/{name}: is a link to the file {link.filename!r}, and other"
            " files are not opened; copy the data into this one"
        )
    if isinstance(link, h5py.SoftLink):
        if depth > DEPTH:
            raise InputError(f"{group.file.filename}, {group.name}/{name}: is a link that leads nowhere")
        place = group.file if link.path.startswith("/") else group
        for part in filter(None, link.path.split("/")):
            if not isinstance(place, h5py.Group):
                return None
            place = child(place, part, depth + 1)
            if place is None:
                return None
        return place
    return group[name]


def children(group):
    """(name, group) of the groups in a group."""
    h5py = library("h5py")
    if not isinstance(group, h5py.Group):
        return
    for name in group:
        found = child(group, name)
        if isinstance(found, h5py.Group):
            yield name, found


def attribute(thing, name):
    """An attribute as text or a number, None where there is none."""
    try:
        value = thing.attrs.get(name)
    except (OSError, TypeError, ValueError, RuntimeError):  # of a type that h5py does not know
        return None
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def text(thing, name, default=""):
    """An attribute as text."""
    value = attribute(thing, name)
    return default if value is None else str(value)


def words(thing, name):
    """An attribute of several texts, in order; of one its only one."""
    try:
        values = np.ravel(thing.attrs.get(name, ()))
    except (OSError, TypeError, ValueError, RuntimeError):  # of a type that h5py does not know
        return []
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]


def content(group, name):
    """A dataset of one text, "" where there is none."""
    found = child(group, name)
    if found is None or getattr(found, "shape", None) not in ((), (1,)) or found.dtype.kind not in "OS":
        return ""
    value = np.ravel(_checked(found)[()])[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def scalar(group, name):
    """A dataset of one number, NaN where there is none or it is no number."""
    found = child(group, name)
    if found is None or not hasattr(found, "shape") or found.size != 1 or found.dtype.kind not in "iuf":
        return np.nan
    return float(_checked(found)[()].ravel()[0] if found.shape else _checked(found)[()])


def numbers(dataset, first=0, count=None):
    """The samples of a dataset of one axis as floats."""
    _checked(dataset)
    shape = dataset.shape
    if dataset.dtype.kind not in "iuf" or len(shape) not in (1, 2) or len(shape) == 2 and shape[1] != 1:
        raise InputError(
            f"{dataset.file.filename}, {dataset.name}: has the shape {shape} of {dataset.dtype}, expected one"
            " row of numbers"
        )
    stop = shape[0] if count is None else min(shape[0], first + count)
    if stop - first > LARGEST:
        raise InputError(
            f"{dataset.file.filename}, {dataset.name}: has {stop - first:g} samples, more than are read at"
            " once; split it"
        )
    try:
        values = dataset[first:stop]
    except (OSError, RuntimeError, MemoryError) as error:
        raise InputError(
            f"{dataset.file.filename}, {dataset.name}: cannot be read ({str(error)[:120]}); the file is"
            " damaged"
        ) from None
    return np.asarray(values, dtype=float).reshape(-1)


def _checked(dataset):
    """The dataset, once it is sure that reading it opens nothing else."""
    where = f"{dataset.file.filename}, {dataset.name}"
    if dataset.external or dataset.is_virtual:
        raise InputError(f"{where}: its samples are in other files, which are not opened; copy them into one")
    plist = dataset.id.get_create_plist()
    used = {plist.get_filter(k)[0] for k in range(plist.get_nfilters())}
    if used - FILTERS:
        raise InputError(
            f"{where}: is compressed by the filter {min(used - FILTERS)}, which needs a plugin, and none is"
            " loaded; write it anew with gzip"
        )
    return dataset
