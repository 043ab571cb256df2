"""Archives of arrays (.npz) that come out the same, byte for byte, whenever they are written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from eventvision.core import OutputError

_EPOCH = (1980, 1, 1, 0, 0, 0)

Streamed = tuple[np.dtype[np.generic], tuple[int, ...], Iterator[bytes]]
"""An array as it is written: its type, its shape, and its bytes row after row."""


def write_npz_streams(path: Path, arrays: Mapping[str, Streamed]) -> None:
    """Write arrays of which only a part is in memory at a time; replaces the file as a whole.

    They are compressed well (LZMA), without time stamps; `numpy.load` reads them.

    Raises:
        OutputError: If it cannot be written.
    """
    part = path.with_name(path.name + ".tmp")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_LZMA) as archive:
            for name, (dtype, shape, chunks) in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                entry.compress_type = zipfile.ZIP_LZMA
                with archive.open(entry, "w", force_zip64=True) as member:
                    member.write(_npy_header(dtype, shape))
                    for chunk in chunks:
                        member.write(chunk)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(path, str(error.strerror or error), "choose another folder") from error


def _npy_header(dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
    np.lib.format.write_array_header_1_0(buffer, {**described, "shape": shape})
    return buffer.getvalue()
