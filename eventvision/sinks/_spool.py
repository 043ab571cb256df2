"""Messages that wait on disk, oldest first, in bounded space.

One SQLite file in write-ahead mode: a process that is killed leaves whole messages, and the next
one goes on where it ended. What does not fit makes room from the old end. A file that is damaged is
put aside, and a disk that is full costs messages, never the run; both are counted.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from eventvision.core import OutputError, output_errors

_BUSY_S = 2.0
_OVERHEAD_BYTES = 64
"""What a row takes besides its texts, about."""

_TABLE = """
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to a topic; `number` rises with every message of a device."""

    number: int
    topic: str
    payload: bytes

    @property
    def size_bytes(self) -> int:
        """What it takes on disk, about."""
        return len(self.topic) + len(self.payload) + _OVERHEAD_BYTES


class Spool:
    """A first-in first-out file of messages; may be used from any thread.

    Args:
        path: The file; missing folders are created, and what an earlier run left is kept.
        most_bytes: Most bytes of messages.

    Attributes:
        dropped: Messages lost, by cause.

    Raises:
        OutputError: If the file cannot be made.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path, self._most_bytes = path, most_bytes
        self._lock = threading.Lock()
        self.dropped = {"spool full": 0, "spool cannot be written": 0}
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        self._file = self._opened()
        self._bytes, self._count, self._last = self._measured()

    def __len__(self) -> int:
        return self._count

    @property
    def last_number(self) -> int:
        """Highest number among the messages; 0 if there is none."""
        return self._last

    @property
    def bytes(self) -> int:
        """Bytes of the messages."""
        return self._bytes

    def put(self, messages: list[Message]) -> None:
        """Append messages, or count them as lost."""
        if not messages:
            return
        with self._lock:
            try:
                with self._file:
                    self._file.executemany(
                        "INSERT OR REPLACE INTO message VALUES (?, ?, ?)",
                        [(m.number, m.topic, m.payload) for m in messages],
                    )
            except sqlite3.Error:
                self.dropped["spool cannot be written"] += len(messages)
                return
            self._bytes += sum(message.size_bytes for message in messages)
            self._count += len(messages)
            self._last = max(self._last, *(message.number for message in messages))
            self._make_room()

    def after(self, number: int, most: int) -> list[Message]:
        """Return up to `most` messages with higher numbers, lowest first."""
        with self._lock:
            try:
                rows = self._file.execute(
                    "SELECT number, topic, payload FROM message "
                    "WHERE number > ? ORDER BY number LIMIT ?",
                    (number, most),
                ).fetchall()
            except sqlite3.Error:
                return []
        return [Message(*row) for row in rows]

    def remove(self, numbers: list[int]) -> None:
        """Forget messages that have arrived."""
        with self._lock:
            self._delete(numbers)

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            self._file.close()

    def _make_room(self) -> None:
        if self._bytes <= self._most_bytes:
            return
        spare, oldest = self._bytes - self._most_bytes, []
        for number, size_bytes in self._file.execute(
            "SELECT number, length(topic) + length(payload) FROM message ORDER BY number"
        ):
            if spare <= 0:
                break
            oldest.append(number)
            spare -= size_bytes + _OVERHEAD_BYTES
        self._delete(oldest)
        self.dropped["spool full"] += len(oldest)

    def _delete(self, numbers: list[int]) -> None:
        try:
            with self._file:
                for number in numbers:
                    for (size_bytes,) in self._file.execute(
                        "DELETE FROM message WHERE number = ? "
                        "RETURNING length(topic) + length(payload)",
                        (number,),
                    ).fetchall():
                        self._bytes -= size_bytes + _OVERHEAD_BYTES
                        self._count -= 1
        except sqlite3.Error:
            self._bytes, self._count, self._last = self._measured()

    def _measured(self) -> tuple[int, int, int]:
        try:
            count, sizes, last = self._file.execute(
                "SELECT count(*), coalesce(sum(length(topic) + length(payload)), 0), "
                "coalesce(max(number), 0) FROM message"
            ).fetchone()
        except sqlite3.Error:
            return 0, 0, 0
        return int(sizes) + _OVERHEAD_BYTES * int(count), int(count), int(last)

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.OperationalError as error:
            problem = f"cannot keep messages ({error})"
            raise OutputError(self._path, problem, "name another file") from error
        except sqlite3.DatabaseError:
            self._put_aside()
            return _connect(self._path)

    def _put_aside(self) -> None:
        with output_errors(self._path):
            self._path.replace(self._path.with_name(self._path.name + ".damaged"))
            for ending in ("-wal", "-shm"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    try:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        file.execute("PRAGMA auto_vacuum=INCREMENTAL")
        file.execute(_TABLE)
        file.execute("SELECT count(*) FROM message").fetchone()
    except sqlite3.Error:
        file.close()
        raise
    return file
