"""Clients that are too many, too large, too slow, or wrong: nothing breaks, nothing leaks."""

from __future__ import annotations

import gc
import socket
import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")

PATIENCE_S = 120.0


def until(condition) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "did not happen"
        time.sleep(0.02)


def connected(site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE_S)


def answered(client: socket.socket) -> bytes:
    """Read until the server closes."""
    told = b""
    try:
        while part := client.recv(65536):
            told += part
    except ConnectionResetError:
        pass
    return told


def metric(site, name: str) -> float:
    text = site.get("/metrics").body.decode()
    (line,) = [line for line in text.splitlines() if line.startswith(f"eventvision_{name} ")]
    return float(line.rpartition(" ")[2])


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("size", [70_000, 10**9, 10**30])
def test_a_body_that_is_too_large_is_refused_before_it_comes(site, size):
    with connected(site) as client:
        client.sendall(
            b"PUT /api/recording HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
        )
        assert answered(client).split(b"\r\n")[0].split()[1] in {b"413", b"400"}
    assert site.get("/healthz").status == 200


def test_a_body_in_chunks_is_cut_off_when_it_gets_too_large(site):
    with connected(site) as client:
        client.sendall(
            b"PUT /api/recording HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        try:
            for _ in range(20):
                client.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
        except (ConnectionResetError, BrokenPipeError):
            return
        assert b" 413 " in answered(client)


def test_a_header_that_is_too_large_is_refused(site):
    with connected(site) as client:
        try:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
        except (ConnectionResetError, BrokenPipeError):
            return
        assert b" 400 " in answered(client) or not answered(client)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: local",
        b"PUT /api/recording HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    ],
)
def test_a_client_that_does_not_go_on_is_cut(open_site, start):
    site = open_site(request_timeout_s=0.5)
    with connected(site) as client:
        client.sendall(start)
        assert answered(client).split(b"\r\n")[0] in {b"", b"HTTP/1.1 408 Request Timeout"}


def test_a_header_that_comes_byte_by_byte_is_cut(open_site):
    site = open_site(request_timeout_s=0.5)
    with connected(site) as client:
        header = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 10_000
        sent = 0
        try:
            for byte in header:
                client.sendall(bytes([byte]))
                sent += 1
                time.sleep(0.005)
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert sent < len(header)
    site.server.limits.header_s = PATIENCE_S
    assert metric(site, 'http_cut_total{cause="too slow"}') >= 1


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 1000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_harms_nobody(open_site, request_):
    site = open_site(request_timeout_s=1)
    with connected(site) as client:
        client.sendall(request_)
        client.shutdown(socket.SHUT_WR)
        answered(client)
    site.server.limits.header_s = PATIENCE_S
    assert site.get("/healthz").status == 200


@pytest.fixture
def many_files():
    """Let this process open some thousand files, if it may."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 4096 or not Path("/proc/self/fd").exists():
        pytest.skip("this process may not open thousands of files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
def test_a_thousand_connections_are_outlived(open_site):
    site = open_site(most_connections=50)
    site.server.limits.header_s = 3600.0
    before = open_files()
    clients = []
    try:
        for _ in range(40):
            clients += [connected(site) for _ in range(25)]
        until(lambda: site.server.limits.refused >= 950)
        assert site.server.limits.open <= 50
    finally:
        for client in clients:
            client.close()
    until(lambda: site.server.limits.open == 0)
    assert site.get("/healthz").status == 200
    gc.collect()
    assert open_files() < before + 20


def test_live_pictures_come_one_after_the_other_and_end_with_the_viewer(open_site):
    site = open_site(live_fps=30)
    with connected(site) as client:
        client.sendall(b"GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told = b""
        while told.count(b"Content-Type: image/jpeg") < 3:
            told += client.recv(65536)
        assert b"multipart/x-mixed-replace; boundary=picture" in told
        assert metric(site, "http_viewers") == 1
    until(lambda: metric(site, "http_viewers") == 0)


def test_viewers_are_bounded_and_a_server_with_viewers_can_be_closed(open_site):
    site = open_site(live_fps=5, most_viewers=2)
    viewers = [connected(site) for _ in range(2)]
    for viewer in viewers:
        viewer.sendall(b"GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    until(lambda: metric(site, "http_viewers") == 2)
    assert site.get("/live.mjpg").status == 409
    site.server.close()
    assert not site.server.is_running
    for viewer in viewers:
        viewer.close()


def test_pictures_can_be_switched_off(open_site):
    site = open_site(live=False)
    assert site.get("/live.mjpg").status == 404
    assert site.get("/api/picture.jpg").status == 404
