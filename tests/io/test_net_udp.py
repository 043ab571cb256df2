"""Events in UDP datagrams: formats, peers, loss, garbage."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import (
    EVENT_DTYPE,
    ConfigError,
    Events,
    OutputError,
    Packet,
    SeekError,
    SensorSize,
    SourceError,
)
from eventvision.io._network import inbox
from eventvision.io._network.datagrams import FORMATS, DatagramError, Wire
from eventvision.io._network.udp_sender import UdpSender
from eventvision.io._network.udp_source import UdpSource

VGA = SensorSize(640, 480)
TIMED = [name for name in FORMATS if name != "spif-untimed"]


def made(count, start_us=0, seed=0):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, 5, count))
    events["x"] = random.integers(0, VGA.width, count)
    events["y"] = random.integers(0, VGA.height, count)
    events["on"] = random.integers(0, 2, count)
    return events


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def words(*values):
    return struct.pack(f"<{len(values)}I", *values)


@contextlib.contextmanager
def listening(options=""):
    with UdpSource(f"udp://127.0.0.1:0?sensor=640x480{options}") as source:
        yield source


@contextlib.contextmanager
def throwing_at(source):
    """A way to send any datagram to a source."""
    host, port = source.address.removeprefix("udp://").rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
        yield lambda datagram: thrower.sendto(datagram, (host, int(port)))


def taken(source, count):
    """Take packets until so many events have come."""
    parts, found = [np.empty(0, EVENT_DTYPE)], 0
    for packet in source:
        parts.append(packet.events.data)
        found += len(packet)
        if found >= count:
            break
    return np.concatenate(parts)


def until(source, condition):
    """Take packets until something holds."""
    parts = [np.empty(0, EVENT_DTYPE)]
    for packet in source:
        parts.append(packet.events.data)
        if condition():
            break
    return np.concatenate(parts)


@pytest.mark.parametrize("numbered", ["no", "yes"])
@pytest.mark.parametrize("name", FORMATS)
def test_events_arrive_unchanged(name, numbered):
    events = made(3000, 12345)
    options = f"format={name}&numbered={numbered}"
    with listening(f"&{options}") as source:
        with contextlib.closing(UdpSender(f"{source.address}?{options}", VGA)) as sender:
            for start in range(0, 3000, 250):
                sender.write(Packet(Events(events[start : start + 250], VGA)))
        found = taken(source, 3000)
    if name == "spif-untimed":
        assert (found["t"][0], np.diff(found["t"]).min()) == (0, 0)
        found["t"] = events["t"]
    assert np.array_equal(found, events)
    assert (source.lost, source.reordered, sender.dropped) == (0, 0, 0)
    assert not source.damage


@pytest.mark.parametrize(
    ("options", "datagram", "expected"),
    [
        (
            "",
            words(5 << 16 | 1 << 15 | 7, 1000, 6 << 16 | 8, 1003),
            [(1000, 5, 7, 1), (1003, 6, 8, 0)],
        ),
        ("&byteorder=big", struct.pack(">2I", 5 << 16 | 1 << 15 | 7, 1000), [(1000, 5, 7, 1)]),
        (
            "",
            words(1 << 31 | 5 << 16 | 1 << 15 | 7, 1 << 31 | 6 << 16 | 8),
            [(0, 5, 7, 1), (0, 6, 8, 0)],
        ),
        ("&format=t32_x16_y15_on1", struct.pack("<IHH", 1000, 5, 7 << 1 | 1), [(1000, 5, 7, 1)]),
        ("&format=t64_x16_y16_on8", struct.pack("<QHHB", 2**40, 5, 7, 1), [(2**40, 5, 7, 1)]),
    ],
)
def test_the_bytes_on_the_wire_are_those_of_the_specifications(options, datagram, expected):
    with listening(options) as source, throwing_at(source) as throw:
        throw(datagram)
        assert taken(source, len(expected)).tolist() == [
            (*row[:3], bool(row[3])) for row in expected
        ]


@pytest.mark.parametrize("name", ["spif", "t32_x16_y15_on1"])
def test_times_of_32_bits_go_on_beyond_their_range(name):
    events = made(2000, 2**32 - 2000)
    wire = Wire(name, "<", is_numbered=False)
    with listening(f"&format={name}") as source, throwing_at(source) as throw:
        for datagram in wire.encode(events, 0):
            throw(datagram)
        assert np.array_equal(taken(source, 2000), events)


def test_loss_and_reordering_are_counted_where_datagrams_are_numbered():
    wire = Wire("spif", "<", is_numbered=True)
    datagrams = [next(wire.encode(made(100, 1000 * number), number)) for number in range(10)]
    with listening("&numbered=yes") as source, throwing_at(source) as throw:
        throw(datagrams[0])
        assert taken(source, 100).size == 100
        for number in (2, 5, 6):
            throw(datagrams[number])
        assert taken(source, 300).size == 300
        throw(datagrams[3])
        until(source, lambda: source.reordered)
        assert (source.lost, source.reordered) == (2, 1)
        assert source.damage.kinds == {"lost-datagrams": 2, "late-datagram": 1}
        assert source.damage.events_skipped == 100


def test_a_source_without_numbers_says_that_losses_cannot_be_counted():
    with listening() as source:
        assert "losses cannot be counted" in source.info.notes[0]


@pytest.mark.parametrize(
    ("options", "datagram"),
    [
        ("", b"x"),
        ("", b"x" * 7),
        ("", words(5, 1, 6)),
        ("", words(1 << 31, 5)),
        ("&numbered=yes", words(5, 1)),
        ("&numbered=yes", b"EVN"),
        ("&format=t32_x16_y15_on1", bytes(9)),
        ("&format=t64_x16_y16_on8", bytes(12)),
    ],
)
def test_garbage_is_counted_and_what_surrounds_it_is_read(options, datagram):
    events = made(20)
    with listening(options) as source, throwing_at(source) as throw:
        wire = Wire(source.info.format.removeprefix("UDP "), "<", is_numbered="numbered" in options)
        throw(next(wire.encode(events[:10], 0)))
        throw(datagram)
        throw(next(wire.encode(events[10:], 1)))
        assert np.array_equal(taken(source, 20), events)
        assert source.damage.kinds == {"corrupt-datagram": 1}


def test_events_with_and_without_times_are_not_mixed():
    with listening() as source, throwing_at(source) as throw:
        throw(words(5, 1000))
        throw(words(1 << 31 | 5))
        until(source, lambda: source.damage)
        assert source.damage.kinds == {"corrupt-datagram": 1}


def test_events_outside_the_sensor_are_dropped_and_counted():
    with listening() as source, throwing_at(source) as throw:
        throw(words(640 << 16, 1000, 639 << 16, 1001))
        assert taken(source, 1)["x"].tolist() == [639]
        assert source.damage.kinds == {"outside-sensor": 1}


def test_only_the_sender_that_was_named_is_heard():
    with listening("&from=127.0.0.9") as source, throwing_at(source) as throw:
        throw(words(5, 1000))
        assert until(source, lambda: source.strangers).size == 0


def test_silence_gives_empty_packets_and_close_ends_it_from_another_thread():
    before = set(threading.enumerate())
    with listening() as source:
        stream = iter(source)
        assert len(next(stream)) == 0
        threading.Timer(0.1, source.close).start()
        assert sum(len(packet) for packet in stream) == 0
        source.close()
    left = set(threading.enumerate()) - before
    assert "eventvision-udp" not in [thread.name for thread in left]


def test_a_flood_that_nobody_takes_is_bounded_and_counted(monkeypatch):
    monkeypatch.setattr(inbox, "MOST_BYTES", 10_000)
    with listening() as source, throwing_at(source) as throw:
        for turn in range(200):
            throw(words(*(5, turn) * 50))
            while source._inbox.dropped + len(source._inbox._arrivals) <= turn:
                time.sleep(0.0005)
        found = until(source, lambda: True)
        assert 0 < found.size < 50 * 100
        assert source.damage.kinds["receive-overflow"] == 1
        assert source.lost * 50 + found.size == 50 * 200


def test_a_live_stream_cannot_seek():
    with listening() as source, pytest.raises(SeekError, match="record it"):
        source.seek(0)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("udp://127.0.0.1:0", r"add \?sensor=WxH"),
        ("udp://127.0.0.1:0?sensor=640", "sensor=WxH"),
        ("udp://127.0.0.1:0?sensor=640x480&format=mine", "known are spif"),
        ("udp://127.0.0.1:0?sensor=640x480&byteorder=middle", "byteorder=middle"),
        ("udp://127.0.0.1:0?sensor=640x480&numbered=1", "known are no, yes"),
        ("udp://127.0.0.1:0?sensor=640x480&from=no.such.host.invalid", "unknown host"),
        ("udp://0.0.0.0:0?sensor=640x480", "from=HOST"),
        ("udp://192.0.2.1:0?sensor=640x480&from=127.0.0.1", "cannot listen there"),
        ("tcp://127.0.0.1:0?sensor=640x480", "no address"),
    ],
)
def test_names_that_cannot_be_used_say_what_to_write(name, match):
    with pytest.raises(SourceError, match=match):
        UdpSource(name)


@pytest.mark.parametrize(
    ("name", "sensor", "match"),
    [
        ("udp://127.0.0.1:1?colour=red", VGA, "no option"),
        ("udp://127.0.0.1:1", SensorSize(40_000, 10), "32768"),
        ("tcp://127.0.0.1:1", VGA, "udp://host:port"),
    ],
)
def test_a_sender_is_told_what_it_cannot_do(name, sensor, match):
    with pytest.raises(ConfigError, match=match):
        UdpSender(name, sensor)


def test_a_sender_that_is_closed_or_has_no_host_is_an_output_error():
    sender = UdpSender("udp://127.0.0.1:9", VGA)
    sender.close()
    sender.close()
    with pytest.raises(OutputError, match="cannot be sent"):
        sender.write(Packet(Events(made(1), VGA)))
    with pytest.raises(OutputError, match="check host"):
        UdpSender("udp://no.such.host.invalid:9", VGA)


@given(
    name=st.sampled_from(TIMED),
    order=st.sampled_from("<>"),
    numbered=st.booleans(),
    rows=st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1), st.integers(0, 32_767), st.integers(0, 32_767), st.booleans()
        ),
        max_size=400,
    ),
)
@settings(max_examples=100, deadline=None)
def test_any_events_survive_every_format(name, order, numbered, rows):
    events, wire = np.array(rows, EVENT_DTYPE), Wire(name, order, numbered)
    letters = [wire.split(datagram) for datagram in wire.encode(events, 7)]
    assert [number for number, _ in letters] == [
        7 + n if numbered else 0 for n in range(len(letters))
    ]
    decoded = wire.decode([content for _, content in letters])
    assert decoded.events.tolist() == events.tolist()


@given(
    name=st.sampled_from(list(FORMATS)), numbered=st.booleans(), datagram=st.binary(max_size=300)
)
@settings(max_examples=500, deadline=None)
def test_any_datagram_is_events_or_one_error(name, numbered, datagram):
    wire = Wire(name, "<", numbered)
    with contextlib.suppress(DatagramError):
        _, content = wire.split(b"EVN1" + datagram if numbered else datagram)
        assert wire.decode([content]).events.size <= len(datagram)


FAERY_SENDER = """
import sys
import faery, numpy as np
rows, host, port, name = np.load(sys.argv[1]), *sys.argv[2:]
events = np.zeros(len(rows), faery.EVENTS_DTYPE)
events["t"], events["x"], events["y"], events["p"] = rows.T
faery.events_stream_from_array(events, (640, 480)).to_udp((host, int(port)), format=name)
"""

FAERY_RECEIVER = """
import sys
import faery
host, port, name = sys.argv[1:]
left = 1000
for part in faery.events_stream_from_udp((640, 480), (host, int(port)), name):
    for t, x, y, on in part.tolist():
        print(t, x, y, int(on), flush=True)
    left -= len(part)
    if left <= 0:
        break
"""


@contextlib.contextmanager
def faery(code, *arguments):
    """Run faery in a child process, since it leaves its sockets open."""
    if importlib.util.find_spec("faery") is None:
        pytest.skip("faery is not installed")
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["t64_x16_y16_on8", "t32_x16_y15_on1"])
def test_faery_sends_what_we_receive(tmp_path, name):
    events = made(1000, 10)
    np.save(tmp_path / "rows.npy", np.array(events.tolist(), np.int64))
    with listening(f"&format={name}") as source:
        place = source.address.removeprefix("udp://").rsplit(":", 1)
        with faery(FAERY_SENDER, tmp_path / "rows.npy", *place, name):
            assert np.array_equal(taken(source, 1000), events)


@pytest.mark.parametrize("name", ["t64_x16_y16_on8", "t32_x16_y15_on1"])
def test_faery_receives_what_we_send(name):
    events, port = made(1000, 10), free_port()
    sender = UdpSender(f"udp://127.0.0.1:{port}?format={name}", VGA)
    with contextlib.closing(sender), faery(FAERY_RECEIVER, "127.0.0.1", port, name) as child:
        while is_free(port):
            time.sleep(0.02)
        sender.write(Packet(Events(events, VGA)))
        rows = [tuple(map(int, child.stdout.readline().split())) for _ in range(1000)]
    assert rows == [(t, x, y, int(on)) for t, x, y, on in events.tolist()]


@pytest.mark.parametrize("timestamps", [False, True])
@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_eventcv_sends_what_we_receive(timestamps, byteorder):
    eventcv = pytest.importorskip("eventcv")
    events = made(1000, 10)
    columns = np.stack([events[key].astype(np.int64) for key in ("x", "y", "t", "on")], 1)
    stream = eventcv.from_numpy(columns, sensor_size=(640, 480), time_unit="us")
    with listening(f"&byteorder={byteorder}") as source:
        target = source.address.removeprefix("udp://")
        sender = eventcv.UdpSender(target, timestamps=timestamps, host_endian=byteorder == "little")
        assert sender.send(stream) == 1000
        found = taken(source, 1000)
    if not timestamps:
        found["t"] = events["t"]
    assert np.array_equal(found, events)


def test_eventcv_receives_what_we_send():
    eventcv = pytest.importorskip("eventcv")
    events = made(1000, 10)
    receiver = eventcv.UdpReceiver("127.0.0.1:0", (640, 480), timestamps=True)
    address = receiver.address() if callable(receiver.address) else receiver.address
    with contextlib.closing(UdpSender(f"udp://{address}", VGA)) as sender:
        sender.write(Packet(Events(events, VGA)))
    found = receiver.recv(300).numpy()
    expected = [events[key].astype(np.int64) for key in ("x", "y", "t", "on")]
    assert np.array_equal(found, np.stack(expected, 1))
