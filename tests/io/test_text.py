"""Text recordings: layouts, units, headers, damage, seeking."""

from __future__ import annotations

import re

import numpy as np
import pytest

from eventvision.core import ConfigError, FormatError, SensorSize, SourceNotFoundError
from eventvision.io import TextSource

ROWS = [(13_000_001, 10, 20, 1), (13_000_402, 239, 179, 0), (13_700_000, 0, 5, 1)]


def written(folder, text, name="events.txt"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def rows_of(source):
    return [tuple(row) for packet in source for row in packet.events.data.tolist()]


def many(count=4000, seed=0):
    random = np.random.default_rng(seed)
    t = np.cumsum(random.integers(0, 300, count))
    x, y = random.integers(0, 240, count), random.integers(0, 180, count)
    return np.stack([t, x, y, random.integers(0, 2, count)], axis=1)


def lines_of(table, order="txyp", separator=" ", time=str):
    columns = dict(zip("txyp", table.T.tolist(), strict=True))
    columns["t"] = [time(t) for t in columns["t"]]
    return "".join(
        separator.join(str(columns[role][row]) for role in order) + "\n"
        for row in range(len(table))
    )


def seconds(t):
    return f"{t // 1_000_000}.{t % 1_000_000:06d}"


LAYOUTS = {
    "seconds": (lambda t: lines_of(t, time=seconds), "txyp", "s"),
    "microseconds": (lines_of, "txyp", "us"),
    "nanoseconds": (lambda t: lines_of(t, time=lambda us: us * 1000), "txyp", "ns"),
    "commas": (lambda t: lines_of(t, separator=","), "txyp", "us"),
    "tabs": (lambda t: lines_of(t, separator="\t"), "txyp", "us"),
    "semicolons and blanks": (lambda t: lines_of(t, separator=" ; "), "txyp", "us"),
    "x y t p": (lambda t: lines_of(t, "xytp"), "xytp", "us"),
    "x y p t": (lambda t: lines_of(t, "xypt"), "xypt", "us"),
    "x y p t in seconds": (lambda t: lines_of(t, "xypt", time=seconds), "xypt", "s"),
    "named": (lambda t: "x,y,polarity,timestamp\n" + lines_of(t, "xypt", ","), "xypt", "us"),
    "named in a comment": (lambda t: "# p t x y\n" + lines_of(t, "ptxy"), "ptxy", "us"),
    "named with unit": (
        lambda t: "timestamp_ns x y p\n" + lines_of(t, time=lambda us: us * 1000 + 400),
        "txyp",
        "ns",
    ),
    "named with an index column": (
        lambda t: ",t,x,y,p\n" + re.sub("^", "0,", lines_of(t, "txyp", ",").strip(), flags=re.M),
        "-txyp",
        "us",
    ),
    "byte order mark and DOS lines": (
        lambda t: "\ufefft x y p\r\n" + lines_of(t).replace("\n", "\r\n"),
        "txyp",
        "us",
    ),
    "scientific": (lambda t: lines_of(t, time=lambda us: f"{us:.18e}"), "txyp", "us"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_usual_layouts_are_recognised_and_said(tmp_path, layout):
    write, order, unit = LAYOUTS[layout]
    table = many()
    source = TextSource(written(tmp_path, write(table)))
    assert np.array_equal(np.array(rows_of(source), np.int64), table)
    assert not source.damage
    assert f"Column order {' '.join(order)} " in " ".join(source.info.notes)
    assert f"Times taken as {unit}," in " ".join(source.info.notes)


def test_milliseconds_show_in_more_events_than_a_sensor_could_send(tmp_path):
    table = many(10_000)
    table[:, 0] = np.arange(10_000) // 300
    source = TextSource(written(tmp_path, lines_of(table)))
    assert "Times taken as ms," in source.info.notes[1]
    assert rows_of(source)[-1][0] == 33_000


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("13.582595999", 13_582_596),
        ("0.6367649989999999", 636_765),
        ("0.0000005", 1),
        ("0.00000049999999999999999999", 0),
        ("1.6740500020907940e9", 1_674_050_002_090_794),
        ("1674050002.090794", 1_674_050_002_090_794),
        ("4503599627.370497", 4_503_599_627_370_497),
        ("000000000000000000000000001.5", 1_500_000),
    ],
)
def test_seconds_become_the_nearest_microsecond_exactly(tmp_path, text, us):
    path = written(tmp_path, f"{text} 1 2 1\n")
    assert rows_of(TextSource(path, time_unit="s")) == [(us, 1, 2, True)]


@pytest.mark.parametrize(
    ("unit", "us"), [("s", 2_000_000_000), ("ms", 2_000_000), ("us", 2_000), ("ns", 2)]
)
def test_a_given_time_unit_is_obeyed(tmp_path, unit, us):
    path = written(tmp_path, "2000 1 2 1\n")
    assert rows_of(TextSource(path, time_unit=unit)) == [(us, 1, 2, True)]


def test_given_columns_are_obeyed_and_may_skip_some(tmp_path):
    path = written(tmp_path, "7 5 6 1 0.5 99\n" * 3)
    assert rows_of(TextSource(path, columns="txyp"))[0] == (7, 5, 6, True)
    assert rows_of(TextSource(path, columns="-xyp-t"))[0] == (99, 5, 6, True)


@pytest.mark.parametrize("columns", ["txy", "txypp", "abcd", ""])
def test_a_wrong_column_order_is_refused(tmp_path, columns):
    with pytest.raises(ConfigError, match="columns"):
        TextSource(written(tmp_path, "1 2 3 1\n"), columns=columns)


@pytest.mark.parametrize(
    "polarities", [("1", "0"), ("1", "-1"), ("true", "false"), ("True", "F"), ("1.0", "0.0")]
)
def test_polarity_has_several_spellings(tmp_path, polarities):
    on, off = polarities
    path = written(tmp_path, f"1 2 3 {on}\n2 2 3 {off}\n")
    assert [row[3] for row in rows_of(TextSource(path))] == [True, False]


@pytest.mark.parametrize(
    "header", ["346 260\n", "# sensor 346x260\n", "%geometry:346,260\n", "% resolution: 346 260\n"]
)
def test_a_stated_sensor_size_is_used(tmp_path, header):
    source = TextSource(written(tmp_path, header + "1 2 3 1\n"))
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(346, 260), "header")
    assert rows_of(source) == [(1, 2, 3, True)]


def test_a_missing_sensor_size_is_inferred_and_said(tmp_path):
    source = TextSource(written(tmp_path, lines_of(many())))
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(240, 180), "data")
    assert "240x180" in source.info.notes[-1]


def test_the_given_sensor_size_comes_before_all_others(tmp_path):
    path = written(tmp_path, "346 260\n" + lines_of(many()))
    source = TextSource(path, sensor=SensorSize(640, 480))
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(640, 480), "user")


def test_a_stray_pixel_does_not_blow_up_the_sensor(tmp_path):
    source = TextSource(written(tmp_path, lines_of(many()) + "99999999 60000 3 1\n"))
    assert source.info.sensor == SensorSize(240, 180)
    assert len(rows_of(source)) == 4000
    assert source.damage.kinds == {"outside-sensor": 1}


def test_pixels_beyond_any_sensor_are_refused(tmp_path):
    with pytest.raises(FormatError, match="60000"):
        TextSource(written(tmp_path, "1 60000 3 1\n2 5 60000 1\n"))


def test_bad_lines_are_skipped_and_their_bytes_reported(tmp_path):
    good, bad = "".join(f"{t} 2 3 1\n" for t in range(5)), "1 2 3\nfoo bar\n"
    source = TextSource(written(tmp_path, good + bad + "5 2 3 1\n" + "6 2 3 1 8\n"))
    assert [row[0] for row in rows_of(source)] == list(range(6))
    places = [(d.kind, d.byte_start, d.byte_end, d.events_skipped) for d in source.damage.items]
    last = len(good + bad) + 8
    assert places == [
        ("bad-line", len(good), len(good + bad), 2),
        ("bad-line", last, last + 10, 1),
    ]


def test_comments_and_blank_lines_are_no_damage(tmp_path):
    source = TextSource(written(tmp_path, "# made by hand\n1 2 3 1\n\n  \n% more\n2 2 3 0\n\n"))
    assert len(rows_of(source)) == 2
    assert not source.damage


def test_a_last_line_without_newline_counts(tmp_path):
    assert len(rows_of(TextSource(written(tmp_path, "1 2 3 1\n2 2 3 1")))) == 2


def test_more_bad_lines_than_a_report_holds_are_all_counted(tmp_path):
    source = TextSource(written(tmp_path, "1 2 3 1\nbad\n" * 3000))
    assert len(rows_of(source)) == 3000
    assert (source.damage.places, source.damage.events_skipped) == (3000, 3000)
    assert len(source.damage.items) == source.damage.most_items


def test_a_line_without_end_does_not_stop_the_reader(tmp_path):
    text = "1 2 3 1\n" + "7 " * 2_000_000 + "\n2 2 3 1\n"
    source = TextSource(written(tmp_path, text))
    assert [row[0] for row in rows_of(source)] == [1, 2]
    assert set(source.damage.kinds) == {"bad-line"}


@pytest.mark.parametrize("packet_events", [1, 7, 100_000])
def test_the_packet_size_changes_nothing_but_packets(tmp_path, packet_events):
    table = many(500)
    source = TextSource(written(tmp_path, lines_of(table)), packet_events=packet_events)
    assert max(len(packet) for packet in source) <= packet_events + 64
    assert np.array_equal(np.array(rows_of(source), np.int64), table)


def test_blocks_of_the_file_leave_no_seams(tmp_path):
    table = many(120_000)
    path = written(tmp_path, lines_of(table, time=seconds))
    assert path.stat().st_size > 2 << 20
    source = TextSource(path)
    assert np.array_equal(np.concatenate([p.events.t for p in source]), table[:, 0])
    assert source.progress == 1.0


@pytest.mark.parametrize("disordered", [False, True])
@pytest.mark.parametrize("inferred", [False, True])
def test_seeking_gives_the_events_from_that_time_on(tmp_path, inferred, disordered):
    table = many(120_000)
    if disordered:
        table[70_000:70_100, 0] -= 5_000_000
    path = written(tmp_path, lines_of(table))
    source = TextSource(path, sensor=None if inferred else SensorSize(240, 180))
    whole = np.concatenate([packet.events.data for packet in source])
    for t_us in (-5, 0, int(whole["t"][60_000]), int(whole["t"][110_000]) + 1, 10**12):
        source.seek(t_us)
        tail = [packet.events.data for packet in source]
        expected = whole[whole["t"] >= t_us]
        assert sum(part.size for part in tail) == expected.size
        if expected.size:
            assert np.array_equal(np.concatenate(tail), expected)


def test_a_file_can_be_read_again(tmp_path):
    source = TextSource(written(tmp_path, "1 2 3 1\nbad\n"))
    assert rows_of(source) == rows_of(source) == [(1, 2, 3, True)]
    assert source.damage.places == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello world\nthis is prose\n", "no line"),
        ("# only a comment\n", "no line"),
        ("\n\n\n", "no line"),
        ("1 2 3\n" * 10, "3 columns"),
        ("1 2 3 4 5 6 7 8\n" * 10, "8 columns"),
        ("1 2 3 17\n" * 10, "4 columns"),
    ],
)
def test_what_holds_no_events_is_refused(tmp_path, text, problem):
    path = written(tmp_path, text)
    with pytest.raises(FormatError, match=problem) as caught:
        TextSource(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceNotFoundError, match="nowhere"):
        TextSource(tmp_path / "nowhere.txt")


def test_packets_hold_at_least_one_event(tmp_path):
    with pytest.raises(ValueError, match="packet_events"):
        TextSource(written(tmp_path, "1 2 3 1\n"), packet_events=0)
