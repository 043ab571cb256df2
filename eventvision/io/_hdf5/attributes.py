"""What an HDF5 file says besides its events: attributes, numbers, edges of external signals.

Text of variable length lies in global heaps. The HDF5 library walks a heap without end where an
object of size 0 is damaged in, so heaps are checked before such text is asked for. It crashes where
damage turns text into a list of anything, so only numbers and text are read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import TRIGGER_DTYPE, SensorSize

from .chunks import check_chunks
from .tables import READ_ERRORS

if TYPE_CHECKING:
    import h5py

_MOST_TRIGGERS = 10_000_000
_HEAP = b"GCOL"
_SEARCH_BYTES = 1 << 24


def stated_sensor(path: Path, file: h5py.File) -> SensorSize | None:
    """Return the size that attributes of the file state."""
    try:
        numbers = re.findall(r"\d+", stored_text(path, file, "geometry"))
        if not numbers and "sensor_resolution" in file.attrs:
            # Stored as height and width by some and the other way by others; sensors are wide.
            numbers = sorted(_value(path, file, "sensor_resolution").tolist(), reverse=True)
        if not numbers and "width" in file.attrs:
            numbers = [*_value(path, file, "width"), *_value(path, file, "height")]
        width, height = (int(number) for number in numbers)
        return SensorSize(width, height)
    except READ_ERRORS:
        return None


def stored_text(path: Path, file: h5py.File, name: str) -> str:
    """Return an attribute of the file as text; empty if there is none that can be read."""
    try:
        value = _value(path, file, name)[0]
    except READ_ERRORS:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _value(path: Path, file: h5py.File, name: str) -> NDArray[Any]:
    """Return the numbers or texts of an attribute in a row.

    Raises:
        KeyError: If there is none of the name.
        TypeError: If it is something else, or text that HDF5 cannot be trusted to read.
    """
    from h5py import h5t

    kind = file.attrs.get_id(name).get_type()
    if not isinstance(kind, h5t.TypeStringID | h5t.TypeIntegerID | h5t.TypeFloatID):
        raise TypeError(f"{name} is neither numbers nor text")
    is_elsewhere = isinstance(kind, h5t.TypeStringID) and kind.is_variable_str()
    if is_elsewhere and not _heaps_are_sound(path):
        raise TypeError(f"{name} lies in a damaged heap")
    return np.ravel(np.asarray(file.attrs[name]))


def stored_number(file: h5py.File, name: str) -> int:
    try:
        stored = _dataset(file, name)
        check_chunks(stored, 0, stored.shape[0] if stored.ndim else 1)
        return int(np.ravel(stored[()])[0])
    except READ_ERRORS:
        return 0


def stored_triggers(file: h5py.File) -> NDArray[np.void]:
    """Return the edges of external signals; none where they cannot be read."""
    none = np.empty(0, TRIGGER_DTYPE)
    try:
        stored = _dataset(file, "EXT_TRIGGER/events")
        check_chunks(stored, 0, _MOST_TRIGGERS)
        rows = np.asarray(stored[: min(stored.shape[0], _MOST_TRIGGERS)])
        edges = np.zeros(rows.size, TRIGGER_DTYPE)
        edges["t"], edges["source"], edges["rising"] = rows["t"], rows["id"], rows["p"] > 0
    except READ_ERRORS:
        return none
    return edges[np.argsort(edges["t"], kind="stable")]


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset; raises one of `READ_ERRORS` if there is none of the name."""
    from h5py import Dataset

    stored = file[name]
    if not isinstance(stored, Dataset):
        raise TypeError(f"{name} is no dataset")
    return stored


def _heaps_are_sound(path: Path) -> bool:
    """Check the heaps near the ends of a file, where attributes lie; False if there are none."""
    with path.open("rb") as file:
        contents = [file.read(_SEARCH_BYTES)]
        if path.stat().st_size > _SEARCH_BYTES:
            file.seek(max(_SEARCH_BYTES, path.stat().st_size - _SEARCH_BYTES))
            contents.append(file.read())
    found = False
    for content in contents:
        for match in re.finditer(_HEAP, content):
            found = True
            if not _is_sound_heap(memoryview(content)[match.start() :]):
                return False
    return found


def _is_sound_heap(heap: memoryview) -> bool:
    """Walk a heap: 16 bytes of header, then objects of 16 bytes and their size, padded to 8."""
    size, at = int.from_bytes(heap[8:16], "little"), 16
    while at + 16 <= min(size, len(heap)):
        index = int.from_bytes(heap[at : at + 2], "little")
        length = int.from_bytes(heap[at + 8 : at + 16], "little")
        step = length if index == 0 else 16 + -(-length // 8) * 8
        if step < 16 or step > size - at:
            return False
        at += step
    return 16 <= size <= len(heap)
