"""Messages between processes arrive whole, or it is said that they did not."""

from __future__ import annotations

import socket
import struct

import numpy as np
import pytest

from eventvision.devices._process._wire import Message, Wire, WireError


@pytest.fixture
def wires():
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = Wire(socket.create_connection(server.getsockname()))
        other = Wire(server.accept()[0])
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.arange(24, dtype=np.int16).reshape(4, 6)[::2, ::3],
        np.array(3.5),
        np.zeros((0, 4), np.uint8),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_arrive_as_they_were_sent(wires, array):
    one, other = wires
    one.send(Message({"do": "step"}, {"x": array, "y": array}))
    found = other.receive(120.0)
    assert found.values == {"do": "step"}
    for name in ("x", "y"):
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)


@pytest.mark.parametrize(
    "header",
    [
        b"no json",
        b"[]",
        b"{}",
        b'{"arrays": 7}',
        b'{"arrays": [["x", "float32"]]}',
        b'{"arrays": [["x", "no type", [1]]]}',
        b'{"arrays": [["x", "float32", ["a"]]]}',
        b'{"arrays": [["x", "float32", [-1]]]}',
        b'{"arrays": [["x", "float32", [-1, -4]]]}',
        b'{"arrays": [["x", "float32", [99999999999]]]}',
        b'{"arrays": [["x", "O", [1]]]}',
    ],
)
def test_nonsense_is_refused(wires, header):
    one, other = wires
    one._socket.sendall(struct.pack("<I", len(header)) + header)
    with pytest.raises(WireError):
        other.receive(120.0)


def test_a_header_that_is_too_long_is_not_waited_for(wires):
    one, other = wires
    one._socket.sendall(struct.pack("<I", 1 << 30))
    with pytest.raises(WireError, match="header"):
        other.receive(120.0)


def test_silence_ends_the_wait(wires):
    one, other = wires
    with pytest.raises(TimeoutError):
        other.receive(0.05)
    one._socket.sendall(b"\x10")
    with pytest.raises(TimeoutError):
        other.receive(0.05)


def test_one_who_takes_nothing_in_ends_the_wait(wires):
    one, _ = wires
    with pytest.raises(TimeoutError):
        one.send(Message({}, {"x": np.zeros(1 << 25, np.uint8)}), 0.2)


def test_hanging_up_is_noticed(wires):
    one, other = wires
    one.close()
    with pytest.raises(WireError, match="closed"):
        other.receive(120.0)
