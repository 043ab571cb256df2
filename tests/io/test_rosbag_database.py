"""Databases of ROS2 bags that contradict themselves or are cut in their first bytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from eventvision.io._rosbag.database import _opened, read_database


def database(path, rows, number_type="INTEGER PRIMARY KEY"):
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT)")
        made.execute("INSERT INTO topics VALUES (1, '/events', 'dvs_msgs/msg/EventArray')")
        made.execute(f"CREATE TABLE messages(id {number_type}, topic_id INTEGER, data BLOB)")
        made.executemany("INSERT INTO messages VALUES (?, ?, ?)", rows)
        made.commit()
    return path


def test_messages_come_in_the_order_of_their_rows(tmp_path):
    rows = [(2, 1, b"second"), (1, 1, b"first"), (3, 9, b"of no topic"), (4, 1, None)]
    found = list(read_database(database(tmp_path / "a.db3", rows)))
    assert [one.body for one in found if not one.problem] == [b"first", b"second"]
    assert [one.problem for one in found if one.problem] == ["a message is damaged"] * 2


def test_a_row_whose_number_is_none_is_damage(tmp_path):
    rows = [(None, 1, b"lost"), ("x", 1, b"lost"), (5, 1, b"kept")]
    found = list(read_database(database(tmp_path / "a.db3", rows, number_type="BLOB")))
    assert [one.body for one in found if not one.problem] == [b"kept"]
    assert sum(bool(one.problem) for one in found) == 2


@pytest.mark.parametrize("size", [16, 18, 21, 99])
def test_a_database_cut_in_its_header_is_damage(tmp_path, size):
    path = database(tmp_path / "a.db3", [(1, 1, b"first")])
    path.write_bytes(path.read_bytes()[:size])
    found = list(read_database(path))
    assert len(found) == 2
    assert all(one.problem for one in found)


def test_what_sqlite_finds_no_memory_for_is_salvaged(tmp_path, monkeypatch):
    class Short:
        def execute(self, query):
            raise MemoryError

        def close(self):
            pass

    path = tmp_path / "a.db3"
    with closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, form TEXT, qos TEXT)"
        )
        made.execute(
            "INSERT INTO topics VALUES (1, '/events', 'dvs_msgs/msg/EventArray', 'cdr', '')"
        )
        columns = "id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB"
        made.execute(f"CREATE TABLE messages({columns})")
        rows = [(1, 1, 5, b"first"), (2, 1, 6, b"second")]
        made.executemany("INSERT INTO messages VALUES (?, ?, ?, ?)", rows)
        made.commit()
    monkeypatch.setattr("eventvision.io._rosbag.database._opened", lambda path: Short())
    problem, *found = read_database(path)
    assert problem.problem == "SQLite cannot read on (MemoryError)"
    assert [one.body for one in found] == [b"first", b"second"]


def test_nothing_in_a_database_is_longer_than_it(tmp_path):
    path = database(tmp_path / "a.db3", [(1, 1, b"first")])
    with closing(_opened(path)) as opened, pytest.raises(sqlite3.DataError, match="too big"):
        opened.execute("SELECT zeroblob(?)", (path.stat().st_size + 1,)).fetchall()
