"""Archives of arrays (.npz) that come out the same, byte for byte, whenever they are written."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import OutputError

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_npz(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays as a compressed .npz without time stamps; replaces the file as a whole.

    Raises:
        OutputError: If it cannot be written.
    """
    part = path.with_name(path.name + ".tmp")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, array in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, _npy(array))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(path, str(error.strerror or error), "choose another folder") from error


def content_sha256(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Return a digest of names, types, shapes and values.

    It does not depend on the compression, so it tells whether two machines made the same data
    though their versions of zlib pack them differently.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + b"\0" + _npy(arrays[name]))
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _npy(array: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
