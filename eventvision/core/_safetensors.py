"""The safetensors container: a JSON header and plain arrays, nothing that could run.

Eight bytes give the length of the header, little-endian; the header maps names to type, shape and
place; the arrays follow without gaps. Reading needs no other package, checks every number before it
is used, and never asks for more memory than the file has bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Mapping
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import FormatError, SourceError, SourceNotFoundError

_TYPES: dict[str, Any] = {
    "I8": np.int8, "U8": np.uint8, "I16": np.int16, "I32": np.int32, "F32": np.float32,
}  # fmt: skip
WHOLE_NUMBERS = ("I8", "U8", "I16", "I32")
"""Types of an integer network's arrays."""

_CODES = {np.dtype(kind): code for code, kind in _TYPES.items()}
_LENGTH = struct.Struct("<Q")
_MAX_HEADER = 2**24
_MAX_DIMENSIONS = 8
_METADATA = "__metadata__"

Arrays = dict[str, NDArray[np.generic]]


def safetensors_to_bytes(
    arrays: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str]
) -> bytes:
    """Write arrays and texts; the same content gives the same bytes.

    Raises:
        ValueError: If an array has a type that is not known here.
    """
    header: dict[str, Any] = {_METADATA: dict(sorted(metadata.items()))}
    parts, place = [], 0
    for name, array in arrays.items():
        if array.dtype not in _CODES:
            raise ValueError(
                f"array {name!r} has type {array.dtype}; known are {', '.join(_TYPES)}"
            )
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": _CODES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [place, place + len(data)],
        }
        parts.append(data)
        place += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([_LENGTH.pack(len(text)), text, *parts])


def safetensors_from_bytes(
    content: bytes, types: Collection[str] = tuple(_TYPES)
) -> tuple[Arrays, dict[str, str]]:
    """Read what `safetensors_to_bytes` wrote, or any safetensors content with such arrays.

    Args:
        content: The content of a file.
        types: Types that arrays may have, as the format names them.

    Returns:
        Arrays, read-only, and metadata.

    Raises:
        ValueError: If anything is not as it should be; the text says what.
    """
    if len(content) < _LENGTH.size:
        raise ValueError(f"{len(content)} bytes are too few for a header")
    (length,) = _LENGTH.unpack_from(content)
    start = _LENGTH.size + length
    if length > _MAX_HEADER or start > len(content):
        raise ValueError(f"a header of {length} bytes does not fit")
    header = parsed_json(content[_LENGTH.size : start])
    if not isinstance(header, dict):
        raise ValueError("the header is not an object")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("the metadata are not texts")
    data = memoryview(content)[start:]
    arrays, ends = {}, [(0, 0)]
    for name, entry in header.items():
        arrays[name], place = _array(name, entry, data, types)
        ends.append(place)
    ends.sort()
    gapless = all(one[1] == other[0] for one, other in pairwise(ends))
    if not gapless or ends[-1][1] != len(data):
        raise ValueError("the arrays do not cover the file without gap or overlap")
    return arrays, metadata


def read_model_file(path: str | Path, most_bytes: int, what: str, remedy: str) -> bytes:
    """Return the content of a model's file.

    Args:
        path: The file.
        most_bytes: A larger one is not read.
        what: What it should hold, such as "a graph network".
        remedy: What to do about one that is too large.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it cannot be read.
        FormatError: If it is too large.
    """
    try:
        size = Path(path).stat().st_size
        if size > most_bytes:
            raise FormatError(path, f"{size} bytes are more than {what} has", remedy)
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise SourceNotFoundError(path, "no such file", "check the path") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise SourceError(path, problem, "check the path and its permissions") from error


def parsed_json(text: bytes | str) -> Any:
    """Parse JSON in which no name occurs twice.

    Raises:
        ValueError: If it is not valid.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one JSON object")
    return found


def _array(
    name: str, entry: Any, data: memoryview, types: Collection[str]
) -> tuple[NDArray[np.generic], tuple[int, int]]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"array {name!r} is not described by dtype, shape and data_offsets")
    code, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in types:
        raise ValueError(f"array {name!r} has type {code!r}; known are {', '.join(types)}")
    if not _are_sizes(shape) or len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"array {name!r} has no valid shape")
    if not _are_sizes(place) or len(place) != 2 or not place[0] <= place[1] <= len(data):
        raise ValueError(f"array {name!r} lies outside the file")
    kind = np.dtype(_TYPES[code]).newbyteorder("<")
    if prod(shape) * kind.itemsize != place[1] - place[0]:
        raise ValueError(f"array {name!r} has a shape that does not match its bytes")
    values = np.frombuffer(data[place[0] : place[1]], kind).reshape(shape)
    return values.astype(_TYPES[code], copy=False), (place[0], place[1])


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)
