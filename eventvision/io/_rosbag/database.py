"""The messages of a ROS2 bag in an SQLite database (`.db3`).

SQLite reads them while it can; where it refuses, the pages themselves are looked at for the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from .found import FoundMessage
from .messages import plain_type
from .pages import PageError, Pages

_LONGEST = 1_000_000_000
"""Bytes; SQLite's own limit."""
_QUERY = "SELECT id, topic_id, data FROM messages ORDER BY id"


def read_database(path: Path) -> Iterator[FoundMessage]:
    """Yield the messages of a database in the order in which they were written."""
    last = -1
    try:
        with closing(_opened(path)) as database:
            topics = {
                number: (str(name), plain_type(str(kind)))
                for number, name, kind in database.execute("SELECT id, name, type FROM topics")
            }
            for number, topic, body in database.execute(_QUERY):
                is_next = isinstance(number, int) and number > last
                if topic in topics and isinstance(body, bytes) and is_next:
                    yield FoundMessage(*topics[topic], body)
                    last = number
                else:
                    yield FoundMessage(problem="a message is damaged")
    except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
        # Some damage of the header makes SQLite say that memory is short, which it is not.
        yield FoundMessage(problem=f"SQLite cannot read on ({str(error) or type(error).__name__})")
        yield from _salvaged(path, last)


def _opened(path: Path) -> sqlite3.Connection:
    """Open a database; nothing in it may be longer than it, so that damage cannot take memory."""
    name = path.resolve().as_uri()
    database = sqlite3.connect(f"{name}?mode=ro&immutable=1", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(path.stat().st_size, _LONGEST))
    return database


def _salvaged(path: Path, last: int) -> Iterator[FoundMessage]:
    """Yield the messages after a row that the pages hold."""
    try:
        pages = Pages(path)
    except PageError as error:
        yield FoundMessage(problem=str(error))
        return
    with closing(pages):
        found = pages.survey()
        if found.damaged:
            yield FoundMessage(problem=f"{found.damaged} rows cannot be read")
        for number, page, offset in found.places:
            if number <= last:
                continue
            try:
                topic, body = pages.message(page, offset)
            except PageError as error:
                yield FoundMessage(problem=str(error))
                continue
            if topic in found.topics:
                yield FoundMessage(*found.topics[topic], body)
