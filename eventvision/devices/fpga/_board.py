"""The way to an accelerator on a board, through PYNQ.

The block design has the accelerator as `ev_accelerator_0`, its registers on the processor's bus,
and an AXI DMA `axi_dma_0` with both streams, 64 bits wide; docs/devices/fpga.md has the details.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from eventvision.core import DeviceError

from ._words import TICK, Words

ACCELERATOR, DMA = "ev_accelerator_0", "axi_dma_0"
REMEDY = "run it on a board with PYNQ 3 or newer, see pynq.io"
_BUFFER_WORDS = 2**18


def board_missing() -> str:
    """Return why no board can be driven from here; empty if one can."""
    return "" if find_spec("pynq") else "the Python package pynq is not installed"


class BoardLink:
    """An accelerator on the board that this program runs on.

    Args:
        bitstream: A .bit file with its .hwh beside it.

    Raises:
        DeviceError: If it cannot be loaded, or lacks one of the two parts.
    """

    def __init__(self, bitstream: Path) -> None:
        if missing := board_missing():
            raise DeviceError("fpga", missing, REMEDY)
        import pynq  # type: ignore[import-not-found, unused-ignore]

        self._pynq: Any = pynq
        try:
            overlay = pynq.Overlay(str(bitstream))
            self._registers = getattr(overlay, ACCELERATOR).mmio
            self._dma = getattr(overlay, DMA)
        except (OSError, RuntimeError, AttributeError) as error:
            problem = f"{bitstream} cannot be used ({error})"
            raise DeviceError("fpga", problem, "see docs/devices/fpga.md") from error
        self._received = pynq.allocate(_BUFFER_WORDS, np.uint64)

    def read(self, address: int) -> int:
        """Read a register."""
        return int(self._registers.read(address))

    def write(self, address: int, value: int) -> None:
        """Write a register."""
        self._registers.write(address, value)

    def exchange(self, words: Words, steps: int) -> Words:
        """Send words by DMA; every step comes back as a packet of its own."""
        sent = self._pynq.allocate(len(words), np.uint64)
        try:
            sent[:] = words
            self._dma.sendchannel.transfer(sent)
            packets = [self._packet() for _ in range(steps)]
            self._dma.sendchannel.wait()
        finally:
            sent.freebuffer()
        return np.concatenate(packets)

    def close(self) -> None:
        """Give the buffer back; may be called twice."""
        received, self._received = self._received, None
        if received is not None:
            received.freebuffer()

    def _packet(self) -> Words:
        channel = self._dma.recvchannel
        channel.transfer(self._received)
        channel.wait()
        packet = np.array(self._received[: channel.transferred // 8], np.uint64)
        if not len(packet) or packet[-1] != TICK:
            problem = f"a step gave more than {_BUFFER_WORDS} events"
            raise DeviceError("fpga", problem, "load the bitstream again")
        return packet
