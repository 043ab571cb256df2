"""The stream of dv-processing, in both directions, with the real library in a child process.

Its writer cannot be released while a client is connected, which is why children are killed. Its
reader forgets what it has received once the server leaves, which is why servers wait for it.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    Events,
    FormatError,
    Frame,
    Packet,
    SensorSize,
    SourceError,
)
from eventvision.io._network import reception
from eventvision.io._network.access import Tls
from eventvision.io._network.server import EventServer
from eventvision.io._network.source import NetworkSource

pytest.importorskip("dv_processing")
pytestmark = pytest.mark.usefixtures("patient")

PATIENCE_S = 120
VGA = SensorSize(640, 480)
COUNT = 5_000

WRITER = """
import sys, time
import dv_processing as dv
port, kind, compression, rows, files = int(sys.argv[1]), *sys.argv[2:5], sys.argv[5:]
if kind in ("Event", "Frame"):
    made = getattr(dv.io.Stream, kind + "Stream")
    stream = made(3, "any", "DVXplorer_1", (640, 480))
else:
    stream = getattr(dv.io.Stream, kind + "Stream")(3, "any", "DVXplorer_1")
stream.setCompression(getattr(dv.CompressionType, compression))
writer = dv.io.NetworkWriter("127.0.0.1", port, stream, *files)
print("ready", flush=True)
while writer.getClientCount() == 0:
    time.sleep(0.005)
import numpy as np
rows = np.load(rows)
if kind == "Frame":
    for t in (1000, 2000):
        image = np.arange(12, dtype=np.uint8).reshape(3, 4) + t // 1000
        writer.writeFrame(dv.Frame(t, 300, 5, 6, image, dv.FrameSource.SENSOR))
if kind == "IMU":
    samples = [dv.IMU(t, 25.5, 1, 2, 3, 4, 5, 6, 7, 8, 9) for t in (1000, 2000)]
    writer.writeImu(dv.IMUPacket.ImuVector(samples))
if kind == "Trigger":
    kinds = dv.TriggerType.EXTERNAL_SIGNAL_RISING_EDGE, dv.TriggerType.EXTERNAL_SIGNAL_FALLING_EDGE
    marks = [dv.Trigger(1000 * (i + 1), one) for i, one in enumerate(kinds)]
    writer.writeTriggers(dv.TriggerPacket.TriggersVector(marks))
for start in range(0, len(rows), 700):
    store = dv.EventStore()
    for t, x, y, on in rows[start:start + 700].tolist():
        store.push_back(t, x, y, bool(on))
    writer.writeEvents(store)
time.sleep(600)
"""

READER = """
import hashlib, sys, time
import dv_processing as dv
reader = dv.io.NetworkReader("127.0.0.1", int(sys.argv[1]), *sys.argv[3:])
print(reader.getCameraName(), *reader.getEventResolution(), flush=True)
left, digest = int(sys.argv[2]), hashlib.sha256()
columns = {name: [] for name in ("timestamp", "x", "y", "polarity")}
while left:
    batch = reader.getNextEventBatch()
    if batch is None:
        time.sleep(0.002)
        continue
    found = batch.numpy()
    left -= len(found)
    for name, values in columns.items():
        values.append(found[name].astype("<i8").tobytes())
for values in columns.values():
    digest.update(b"".join(values))
print(digest.hexdigest(), flush=True)
sys.stdin.readline()
"""


SIDE_READER = """
import sys, time
import dv_processing as dv
reader = dv.io.NetworkReader("127.0.0.1", int(sys.argv[1]))
take = getattr(reader, sys.argv[2])
print("ready", flush=True)
while (found := take()) is None:
    time.sleep(0.002)
if sys.argv[2] == "getNextFrame":
    print(found.timestamp, int(found.exposure.total_seconds() * 1e6), found.positionX,
          found.positionY, found.image.tolist(), flush=True)
elif sys.argv[2] == "getNextImuBatch":
    for one in found:
        print(one.timestamp, one.temperature, one.accelerometerZ, one.gyroscopeX,
              one.magnetometerY, flush=True)
else:
    print(*((one.timestamp, one.type.name) for one in found), flush=True)
sys.stdin.readline()
"""


def made(count, start_us=1_700_000_000_000_000):
    random = np.random.default_rng(count)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, 60, count))
    events["x"] = random.integers(0, VGA.width, count)
    events["y"] = random.integers(0, VGA.height, count)
    events["on"] = random.integers(0, 2, count)
    return events


def digest_of(events):
    digest = hashlib.sha256()
    for name in ("t", "x", "y", "on"):
        digest.update(events[name].astype("<i8").tobytes())
    return digest.hexdigest()


@contextmanager
def child(code, *arguments):
    command = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def real_writer(folder, events, *files, kind="Event", compression="NONE"):
    """Run the library's writer at a free port, which it cannot choose itself."""
    rows = folder / "rows.npy"
    np.save(rows, np.stack([events[name].astype(np.int64) for name in ("t", "x", "y", "on")], 1))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with child(WRITER, port, kind, compression, rows, *files) as process:
        assert process.stdout.readline() == "ready\n"
        yield port, process


def eventually(condition):
    """Wait until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def received(source, count):
    """Read until so many events have come."""
    parts, found = [], 0
    for packet in source:
        parts.append(packet.events.data)
        found += len(packet)
        if found >= count:
            return np.concatenate(parts)
    raise AssertionError(f"the stream ended after {found} events")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Folder with an authority, and with keys and certificate chains of a server and a client."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("keys")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        *("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=authority"),
        *("-keyout", "ca.key", "-out", "ca.pem"),
    )
    for name in ("server", "client"):
        request, certificate = f"{name}.csr", f"{name}.crt"
        key = f"{name}.key"
        openssl("req", *new_key, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl(
            *("x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-days", "2", "-extfile", "names", "-out", certificate),
        )
        chain = (folder / certificate).read_text() + (folder / "ca.pem").read_text()
        (folder / f"{name}.pem").write_text(chain)
    return folder


def tls_of(keys):
    return Tls(certificate=keys / "server.pem", key=keys / "server.key", authority=keys / "ca.pem")


def client_options(keys):
    return f"?ca={keys / 'ca.pem'}&cert={keys / 'client.pem'}&key={keys / 'client.key'}"


@pytest.mark.parametrize("compression", ["NONE", "LZ4", "ZSTD"])
def test_events_of_the_real_writer_arrive_unchanged(tmp_path, compression):
    events = made(COUNT)
    with (
        real_writer(tmp_path, events, compression=compression) as (port, process),
        NetworkSource(f"tcp://127.0.0.1:{port}") as source,
    ):
        assert source.is_live
        assert source.info.sensor == VGA
        assert source.info.camera == "DVXplorer_1"
        assert np.array_equal(received(source, COUNT), events)
        process.kill()
        assert sum(len(packet) for packet in source) == 0
    assert not source.damage
    assert "closed the connection" in source.info.notes[-1]


def test_events_of_the_real_writer_arrive_through_tls(tmp_path, keys):
    events = made(COUNT)
    files = (keys / "server.pem", keys / "server.key", keys / "ca.pem")
    with (
        real_writer(tmp_path, events, *files, compression="LZ4") as (port, _),
        NetworkSource(f"tls://127.0.0.1:{port}{client_options(keys)}") as source,
    ):
        assert np.array_equal(received(source, COUNT), events)


def first_with_something(source, kind):
    return next(packet for packet in source if len(getattr(packet, kind)))


def test_frames_of_the_real_writer_arrive_unchanged(tmp_path):
    with (
        real_writer(tmp_path, made(0), kind="Frame", compression="LZ4") as (port, _),
        NetworkSource(f"tcp://127.0.0.1:{port}") as source,
    ):
        (frame,) = first_with_something(source, "frames").frames
        assert (source.info.sensor, source.info.camera) == (VGA, "DVXplorer_1")
        assert "frames only" in source.info.notes[0]
    assert (frame.t_us, frame.exposure_us, frame.x, frame.y) == (1150, 300, 5, 6)
    assert np.array_equal(frame.pixels, np.arange(12).reshape(3, 4) + 1)
    assert not source.damage


def test_imu_samples_of_the_real_writer_arrive_unchanged(tmp_path):
    with (
        real_writer(tmp_path, made(0), kind="IMU") as (port, _),
        NetworkSource(f"tcp://127.0.0.1:{port}", sensor=VGA) as source,
    ):
        imu = first_with_something(source, "imu").imu
    assert imu["t"].tolist() == [1000, 2000]
    assert imu[0] == np.array((1000, 25.5, (1, 2, 3), (4, 5, 6), (7, 8, 9)), IMU_DTYPE)


def test_triggers_of_the_real_writer_arrive_unchanged(tmp_path):
    with (
        real_writer(tmp_path, made(0), kind="Trigger") as (port, _),
        NetworkSource(f"tcp://127.0.0.1:{port}?sensor=640x480") as source,
    ):
        triggers = first_with_something(source, "triggers").triggers
    assert triggers.tolist() == [(1000, 0, True), (2000, 0, False)]


def test_a_stream_without_a_size_asks_for_one(tmp_path):
    with (
        real_writer(tmp_path, made(0), kind="IMU") as (port, _),
        pytest.raises(FormatError, match=r"does not say how large.*\?sensor=WxH"),
    ):
        NetworkSource(f"tcp://127.0.0.1:{port}")


SAMPLES = np.array([(1000, 25.5, (1, 2, 3), (4, 5, 6), (7, 8, 9))], IMU_DTYPE)
EDGES = np.array([(1000, 0, True), (2000, 0, False)], TRIGGER_DTYPE)
IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize(
    ("kind", "method", "expected"),
    [
        ("frames", "getNextFrame", f"850 300 5 6 {IMAGE.tolist()}"),
        ("imu", "getNextImuBatch", "1000 25.5 3.0 4.0 8.0"),
        (
            "triggers",
            "getNextTriggerBatch",
            "(1000, 'EXTERNAL_SIGNAL_RISING_EDGE') (2000, 'EXTERNAL_SIGNAL_FALLING_EDGE')",
        ),
    ],
)
def test_the_real_reader_receives_one_other_kind_at_a_port_of_its_own(kind, method, expected):
    # The library's time of a frame is the begin of its exposure, ours the middle.
    packet = Packet(Events(made(10), VGA), (Frame(1000, 300, IMAGE, 5, 6),), SAMPLES, EDGES)
    with EventServer(sensor=VGA, camera="cam", send=(kind,)) as server:
        port = server.address.rpartition(":")[2]
        with child(SIDE_READER, port, method) as reader:
            assert reader.stdout.readline() == "ready\n"
            server.write(packet)
            assert reader.stdout.readline() == expected + "\n"
        left_out = {"frames": 1, "imu": 1, "triggers": 2}
        assert server.left_out == {**left_out, kind: 0}


@pytest.mark.parametrize("encrypted", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize(("count", "packet"), [(COUNT, 700), (150_000, 150_000)])
def test_the_real_reader_receives_what_is_written(request, encrypted, count, packet):
    events = made(count)
    keys = request.getfixturevalue("keys") if encrypted else None
    files = (keys / "client.pem", keys / "client.key") if encrypted else ()
    with EventServer(
        sensor=VGA, camera="A <b> & c", tls=tls_of(keys) if encrypted else None
    ) as server:
        port = server.address.rpartition(":")[2]
        with child(READER, port, count, *files) as reader:
            assert reader.stdout.readline() == "A <b> & c 640 480\n"
            for start in range(0, count, packet):
                server.write(Packet(Events(events[start : start + packet], VGA)))
            assert reader.stdout.readline() == digest_of(events) + "\n"
            assert [client.packets_dropped for client in server.clients] == [0]


def test_a_server_with_an_authority_wants_a_certificate(keys):
    with EventServer(sensor=VGA, tls=tls_of(keys)) as server:
        with pytest.raises(SourceError, match="cert="):
            NetworkSource(f"{server.address}?ca={keys / 'ca.pem'}")
        with NetworkSource(server.address + client_options(keys)) as source:
            server.write(Packet(Events(made(10), VGA)))
            assert np.array_equal(received(source, 10), made(10))
        eventually(lambda: server.refused == 1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ("", "not to be trusted"),
        ("?ca=nowhere.pem", "certificate files cannot be used"),
        ("?check_name=perhaps", "check_name=yes or check_name=no"),
    ],
)
def test_a_certificate_that_cannot_be_judged_is_refused(keys, options, match):
    with (
        EventServer(sensor=VGA, tls=tls_of(keys)) as server,
        pytest.raises(SourceError, match=match),
    ):
        NetworkSource(server.address + options)


def test_the_name_in_a_certificate_must_be_that_of_the_server_unless_told_otherwise(keys):
    with EventServer("127.0.0.2", sensor=VGA, tls=tls_of(keys)) as server:
        name = server.address + client_options(keys)
        with pytest.raises(SourceError, match="check_name=no"):
            NetworkSource(name)
        with NetworkSource(f"{name}&check_name=no") as source:
            assert source.info.sensor == VGA


def test_a_server_without_tls_is_found_out_within_the_time_limit(keys):
    with EventServer(sensor=VGA) as server:
        name = server.address.replace("tcp", "tls") + client_options(keys)
        with pytest.raises(SourceError, match="greeting the server failed"):
            NetworkSource(name, timeout_s=5)


def test_a_client_that_never_finishes_the_handshake_is_given_up_in_time(monkeypatch, keys):
    monkeypatch.setattr(reception, "GREETING_S", 0.3)
    with EventServer(sensor=VGA, tls=tls_of(keys)) as server:
        host, port = server.address.removeprefix("tls://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as half_open:
            half_open.sendall(b"\x16\x03\x01")
            assert half_open.recv(100) == b""
        eventually(lambda: server.refused == 1)
        monkeypatch.setattr(reception, "GREETING_S", PATIENCE_S)
        with NetworkSource(server.address + client_options(keys)) as source:
            assert source.info.sensor == VGA


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", bytes(5000), b"\x16\x03\x01\xff\xff" * 50]
)
def test_garbage_instead_of_a_handshake_harms_nobody(keys, said):
    with EventServer(sensor=VGA, tls=tls_of(keys)) as server:
        host, port = server.address.removeprefix("tls://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as stranger:
            stranger.sendall(said)
            with NetworkSource(server.address + client_options(keys)) as source:
                server.write(Packet(Events(made(10), VGA)))
                assert np.array_equal(received(source, 10), made(10))
            with suppress(ConnectionResetError):
                while stranger.recv(1 << 12):
                    pass
        eventually(lambda: server.refused == 1)
