"""The flatbuffer inside a packet, whatever it is compressed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from eventvision.kernels import aedat4, lz4, lz4_blocks

if TYPE_CHECKING:
    from eventvision.io._zstd import zstd

_PIECE_BYTES = 1 << 20

PROBLEMS = {
    lz4_blocks.TRUNCATED: "its LZ4 frame is cut off",
    lz4_blocks.OVERFLOW: "its LZ4 frame is longer than it should be",
    lz4_blocks.CORRUPT: "its LZ4 frame is corrupt",
    lz4.CHECKSUM: "a checksum of its LZ4 frame does not match",
    aedat4.MALFORMED: "its flatbuffer is malformed",
}


class PayloadError(Exception):
    """A packet cannot be decompressed."""


def form_of(data: NDArray[np.uint8]) -> int:
    """Tell by its first bytes what a payload is compressed with."""
    magic = int.from_bytes(data[:4].tobytes(), "little")
    return {lz4.MAGIC: aedat4.LZ4, aedat4.ZSTD_MAGIC: aedat4.ZSTD}.get(magic, aedat4.RAW)


def unpack(data: NDArray[np.uint8], form: int) -> tuple[NDArray[np.uint8], int]:
    """Decompress the payload with which `data` begins.

    Returns:
        The flatbuffer, its size in front, and how many bytes of `data` it took.

    Raises:
        PayloadError: If it is damaged or larger than `MOST_BYTES`.
    """
    if form == aedat4.ZSTD:
        content, used = _unpack_zstd(data)
    elif form == aedat4.LZ4:
        content, used = _unpack_lz4(data)
    else:
        used = _announced(data)
        content = data[:used]
    if content.size < 12 or _announced(content) > content.size:
        raise PayloadError(PROBLEMS[aedat4.MALFORMED])
    return content, used


def identifier(data: NDArray[np.uint8]) -> bytes:
    """Return the four letters that name the flatbuffer in a payload, empty if there are none."""
    form = form_of(data)
    head: NDArray[np.uint8] = np.empty(aedat4.HEAD_BYTES, np.uint8)
    if form == aedat4.LZ4:
        head = head[: lz4.decode_head(data, 0, data.size, head)]
    elif form == aedat4.ZSTD:
        head = _begin_zstd(data)
    else:
        head = data
    return head[8:12].tobytes()


def _announced(data: NDArray[np.uint8]) -> int:
    """Return the length that a flatbuffer's own size stands for."""
    return 4 + int.from_bytes(data[:4].tobytes(), "little")


def _unpack_lz4(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    head = np.empty(4, np.uint8)
    if lz4.decode_head(data, 0, data.size, head) < head.size:
        raise PayloadError(PROBLEMS[lz4_blocks.CORRUPT])
    total = _announced(head)
    if total > min(aedat4.MOST_BYTES, aedat4.MOST_RATIO * data.size):
        raise PayloadError(f"it claims to hold {total} bytes")
    content = np.empty(total, np.uint8)
    produced, used = lz4.decode_frame(data, 0, data.size, content)
    if produced < 0:
        raise PayloadError(PROBLEMS[int(produced)])
    return content[:produced], int(used)


def _unpack_zstd(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    from eventvision.io._zstd import zstd

    content: bytes | bytearray
    frame = zstd.ZstdDecompressor()
    try:
        size = cast("int | None", zstd.get_frame_info(data.data).decompressed_size)
        if size is not None and size > aedat4.MOST_BYTES:
            raise PayloadError(f"it claims to hold {size} bytes")
        content = frame.decompress(data.data, _PIECE_BYTES if size is None else -1)
        if size is None:
            content = _all_of(content, frame)
    except zstd.ZstdError as error:
        raise PayloadError(f"its Zstandard frame is corrupt ({error})") from None
    if not frame.eof:
        raise PayloadError("its Zstandard frame is cut off")
    return np.frombuffer(content, np.uint8), data.size - len(frame.unused_data)


def _all_of(first: bytes, frame: zstd.ZstdDecompressor) -> bytearray:
    """Return what a frame of unknown size holds, piece by piece: it may be a bomb."""
    content, piece = bytearray(first), first
    while piece and not frame.eof:
        piece = frame.decompress(b"", _PIECE_BYTES)
        content += piece
        if len(content) > aedat4.MOST_BYTES:
            raise PayloadError(f"it holds more than {aedat4.MOST_BYTES} bytes")
    return content


def _begin_zstd(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from eventvision.io._zstd import zstd

    try:
        head = zstd.ZstdDecompressor().decompress(data.data, aedat4.HEAD_BYTES)
    except zstd.ZstdError:
        head = b""
    return np.frombuffer(head, np.uint8)
