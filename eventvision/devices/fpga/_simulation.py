"""The way to an accelerator that Verilator simulates, in a shared library."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from eventvision.core import DeviceError

from ._words import Words

_PATIENCE_CYCLES = 1_000_000
"""As long as this nothing may come or go; a layer walks over at most 2**20 words, a reset too."""

_SIGNATURES = {
    "ev_open": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]),
    "ev_close": (None, [ctypes.c_void_p]),
    "ev_cycles": (ctypes.c_uint64, [ctypes.c_void_p]),
    "ev_stall": (None, [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]),
    "ev_write": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]),
    "ev_read": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]),
    "ev_watch": (None, [ctypes.c_void_p, ctypes.c_int]),
    "ev_seen": (ctypes.c_uint64, [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]),
    "ev_exchange": (
        ctypes.c_int64,
        [ctypes.c_void_p, ctypes.c_void_p, *(ctypes.c_uint64,) * 3, ctypes.c_void_p],
    ),
}


class SimulatedLink:
    """An accelerator in simulation, cycle by cycle.

    Args:
        library: What `build` made.
        memories: Folder of the memory images.
        layers: How many layers it has.
    """

    def __init__(self, library: Path, memories: Path, layers: int) -> None:
        self._functions = _loaded(library)
        self._layers = layers
        self._handle: int | None = self._functions.ev_open(str(memories).encode(), layers)

    @property
    def cycles(self) -> int:
        """Clock cycles so far."""
        return int(self._functions.ev_cycles(self._open()))

    def read(self, address: int) -> int:
        """Read a register over the bus."""
        value = ctypes.c_uint32()
        if not self._functions.ev_read(self._open(), address, ctypes.byref(value)):
            raise _stuck(f"register {address:#x} cannot be read")
        return value.value

    def write(self, address: int, value: int) -> None:
        """Write a register over the bus."""
        if not self._functions.ev_write(self._open(), address, value):
            raise _stuck(f"register {address:#x} cannot be written")

    def exchange(self, words: Words, steps: int) -> Words:
        """Send words, one per cycle if they are taken; receive likewise."""
        words = np.ascontiguousarray(words)
        found = ctypes.c_void_p()
        number = self._functions.ev_exchange(
            self._open(), words.ctypes.data, len(words), steps, _PATIENCE_CYCLES,
            ctypes.byref(found),
        )  # fmt: skip
        if number < 0:
            raise _stuck(f"nothing came or went for {_PATIENCE_CYCLES} cycles")
        return _copied(found, number)

    def stall(self, share: float, seed: int = 0) -> None:
        """From now on, hold back both streams at random in such a share of all cycles."""
        self._functions.ev_stall(self._open(), round(share * 256), seed)

    def watch(self) -> None:
        """Note from now on what every layer sends."""
        self._functions.ev_watch(self._open(), 1)

    def seen(self, layer: int) -> Words:
        """Return what a layer sent since it is watched."""
        found = ctypes.c_void_p()
        number = self._functions.ev_seen(self._open(), layer, ctypes.byref(found))
        return _copied(found, number)

    def close(self) -> None:
        """End the simulation; may be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._functions.ev_close(handle)

    def __del__(self) -> None:
        self.close()

    def _open(self) -> int:
        if self._handle is None:
            raise DeviceError("fpga", "the session is closed", "open another")
        return self._handle


def _copied(found: ctypes.c_void_p, number: int) -> Words:
    if not number:
        return np.zeros(0, np.uint64)
    return np.ctypeslib.as_array((ctypes.c_uint64 * number).from_address(found.value or 0)).copy()


def _loaded(library: Path) -> ctypes.CDLL:
    try:
        functions = ctypes.CDLL(str(library))
    except OSError as error:
        raise DeviceError(
            "fpga", f"its simulation cannot be loaded ({error})", f"remove {library.parent}"
        ) from error
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(functions, name)
        function.restype, function.argtypes = result, arguments
    return functions


def _stuck(problem: str) -> DeviceError:
    return DeviceError("fpga", f"its simulation is stuck: {problem}", "report it with the model")
