"""The spool keeps messages in order, in bounded space, through kills and damage."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from eventvision.core import OutputError
from eventvision.sinks._mqtt_outbox import MOST_IN_FLIGHT, MOST_IN_MEMORY, Outbox
from eventvision.sinks._spool import Message, Spool

PLENTY = 1 << 20


def message(number: int, size: int = 100) -> Message:
    return Message(number, "a/b", b"x" * size)


def numbers(messages: list[Message]) -> list[int]:
    return [message.number for message in messages]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "spool.db"


@pytest.fixture
def spool(path):
    spool = Spool(path, PLENTY)
    yield spool
    spool.close()


def test_messages_come_out_in_order_and_are_kept_until_removed(spool):
    spool.put([message(n) for n in (3, 4, 7)])
    assert numbers(spool.after(0, 10)) == [3, 4, 7]
    assert numbers(spool.after(3, 1)) == [4]
    spool.remove([3, 4])
    assert numbers(spool.after(0, 10)) == [7]
    assert (len(spool), spool.last_number) == (1, 7)


def test_what_one_run_left_is_there_for_the_next(path):
    first = Spool(path, PLENTY)
    first.put([message(1), message(2)])
    first.close()
    second = Spool(path, PLENTY)
    assert (len(second), second.last_number) == (2, 2)
    assert second.bytes == first.bytes
    second.close()


def test_the_oldest_make_room_and_are_counted(path):
    spool = Spool(path, 10_000)
    for number in range(1, 101):
        spool.put([message(number, size=500)])
    kept = numbers(spool.after(0, 1000))
    assert kept == list(range(101 - len(kept), 101))
    assert spool.dropped["spool full"] == 100 - len(kept)
    assert spool.bytes <= 10_000
    spool.close()


def test_a_damaged_file_is_put_aside(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no data base, but it is long enough to be looked at" * 40)
    spool = Spool(path, PLENTY)
    spool.put([message(1)])
    assert len(spool) == 1
    assert path.with_name("spool.db.damaged").exists()
    spool.close()


def test_messages_that_cannot_be_stored_are_counted(spool, path):
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE message")
    other.close()
    spool.put([message(1), message(2)])
    assert spool.dropped["spool cannot be written"] == 2
    assert spool.after(0, 10) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        Spool(tmp_path / "file" / "spool.db", PLENTY)


KILLED = """
import os, signal, sys
from pathlib import Path
from eventvision.sinks._spool import Message, Spool
spool = Spool(Path(sys.argv[1]), 1 << 20)
for number in range(1, 51):
    spool.put([Message(number, "a", b"payload")])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_whole_messages(path):
    ended = subprocess.run([sys.executable, "-c", KILLED, path], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    spool = Spool(path, PLENTY)
    found = spool.after(0, 100)
    assert numbers(found) == list(range(1, 51))
    assert all(message.payload == b"payload" for message in found)
    spool.close()


class Wire:
    """A connection that acknowledges when it is told to."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def send(self, message: Message) -> int:
        self.sent.append(message.number)
        return message.number + 1000


def test_what_waited_on_disk_is_sent_once_and_before_what_came_later(spool):
    wire, outbox = Wire(), Outbox(spool)
    outbox.put([message(n) for n in range(1, 51)])
    outbox.pump(None)
    assert len(spool) == 50
    outbox.put([message(n) for n in range(51, 61)])
    for _ in range(10):
        outbox.pump(wire.send)
        assert len(wire.sent) - outbox.arrived <= MOST_IN_FLIGHT
        for number in wire.sent[outbox.arrived :]:
            outbox.acknowledge(number + 1000)
    outbox.pump(wire.send)
    assert wire.sent == list(range(1, 61))
    assert outbox.is_settled
    assert (outbox.arrived, len(outbox), len(spool)) == (60, 0, 0)


def test_what_was_not_acknowledged_is_kept_for_the_next_run(spool):
    wire, outbox = Wire(), Outbox(spool)
    outbox.put([message(n) for n in (1, 2, 3)])
    outbox.pump(wire.send)
    outbox.acknowledge(1002)
    outbox.put([message(4)])
    outbox.keep()
    assert numbers(spool.after(0, 10)) == [1, 3, 4]


def test_without_a_spool_the_oldest_in_memory_make_room():
    outbox = Outbox(None)
    outbox.put([message(n) for n in range(1, MOST_IN_MEMORY + 6)])
    outbox.pump(None)
    assert outbox.dropped == {"broker away": 5}
    assert len(outbox) == MOST_IN_MEMORY
