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
from contextlib import contextmanager

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, FormatError, Packet, SensorSize, SourceError
from eventvision.io._network import reception
from eventvision.io._network.access import Tls
from eventvision.io._network.server import EventServer
from eventvision.io._network.source import NetworkSource

pytest.importorskip("dv_processing")

VGA = SensorSize(640, 480)
COUNT = 5_000

WRITER = """
import sys, time
import dv_processing as dv
port, kind, compression, rows, files = int(sys.argv[1]), *sys.argv[2:5], sys.argv[5:]
if kind == "Event":
    stream = dv.io.Stream.EventStream(3, "events", "DVXplorer_1", (640, 480))
else:
    stream = dv.io.Stream.FrameStream(3, "frames", "DVXplorer_1", (640, 480))
stream.setCompression(getattr(dv.CompressionType, compression))
writer = dv.io.NetworkWriter("127.0.0.1", port, stream, *files)
print("ready", flush=True)
while writer.getClientCount() == 0:
    time.sleep(0.005)
import numpy as np
rows = np.load(rows)
for start in range(0, len(rows), 700):
    store = dv.EventStore()
    for t, x, y, on in rows[start:start + 700].tolist():
        store.push_back(t, x, y, bool(on))
    writer.writeEvents(store)
time.sleep(120)
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


def test_a_real_writer_of_frames_is_refused(tmp_path):
    with (
        real_writer(tmp_path, made(0), kind="Frame") as (port, _),
        pytest.raises(FormatError, match="streams no events but FRME"),
    ):
        NetworkSource(f"tcp://127.0.0.1:{port}")


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
        assert server.refused == 1


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
            NetworkSource(name, timeout_s=2)


def test_a_client_that_never_finishes_the_handshake_is_given_up_in_time(monkeypatch, keys):
    monkeypatch.setattr(reception, "GREETING_S", 0.3)
    with EventServer(sensor=VGA, tls=tls_of(keys)) as server:
        host, port = server.address.removeprefix("tls://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as half_open:
            half_open.sendall(b"\x16\x03\x01")
            assert half_open.recv(100) == b""
        assert server.refused == 1
        with NetworkSource(server.address + client_options(keys)) as source:
            assert source.info.sensor == VGA
