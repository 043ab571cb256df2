"""Writes the truth about a scene beside a recording of it; docs/simulation/truth.md describes it.

What compresses badly (light, depth, flow) is kept at every few times only. Arrays grow on the side,
compressed, so that a truth may be of any length in constant memory.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ._archive import Streamed, write_npz_streams
from ._classes import SEGMENTATION_CLASSES
from ._scene import Scene, SceneTruth

_IN_MEMORY_BYTES = 1 << 24
_CHUNK_BYTES = 1 << 20
_DEPTH_BITS, _FLOW_BITS = 7, 6

Arrays = dict[str, NDArray[np.generic]]


def write_truth(path: Path, scene: Scene, times_us: Iterable[int], *, dense_every: int = 5) -> None:
    """Write the truth at some times as an archive; replaces what is there.

    Args:
        path: Where to write.
        scene: What it is about.
        times_us: Rising times.
        dense_every: Every how many truths light, depth and flow are kept.

    Raises:
        OutputError: If it cannot be written.
    """
    streams: dict[str, _Stream] = {}
    count = 0
    try:
        for number, t_us in enumerate(times_us):
            truth = scene.truth(t_us)
            arrays = _sparse(truth, count)
            count += truth.ids.size
            if number % dense_every == 0:
                arrays |= _dense(truth)
            for name, array in arrays.items():
                if name not in streams:
                    streams[name] = _Stream(array)
                streams[name].append(array)
        fixed = _fixed(scene)
        write_npz_streams(
            path,
            {name: stream.whole() for name, stream in streams.items()}
            | {name: (a.dtype, a.shape, iter([a.tobytes()])) for name, a in fixed.items()},
        )
    finally:
        for stream in streams.values():
            stream.close()


class _Stream:
    """Rows of one array, compressed as they come."""

    def __init__(self, first: NDArray[np.generic]) -> None:
        self._dtype, self._row_shape = first.dtype, first.shape[1:]
        self._rows = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
        self._deflate = zlib.compressobj(1)

    def append(self, rows: NDArray[np.generic]) -> None:
        """Add rows to the end."""
        self._rows += len(rows)
        self._file.write(self._deflate.compress(np.ascontiguousarray(rows).tobytes()))

    def whole(self) -> Streamed:
        """Return the array, which then takes no more rows."""
        return self._dtype, (self._rows, *self._row_shape), self._chunks()

    def _chunks(self) -> Iterator[bytes]:
        self._file.write(self._deflate.flush())
        self._file.seek(0)
        inflate = zlib.decompressobj()
        while packed := self._file.read(_CHUNK_BYTES):
            yield inflate.decompress(packed)
        yield inflate.flush()

    def close(self) -> None:
        """Let go of what was kept."""
        self._file.close()


def _sparse(truth: SceneTruth, before: int) -> Arrays:
    """Return what is kept of every truth; the first axis of each array is the one that grows."""
    arrays: Arrays = {
        "t_us": np.array([truth.t_us], np.int64),
        "mask": truth.mask[None],
        "offsets": np.array([before], np.int64),
        "counts": np.array([truth.ids.size], np.int64),
        "ids": truth.ids,
        "classes": truth.classes,
        "boxes": truth.boxes,
    }
    if truth.class_map is not None:
        arrays["class_map"] = truth.class_map[None]
    if truth.pose is not None:
        arrays["pose"] = truth.pose[None]
    if truth.intrinsics is not None:
        arrays["intrinsics"] = np.array([truth.intrinsics])
    return arrays


def _dense(truth: SceneTruth) -> Arrays:
    """Return what is kept of some truths."""
    arrays: Arrays = {
        "dense_t_us": np.array([truth.t_us], np.int64),
        "intensity": _eight_bits(truth.intensity)[None],
    }
    if truth.depth_m is not None:
        arrays["depth_m"] = _rounded(truth.depth_m, _DEPTH_BITS).astype(np.float16)[None]
    if truth.flow_px_s is not None:
        flow = np.clip(truth.flow_px_s, -6e4, 6e4)
        arrays["flow_px_s"] = _rounded(flow, _FLOW_BITS).astype(np.float16)[None]
    return arrays


def _fixed(scene: Scene) -> Arrays:
    sensor = scene.sensor
    return {
        "class_names": np.array(scene.class_names),
        "surface_names": np.array(SEGMENTATION_CLASSES),
        "sensor": np.array([sensor.width, sensor.height], np.int64),
    }


def _eight_bits(intensity: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the square root of intensity on 0 to 255: even steps to the eye, and exact."""
    shades: NDArray[np.uint8] = np.rint(255 * np.sqrt(np.minimum(intensity, 1))).astype(np.uint8)
    return shades


def _rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Round to so many bits behind the leading one, so that smooth images compress."""
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    step = np.uint32(1 << (23 - bits))
    halves = (words + step // 2) & ~(step - np.uint32(1))
    rounded: NDArray[np.float32] = np.where(np.isfinite(values), halves.view(np.float32), values)
    return rounded
