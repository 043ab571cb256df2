"""Messages in the pages of an SQLite database, found without its help.

A database that is cut or damaged is refused by SQLite as a whole or from some page on. Its pages
still say what they are: a leaf of a table (13) lists cells, each a payload behind its size and a
row number; what does not fit the page goes on in a chain of overflow pages. A payload is a header
of types, then the values. Rows of `topics` and `messages` are told by their types.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .messages import plain_type

MAGIC = b"SQLite format 3\0"

_LEAF = 13
_CELL_HEADER = struct.Struct(">BHHHB")
_FIRST_PAGE_BYTES = 100
_MOST_PAYLOAD = 1 << 30
_FIXED_BYTES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
_TEXT, _BLOB = 13, 12


class PageError(Exception):
    """A page, or what should be a row, makes no sense."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        number: Its number.
        values: Integers, texts, blobs and None.
    """

    number: int
    values: tuple[int | str | bytes | None, ...]


@dataclass(frozen=True, slots=True)
class StoredMessages:
    """What the pages hold.

    Attributes:
        topics: Topic and message type by number of topic.
        places: Row number, page and offset in it of each message, in order of rows.
        damaged: How many rows could not be read.
    """

    topics: dict[int, tuple[str, str]]
    places: list[tuple[int, int, int]]
    damaged: int


class Pages:
    """The pages of a database file, as far as they are there.

    Raises:
        PageError: If its header says no size of pages.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        head = self._file.read(_FIRST_PAGE_BYTES)
        stated = int.from_bytes(head[16:18], "big")
        self._size = 65_536 if stated == 1 else stated
        is_whole = head.startswith(MAGIC) and len(head) == _FIRST_PAGE_BYTES
        if not is_whole or self._size < 512 or self._size & (self._size - 1):
            self._file.close()
            raise PageError("its header is damaged")
        self._usable = self._size - head[20]
        self._count = -(-path.stat().st_size // self._size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def survey(self) -> StoredMessages:
        """Look at all pages once."""
        topics: dict[int, tuple[str, str]] = {}
        places: list[tuple[int, int, int]] = []
        damaged = 0
        for number in range(1, self._count + 1):
            page = self._page(number)
            for offset in _cells(page, _FIRST_PAGE_BYTES if number == 1 else 0):
                try:
                    row = self._row(page, offset, whole=False)
                except PageError:
                    damaged += 1
                    continue
                if _is_topic(row):
                    topics[row.number] = str(row.values[1]), plain_type(str(row.values[2]))
                elif _is_message(row):
                    places.append((row.number, number, offset))
        return StoredMessages(topics, sorted(places), damaged)

    def message(self, page: int, offset: int) -> tuple[int, bytes]:
        """Return number of topic and body of a message.

        Raises:
            PageError: If it is not complete.
        """
        row = self._row(self._page(page), offset, whole=True)
        topic, body = row.values[1], row.values[3]
        if not isinstance(topic, int) or not isinstance(body, bytes):
            raise PageError("a row is no message")
        return topic, body

    def _page(self, number: int) -> bytes:
        self._file.seek((number - 1) * self._size)
        return self._file.read(self._size)

    def _row(self, page: bytes, offset: int, *, whole: bool) -> Row:
        """Return the row of a cell; of one that goes on elsewhere, only what is `whole`."""
        size, at = _varint(page, offset)
        number, at = _varint(page, at)
        if not 0 < size <= _MOST_PAYLOAD:
            raise PageError("a row has an absurd size")
        here = self._local(size)
        payload = page[at : at + here]
        if len(payload) < here:
            raise PageError("a row reaches beyond its page")
        if whole and here < size:
            payload += self._overflow(page[at + here : at + here + 4], size - here)
        return Row(number, tuple(_values(payload, whole=whole)))

    def _local(self, size: int) -> int:
        """Return how much of a payload lies in its own page."""
        most = self._usable - 35
        if size <= most:
            return size
        least = (self._usable - 12) * 32 // 255 - 23
        rest = least + (size - least) % (self._usable - 4)
        return rest if rest <= most else least

    def _overflow(self, pointer: bytes, size: int) -> bytes:
        parts, found = [], 0
        while found < size:
            number = int.from_bytes(pointer, "big")
            if not 1 < number <= self._count:
                raise PageError("a row goes on beyond the end of the file")
            page = self._page(number)
            part = page[4 : min(self._usable, 4 + size - found)]
            if not part:
                raise PageError("a row is cut")
            pointer = page[:4]
            parts.append(part)
            found += len(part)
        return b"".join(parts)


def _cells(page: bytes, start: int) -> Iterator[int]:
    """Yield where the cells of a leaf of a table begin; none for other pages."""
    if len(page) < start + _CELL_HEADER.size:
        return
    kind, _, count, _, _ = _CELL_HEADER.unpack_from(page, start)
    if kind != _LEAF or start + 8 + 2 * count > len(page):
        return
    yield from struct.unpack_from(f">{count}H", page, start + 8)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends."""
    value = 0
    for index in range(9):
        if at + index >= len(data):
            raise PageError("a number is cut")
        byte = data[at + index]
        if index == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at + index + 1


def _values(payload: bytes, *, whole: bool) -> Iterator[int | str | bytes | None]:
    header, at = _varint(payload, 0)
    kinds = []
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != header:
        raise PageError("a row has a header that makes no sense")
    for kind in kinds:
        size = _FIXED_BYTES.get(kind, (kind - _BLOB) // 2)
        raw = payload[at : at + size]
        at += size
        if len(raw) < size and (whole or kind < _BLOB or kind % 2):
            raise PageError("a row is cut")
        yield _value(kind, raw)


def _value(kind: int, raw: bytes) -> int | str | bytes | None:
    if kind in (8, 9):
        return kind - 8
    if kind in (0, 7, 10, 11):
        return None
    if kind < _BLOB:
        return int.from_bytes(raw, "big", signed=True)
    return raw.decode("utf-8", "replace") if kind % 2 else raw


def _is_topic(row: Row) -> bool:
    texts = row.values[1:4]
    return len(row.values) >= 5 and all(isinstance(v, str) for v in texts) and texts[2] == "cdr"


def _is_message(row: Row) -> bool:
    if len(row.values) != 4:
        return False
    first, topic, stamp, body = row.values
    is_row = first is None and isinstance(topic, int) and isinstance(stamp, int)
    return is_row and isinstance(body, bytes)
