"""What an ABF file says of itself before a library reads it: that it is one, and whole.

Counts of a damaged or hostile header are held against the size of the file, so that no loop runs over
numbers that are not there. ABF1: data begin at block lDataSectionPtr (byte 40), lActualAcqLength samples
(byte 10), float where nDataFormat is 1 (byte 100). ABF2: eighteen sections of block, bytes an entry and
entries (from byte 76, 16 bytes each); the eleventh (byte 236) is the data.
"""

from __future__ import annotations

import os
import struct

from ...basics.errors import InputError

__all__ = ["check_header"]

BLOCK, DATA_SECTION = 512, 236
LARGEST = 4 * 2**30  # bytes


def check_header(path):
    """Refuse what is no ABF file, or not a whole one."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(BLOCK)
            size = os.fstat(stream.fileno()).st_size
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if size > LARGEST:
        raise InputError(f"{path}: has {size / 2**30:.1f} GB, more than is read at once; split it")
    if head[:4] not in (b"ABF ", b"ABF2"):
        raise InputError(
            f"{path}: is no ABF file, since it begins with {head[:8]!r}; expected a recording of pClamp or"
            " AxoScope"
        )
    if len(head) < BLOCK:
        raise InputError(f"{path}: is cut off within its header: {size} bytes")
    if head[:4] == b"ABF ":
        (samples,), (block,), (kind,) = (
            struct.unpack_from(form, head, at) for form, at in (("<i", 10), ("<i", 40), ("<h", 100))
        )
        _within(path, "its samples", block, 4 if kind == 1 else 2, samples, size)
        channels, episodes = struct.unpack_from("<h", head, 120)[0], struct.unpack_from("<i", head, 16)[0]
        if not 1 <= channels <= 16 or not 0 <= episodes <= max(samples, 0):
            raise InputError(f"{path}: its header is damaged: {channels} channels, {episodes} sweeps")
        return
    for at in range(76, 76 + 18 * 16, 16):
        block, width, entries = struct.unpack_from("<IIq", head, at)
        _within(path, "its samples" if at == DATA_SECTION else "its header", block, width, entries, size)
    samples = struct.unpack_from("<q", head, DATA_SECTION + 8)[0]
    if not samples:
        raise InputError(f"{path}: holds no samples")
    if struct.unpack_from("<I", head, 12)[0] > samples:
        raise InputError(f"{path}: its header is damaged: more sweeps than samples")


def _within(path, what, block, width, entries, size):
    end = block * BLOCK + width * entries
    if entries < 0 or block < 0 or entries and (not width or end > size):
        raise InputError(
            f"{path}: is cut off or damaged: {what} would end at byte {end}, and it has {size}; copy it"
            " again from where it was recorded"
        )
