"""Serving events: who may connect, what slow and hostile clients can do, how it ends."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    ConfigError,
    Events,
    Frame,
    OutputError,
    Packet,
    SensorSize,
    SourceError,
)
from eventvision.io._network import reception
from eventvision.io._network.access import Tls, check_access
from eventvision.io._network.queue import ClientQueue
from eventvision.io._network.server import EventServer
from eventvision.io._network.source import NetworkSource

pytestmark = pytest.mark.usefixtures("patient")

PATIENCE_S = 120
VGA = SensorSize(640, 480)
TOKEN = "correct-horse-battery"


def made(count, start_us=0):
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.arange(count)
    events["x"], events["y"] = np.arange(count) % VGA.width, np.arange(count) % VGA.height
    return events


def packet(events):
    return Packet(Events(events, VGA))


def place_of(server):
    host, port = server.address.partition("://")[2].rsplit(":", 1)
    return host, int(port)


def eventually(condition):
    """Wait until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def received(source, count):
    parts, found = [], 0
    for one in source:
        parts.append(one.events.data)
        found += len(one)
        if found >= count:
            break
    return np.concatenate(parts)


def ended(connection):
    """Tell whether the server closes a connection without a word."""
    connection.settimeout(PATIENCE_S)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_every_client_receives_every_event_from_the_moment_it_is_connected():
    events, before = made(3000), set(threading.enumerate())
    with EventServer(sensor=VGA, camera="DVS 1") as server:
        server.write(packet(made(10)))
        with NetworkSource(server.address) as one, NetworkSource(server.address) as two:
            eventually(lambda: len(server.clients) == 2)
            for start in range(0, 3000, 500):
                server.write(packet(events[start : start + 500]))
            for source in (one, two):
                assert source.info.camera == "DVS 1"
                assert np.array_equal(received(source, 3000), events)
    left = set(threading.enumerate()) - before
    assert "eventvision-server" not in [thread.name for thread in left]


def test_a_server_sends_what_it_is_told_to_and_counts_what_it_leaves_out():
    imu, triggers = np.zeros(3, IMU_DTYPE), np.zeros(2, TRIGGER_DTYPE)
    imu["t"], triggers["t"] = [1, 2, 3], [4, 5]
    frame = Frame(7, 0, np.zeros((4, 6), np.uint8))
    sent = Packet(Events(made(100), VGA), (frame,), imu, triggers)
    with EventServer.from_name("tcp://127.0.0.1:0?send=triggers,events,imu", VGA) as server:
        assert server.carries == {"imu", "triggers"}
        with NetworkSource(server.address) as source:
            server.write(sent)
            parts = []
            for part in source:
                parts.append(part)
                if part.triggers.size:
                    break
        assert server.left_out == {"frames": 1, "imu": 0, "triggers": 0}
    assert np.array_equal(np.concatenate([part.events.data for part in parts]), made(100))
    assert np.array_equal(np.concatenate([part.imu for part in parts]), imu)
    assert np.array_equal(parts[-1].triggers, triggers)


def test_closing_lets_clients_take_what_waits_and_may_be_done_twice(monkeypatch):
    monkeypatch.setattr(reception, "LINGER_S", PATIENCE_S)
    events = made(200_000)
    server = EventServer(sensor=VGA)
    with NetworkSource(server.address) as source:
        eventually(lambda: server.clients)
        server.write(packet(events))
        threading.Thread(target=server.close).start()
        assert np.array_equal(received(source, 200_000), events)
        assert list(source) == []
    server.close()


def test_a_slow_client_loses_the_oldest_packets_and_holds_up_nobody():
    rounds, size = 80, 20_000
    with (
        EventServer(sensor=VGA, queue_packets=4) as server,
        socket.create_connection(place_of(server)),
    ):
        eventually(lambda: server.clients)
        with NetworkSource(server.address) as fast:
            eventually(lambda: len(server.clients) == 2)
            for turn in range(rounds):
                server.write(packet(made(size, turn * size)))
                assert received(fast, size)["t"][-1] == (turn + 1) * size - 1
            stuck, quick = server.clients
            assert (quick.packets_dropped, quick.packets_sent) == (0, rounds)
            assert stuck.packets_waiting == 4
            assert stuck.packets_dropped == rounds - 4 - stuck.packets_sent > 0
            assert stuck.events_dropped == size * stuck.packets_dropped


def test_a_client_that_takes_nothing_is_let_go(monkeypatch):
    monkeypatch.setattr(
        reception, "STALL_S", 3.0
    )  # the reader, too, has to come to its turn by then
    with EventServer(sensor=VGA) as server, socket.create_connection(place_of(server)) as stuck:
        with NetworkSource(server.address) as reader:
            eventually(lambda: len(server.clients) == 2)
            gone, first_us, read = stuck.getsockname(), 0, 0
            packets = iter(reader)
            while len(server.clients) == 2:
                server.write(packet(made(50_000, first_us)))
                first_us += 50_000
                read += len(next(packets))
            (left,) = server.clients
            assert left.address != f"{gone[0]}:{gone[1]}"
            while read < first_us - 50_000 * left.packets_dropped:
                read += len(next(packets))
        assert not reader.damage
        assert server.refused == 0


def test_more_clients_than_allowed_are_refused_and_a_place_becomes_free_again():
    with EventServer(sensor=VGA, max_clients=2) as server:
        with NetworkSource(server.address), NetworkSource(server.address):
            eventually(lambda: len(server.clients) == 2)
            with pytest.raises(SourceError, match="may be full"):
                NetworkSource(server.address)
            assert server.refused == 1
        eventually(lambda: not server.clients)
        with NetworkSource(server.address):
            eventually(lambda: len(server.clients) == 1)


def test_a_thousand_connections_are_refused_without_harm():
    with EventServer(sensor=VGA, token=TOKEN, max_clients=3) as server:
        with NetworkSource(f"{server.address}?token={TOKEN}") as source:
            eventually(lambda: server.clients)
            for turn in range(10):
                events = made(100, 100 * turn)
                with contextlib.ExitStack() as stack:
                    for _ in range(100):
                        stack.enter_context(socket.create_connection(place_of(server)))
                    server.write(packet(events))
                    assert np.array_equal(received(source, 100), events)
            eventually(lambda: server.refused == 1000)
            assert len(server.clients) == 1
        with NetworkSource(f"{server.address}?token={TOKEN}"):
            eventually(lambda: len(server.clients) == 1)


@pytest.mark.parametrize(
    "said",
    [
        b"EVENTVISION wrong-token-of-some-length\n",
        TOKEN.encode() + b"\n",
        b"EVENTVISION " + TOKEN[:-1].encode() + b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"x" * 5000,
        b"\n",
        bytes(100),
    ],
)
def test_who_does_not_know_the_token_hears_nothing(monkeypatch, said):
    monkeypatch.setattr(reception, "GREETING_S", 0.5)
    with EventServer(sensor=VGA, token=TOKEN) as server:
        with socket.create_connection(place_of(server)) as connection:
            connection.sendall(said)
            assert ended(connection)
        eventually(lambda: server.refused == 1)
        assert server.clients == ()


def test_a_half_open_client_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(reception, "GREETING_S", 0.2)
    with EventServer(sensor=VGA, token=TOKEN) as server:
        with socket.create_connection(place_of(server)) as connection:
            assert ended(connection)
        eventually(lambda: server.refused == 1)


def test_a_client_that_talks_too_much_is_let_go():
    with EventServer(sensor=VGA) as server, socket.create_connection(place_of(server)) as client:
        eventually(lambda: server.clients)
        client.sendall(bytes(1000))
        server.write(packet(made(10)))
        eventually(lambda: [one.packets_sent for one in server.clients] == [1])
        client.sendall(bytes(3000))
        eventually(lambda: not server.clients)
        client.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            while client.recv(1 << 16):
                pass
        assert server.clients == ()


@pytest.mark.parametrize("option", ["token", "token_file"])
def test_a_token_opens_the_server_and_is_never_shown(tmp_path, option):
    (tmp_path / "token").write_text(TOKEN + "\n")
    value = TOKEN if option == "token" else tmp_path / "token"
    with (
        EventServer.from_name(f"tcp://127.0.0.1:0?{option}={value}", VGA) as server,
        NetworkSource(f"{server.address}?{option}={value}") as source,
    ):
        assert TOKEN not in repr(source.info)
        with pytest.raises(SourceError, match="token") as caught:
            NetworkSource(f"{server.address}?token={TOKEN[::-1]}")
        assert TOKEN[::-1] not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "no.such.host.invalid"])
def test_other_machines_may_only_connect_with_proof(host):
    with pytest.raises(ConfigError, match="every machine in reach could watch"):
        check_access(host, None, None)
    with pytest.raises(ConfigError, match="every machine in reach could watch"):
        check_access(host, None, Tls(certificate="c", key="k"))
    check_access(host, TOKEN, None)
    check_access(host, None, Tls(certificate="c", key="k", authority="a"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_on_this_machine_anybody_may_connect(host):
    check_access(host, None, None)


@pytest.mark.parametrize(
    "token", ["", "short", "has spaces in it, many", "ünïcödé-letters-here", "x" * 300]
)
def test_a_token_must_be_long_and_plain(token):
    with pytest.raises(ConfigError, match="token") as caught:
        check_access("127.0.0.1", token, None)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"sensor": SensorSize(40_000, 10)}, "32767"),
        ({"max_clients": 0}, "max_clients"),
        ({"max_clients": 10_000}, "max_clients"),
        ({"queue_packets": 0}, "queue_packets"),
        ({"tls": Tls(certificate="nowhere.pem", key="nowhere.key")}, r"nowhere\.pem"),
    ],
)
def test_settings_out_of_range_are_refused(options, match):
    with pytest.raises(ConfigError, match=match):
        EventServer(**{"sensor": VGA, **options})


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("tcp://127.0.0.1:0?send=sound", "some of events, frames, imu, triggers"),
        ("udp://127.0.0.1:0", "no address"),
        ("tcp://127.0.0.1:0?colour=red", "no option"),
        ("tls://127.0.0.1:0", "cert=FILE and key=FILE"),
        ("tcp://0.0.0.0:0", "could watch"),
        ("tcp://127.0.0.1:0?token=short", "16 to 256"),
    ],
)
def test_names_of_servers_that_cannot_be_used_say_what_to_write(name, match):
    with pytest.raises(ConfigError, match=match):
        EventServer.from_name(name, VGA)


def test_a_port_that_is_taken_is_told():
    with (
        EventServer(sensor=VGA) as server,
        pytest.raises(OutputError, match="cannot listen there"),
    ):
        EventServer(port=place_of(server)[1], sensor=VGA)


def test_what_cannot_be_sent_is_an_output_error():
    with EventServer(sensor=VGA) as server:
        foreign = Packet(Events.empty(SensorSize(10, 10)))
        with pytest.raises(OutputError, match="sensor of 10x10"):
            server.write(foreign)
    with pytest.raises(OutputError, match="is closed"):
        server.write(packet(made(1)))


def test_a_queue_drops_the_oldest_and_counts_packets_and_events():
    woken = []
    queue = ClientQueue(2, lambda: woken.append(1))
    for number in range(5):
        queue.put(bytes([number]), 10 + number)
    report = queue.report("somewhere")
    assert (report.packets_dropped, report.events_dropped) == (3, 10 + 11 + 12)
    assert [queue.take(), queue.take(), queue.take()] == [b"\x03", b"\x04", None]
    assert len(woken) == 5
