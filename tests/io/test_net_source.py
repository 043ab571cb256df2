"""Receiving a stream: peers that behave, and peers that do not."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Events,
    FormatError,
    Frame,
    Packet,
    SeekError,
    SensorSize,
    SourceError,
    SourceNotFoundError,
)
from eventvision.io._aedat4.payload import PayloadError
from eventvision.io._network import source as network_source
from eventvision.io._network.content import EVERY_KIND, Encoder, decode
from eventvision.io._network.protocol import Unframer
from eventvision.io._network.source import NetworkSource

pytestmark = pytest.mark.usefixtures("patient")

PATIENCE_S = 120
VGA = SensorSize(640, 480)
HELLO = Encoder().hello(VGA, "camera")


def made(count, start_us=100, seed=0):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, 60, count))
    events["x"] = random.integers(0, VGA.width, count)
    events["y"] = random.integers(0, VGA.height, count)
    events["on"] = random.integers(0, 2, count)
    return events


def packets(events, size=100):
    """The stream's packets as bytes."""
    parts = [events[start : start + size] for start in range(0, events.size, size)]
    return b"".join(
        message for part in parts for message, _ in Encoder().messages(Packet(Events(part, VGA)))
    )


@contextlib.contextmanager
def peer(behave):
    """Run a server at a free port that lets one client in and does `behave(connection)`."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)

    def attend():
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                behave(connection)

    thread = threading.Thread(target=attend)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join()


def saying(*pieces, pause_s=0.0):
    """Behave by saying some pieces and leaving."""

    def behave(connection):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)

    return behave


def waiting_after(*pieces):
    """Behave by saying some pieces and then nothing until the client leaves."""

    def behave(connection):
        for piece in pieces:
            connection.sendall(piece)
        connection.recv(1)

    return behave


def hello_with(xml):
    """A header with any text for its tree."""
    plain = Encoder().hello(VGA, "")
    at = plain.index(b"<dv") - 4
    size = at + len(xml) - 4 + 4
    return struct.pack("<I", size) + plain[4:at] + struct.pack("<I", len(xml)) + xml


def joined(source):
    return np.concatenate([np.empty(0, EVENT_DTYPE), *(packet.events.data for packet in source)])


def test_events_arrive_unchanged_and_an_orderly_end_is_noted():
    events = made(1000)
    with peer(saying(HELLO, packets(events))) as name, NetworkSource(name) as source:
        assert source.info.camera == "camera"
        assert (source.info.sensor, source.info.sensor_from) == (VGA, "header")
        assert source.progress is None
        assert np.array_equal(joined(source), events)
    assert source.info.notes == ("The peer closed the connection.",)
    assert not source.damage


@pytest.mark.parametrize(
    "first",
    [
        b"garbage, and plenty of it",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46\x00\x00\x00\x00\x00",
        struct.pack("<I", 0xFFFFFFFF),
        struct.pack("<II4s", 100, 24, b"EVTS"),
        HELLO[:4] + struct.pack("<I", 1 << 30) + HELLO[8:],
        hello_with(b"<dv><node name='0'><attr key='typeIdentifier'>EVTS</attr></dv>"),
        hello_with(b"<!DOCTYPE dv [<!ENTITY a 'aaaa'>]><dv>&a;</dv>"),
        hello_with(b"<dv></dv>"),
        hello_with(b"\xff\xfe\xfd"),
        hello_with(b"<node>" * 2400 + b"</node>" * 2400),
        HELLO.replace(b"EVTS", b"POSE"),
        HELLO.replace(b">640<", b">000<"),
    ],
)
def test_what_is_no_header_of_events_is_refused(first):
    with peer(waiting_after(first)) as name, pytest.raises(FormatError) as caught:
        NetworkSource(name)
    assert name in str(caught.value)


def test_a_peer_that_leaves_before_its_header_is_told_apart_from_a_wrong_one():
    with peer(saying(HELLO[:50])) as name, pytest.raises(SourceError, match="token"):
        NetworkSource(name)


@pytest.mark.parametrize(
    "behave",
    [
        waiting_after(),
        waiting_after(HELLO[:20]),
        saying(*(HELLO[i : i + 1] for i in range(200)), pause_s=0.02),
    ],
    ids=["silent", "half a header", "trickle"],
)
def test_a_peer_that_does_not_introduce_itself_is_given_up_in_time(behave):
    with peer(behave) as name, pytest.raises(SourceNotFoundError, match=r"within 0.5 s"):
        NetworkSource(name, timeout_s=0.5)


def test_nobody_at_that_address_is_told_with_a_remedy():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(SourceNotFoundError, match="check that the server runs"):
        NetworkSource(f"tcp://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<ii", 0, 0x7FFFFFFF),
        struct.pack("<ii", 0, -1),
        struct.pack("<ii", 0, 3),
        struct.pack("<ii", 7, 100),
        struct.pack("<ii", -1, 100),
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_what_cannot_be_a_packet_ends_the_stream_with_one_error(header):
    events = made(100)
    with peer(waiting_after(HELLO, packets(events), header)) as name, NetworkSource(name) as source:
        found = []
        with pytest.raises(FormatError, match="sent a packet of stream"):
            found.extend(packet.events.data for packet in source)
        assert np.array_equal(np.concatenate(found), events)
        with pytest.raises(FormatError):
            list(source)


def test_a_packet_that_claims_to_be_large_takes_no_memory_before_it_comes():
    claim = struct.pack("<ii", 0, 1 << 27)
    with peer(waiting_after(HELLO, claim, bytes(1000))) as name, NetworkSource(name) as source:
        tracemalloc.start()
        stream = iter(source)
        assert [len(next(stream)) for _ in range(3)] == [0, 0, 0]
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()


def test_a_packet_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(network_source, "PACKET_S", 0.3)

    def trickle(connection):
        connection.sendall(HELLO + struct.pack("<ii", 0, 1 << 20))
        while True:  # until the reader leaves
            connection.sendall(b"\0")
            time.sleep(0.01)

    with (
        peer(trickle) as name,
        NetworkSource(name) as source,
        pytest.raises(FormatError, match=r"not complete after 0\.3 s"),
    ):
        list(source)


class Clock:
    """The true time, and more."""

    late_s = 0.0

    def monotonic(self):
        return time.monotonic() + self.late_s

    def monotonic_ns(self):
        return time.monotonic_ns()


def test_a_reader_that_pauses_does_not_blame_its_peer(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(network_source, "time", clock)
    monkeypatch.setattr(network_source, "RECEIVE_BYTES", 64)
    events = made(300)
    with peer(saying(HELLO, packets(events))) as name, NetworkSource(name) as source:
        found = []
        for packet in source:
            found.append(packet.events.data)
            clock.late_s += 2 * PATIENCE_S
    assert np.array_equal(np.concatenate(found), events)


@pytest.mark.parametrize("end", [1, 9, 200])
def test_a_stream_that_breaks_off_inside_a_packet_is_damaged(end):
    events = made(200)
    with peer(saying(HELLO, packets(events)[:-end])) as name, NetworkSource(name) as source:
        assert np.array_equal(joined(source), events[:100])
    assert source.damage.kinds == {"disconnected": 1}


def test_a_connection_that_is_reset_is_damage_and_ends_the_stream():
    introduced = threading.Event()

    def behave(connection):
        connection.sendall(HELLO)
        introduced.wait(PATIENCE_S)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with peer(behave) as name, NetworkSource(name) as source:
        introduced.set()
        assert joined(source).size == 0
    assert source.damage.kinds == {"disconnected": 1}


def test_a_damaged_packet_is_counted_and_the_next_ones_are_read():
    events = made(300)
    stream = bytearray(packets(events))
    stream[8 + 8 : 8 + 12] = b"XXXX"
    with peer(saying(HELLO, bytes(stream))) as name, NetworkSource(name) as source:
        assert np.array_equal(joined(source), events[100:])
    assert source.damage.kinds == {"corrupt-packet": 1}


def test_events_outside_the_sensor_or_behind_time_are_caught():
    events = made(200)
    events["x"][50] = 640
    events["t"][150] = 0
    with peer(saying(HELLO, packets(events))) as name, NetworkSource(name) as source:
        assert joined(source).size == 198
    assert set(source.damage.kinds) == {"outside-sensor", "time-backwards"}


def test_silence_gives_empty_packets_and_close_ends_it_from_another_thread():
    with peer(waiting_after(HELLO)) as name, NetworkSource(name) as source:
        stream = iter(source)
        assert len(next(stream)) == 0
        threading.Timer(0.2, source.close).start()
        assert sum(len(packet) for packet in stream) == 0
        source.close()


def test_a_sensor_that_the_peer_does_not_tell_can_be_given():
    unsized = HELLO.replace(b"sizeX", b"other")
    with peer(waiting_after(unsized)) as name, NetworkSource(f"{name}?sensor=640x480") as source:
        assert (source.info.sensor, source.info.sensor_from) == (VGA, "user")


def test_a_live_stream_cannot_seek():
    with (
        peer(waiting_after(HELLO)) as name,
        NetworkSource(name) as source,
        pytest.raises(SeekError, match="record it"),
    ):
        source.seek(0)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("tcp://", "no address"),
        ("tcp://localhost", "no address"),
        ("tcp:localhost:7777", "no address"),
        ("tcp://localhost:99999", "is no address"),
        ("tcp://localhost:1/path", "no address"),
        ("udp://localhost:1", "tcp|tls"),
        ("tcp://localhost:1?colour=red", "no option 'colour'"),
        ("tcp://localhost:1?sensor=big", "sensor=WxH"),
        ("tcp://localhost:1?token_file=nowhere", "token file nowhere"),
        ("tcp://[::1:7", "is no address"),
    ],
)
def test_names_that_cannot_be_used_say_what_to_write(name, match):
    with pytest.raises(SourceError, match=match):
        NetworkSource(name)


def test_a_time_limit_must_be_positive():
    with pytest.raises(ValueError, match="timeout_s"):
        NetworkSource("tcp://127.0.0.1:1", timeout_s=0)


def unframed(pieces):
    unframer, found = Unframer("peer"), []
    greeted = False
    for piece in pieces:
        unframer.push(piece)
        greeted = greeted or unframer.take_hello() is not None
        while greeted and (payload := unframer.take_packet()) is not None:
            found.append(decode(payload[1], payload[0]).events)
    return np.concatenate(found) if found else np.empty(0, EVENT_DTYPE)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_packets_do_not_depend_on_how_the_stream_is_cut(cuts):
    events = made(120)
    stream, pieces = HELLO + packets(events, 50), []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    assert np.array_equal(unframed([*pieces, stream]), events)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**53),
            st.sampled_from([0, 639]),
            st.sampled_from([0, 479]),
            st.booleans(),
        )
    )
)
@settings(max_examples=50, deadline=None)
def test_any_events_survive_the_wire(rows):
    events = np.array(sorted(rows, key=lambda row: row[0]), EVENT_DTYPE)
    assert np.array_equal(unframed([HELLO, packets(events)]), events)


def everything(count=40):
    """A packet with events, two frames, IMU samples and triggers."""
    imu, triggers = np.zeros(3, IMU_DTYPE), np.zeros(2, TRIGGER_DTYPE)
    imu["t"], imu["gyroscope"] = [100, 200, 300], 1.5
    triggers["t"], triggers["rising"] = [150, 250], [True, False]
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    frames = (Frame(120, 10, image), Frame(220, 10, np.stack([image] * 3, 2)))
    return Packet(Events(made(count), VGA), frames, imu, triggers)


def test_frames_imu_samples_and_triggers_arrive_unchanged():
    encoder, sent = Encoder(EVERY_KIND), everything()
    stream = encoder.hello(VGA, "camera") + b"".join(m for m, _ in encoder.messages(sent))
    with peer(saying(stream)) as name, NetworkSource(name) as source:
        parts = list(source)
    assert np.array_equal(np.concatenate([part.events.data for part in parts]), sent.events.data)
    assert np.array_equal(np.concatenate([part.imu for part in parts]), sent.imu)
    assert np.array_equal(np.concatenate([part.triggers for part in parts]), sent.triggers)
    frames = [frame for part in parts for frame in part.frames]
    assert [(frame.t_us, frame.exposure_us) for frame in frames] == [(120, 10), (220, 10)]
    for frame, original in zip(frames, sent.frames, strict=True):
        assert np.array_equal(frame.pixels, original.pixels)
    assert not source.damage


@pytest.mark.parametrize("kind", ["frames", "imu", "triggers"])
def test_what_has_an_impossible_time_is_damage(kind):
    encoder, sent = Encoder((kind,)), everything()
    late = replace(
        sent,
        frames=(replace(sent.frames[0], t_us=1 << 60),),
        imu=np.array([(1 << 60, 0, 0, 0, 0)], IMU_DTYPE),
        triggers=np.array([(-5, 0, True)], TRIGGER_DTYPE),
    )
    messages = [m for part in (late, sent) for m, _ in encoder.messages(part)]
    with (
        peer(saying(encoder.hello(VGA, ""), *messages)) as name,
        NetworkSource(f"{name}?sensor=640x480") as source,
    ):
        parts = list(source)
    assert source.damage.kinds == {"corrupt-packet": 1}
    assert [len(part.frames) + part.imu.size + part.triggers.size for part in parts if part.frames
            or part.imu.size or part.triggers.size]  # fmt: skip
    assert source.info.notes[0] == f"The peer sends {kind} only."


def test_mutated_streams_end_in_events_or_in_one_error():
    random = np.random.default_rng(1)
    encoder, sent = Encoder(EVERY_KIND), everything(20)
    messages = [message for message, _ in encoder.messages(sent)]
    stream = encoder.hello(VGA, "camera") + b"".join(messages)
    outcomes = {"events": 0, "refused": 0}
    for _ in range(2000):
        mutant = bytearray(stream)
        for place in random.integers(0, len(stream), random.integers(1, 5)):
            mutant[place] = random.integers(0, 256)
        try:
            unframed([bytes(mutant)])
            outcomes["events"] += 1
        except (FormatError, PayloadError):
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 100
