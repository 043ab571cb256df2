"""Runs inside the simulator, by cocotb: streams that hesitate at random, and the registers."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

TICK = 1 << 63


def hesitation(share: float, seed: int) -> Iterator[bool]:
    """Yield whether to hold back in a cycle."""
    drawn = random.Random(seed)
    while True:
        yield drawn.random() < share


async def start(dut) -> None:
    cocotb.start_soon(Clock(dut.clk, 5, unit="ns").start())
    for name in ("s_axis_tvalid", "s_axis_tlast", "m_axis_tready", "s_axi_awvalid",
                 "s_axi_wvalid", "s_axi_bready", "s_axi_arvalid", "s_axi_rready"):  # fmt: skip
        getattr(dut, name).value = 0
    dut.resetn.value = 0
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.resetn.value = 1


async def send(dut, words, pauses: Iterator[bool]) -> None:
    for word in words:
        while next(pauses):
            await RisingEdge(dut.clk)
        dut.s_axis_tdata.value = int(word)
        dut.s_axis_tlast.value = int(word) >> 63
        dut.s_axis_tvalid.value = 1
        while True:
            await ReadOnly()
            taken = dut.s_axis_tready.value == 1
            await RisingEdge(dut.clk)
            if taken:
                break
        dut.s_axis_tvalid.value = 0


async def receive(dut, ticks: int, pauses: Iterator[bool]) -> list[int]:
    """Take words; what was offered must be offered again, unchanged, until it is taken."""
    words, offered = [], None
    while ticks:
        dut.m_axis_tready.value = not next(pauses)
        await ReadOnly()
        valid, ready = dut.m_axis_tvalid.value == 1, dut.m_axis_tready.value == 1
        word = int(dut.m_axis_tdata.value) if valid else None
        assert offered in {None, word}, "an offer was withdrawn or changed"
        if valid:
            assert int(dut.m_axis_tlast.value) == word >> 63
        if valid and ready:
            words.append(word)
            ticks -= word >> 63
        offered = word if valid and not ready else None
        await RisingEdge(dut.clk)
    dut.m_axis_tready.value = 0
    return words


async def read(dut, address: int) -> int:
    dut.s_axi_araddr.value = address
    dut.s_axi_arvalid.value = 1
    dut.s_axi_rready.value = 1
    while True:
        await ReadOnly()
        taken, valid = dut.s_axi_arready.value == 1, dut.s_axi_rvalid.value == 1
        value = int(dut.s_axi_rdata.value) if valid else 0
        await RisingEdge(dut.clk)
        if taken:
            dut.s_axi_arvalid.value = 0
        if valid:
            dut.s_axi_rready.value = 0
            return value


async def write(dut, address: int, value: int, *, data_first: bool) -> None:
    """Write a register; address and data come one after the other."""
    dut.s_axi_awaddr.value = address
    dut.s_axi_wdata.value = value
    late = dut.s_axi_awvalid if data_first else dut.s_axi_wvalid
    early = dut.s_axi_wvalid if data_first else dut.s_axi_awvalid
    early.value = 1
    for _ in range(3):
        await RisingEdge(dut.clk)
    late.value = 1
    while True:
        await ReadOnly()
        taken = dut.s_axi_awready.value == 1 and dut.s_axi_wready.value == 1
        await RisingEdge(dut.clk)
        if taken:
            break
    dut.s_axi_awvalid.value = 0
    dut.s_axi_wvalid.value = 0
    dut.s_axi_bready.value = 1
    while dut.s_axi_bvalid.value != 1:
        await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    dut.s_axi_bready.value = 0


@cocotb.test()
@cocotb.parametrize(share_in=[0.0, 0.7], share_out=[0.0, 0.8])
async def streams_may_hesitate(dut, share_in: float, share_out: float) -> None:
    with np.load(os.environ["BENCH"]) as file:
        words, expected = file["words"].tolist(), file["expected"].tolist()
    await start(dut)
    ticks = sum(word >> 63 for word in words)
    cocotb.start_soon(send(dut, words, hesitation(share_in, 1)))
    found = await receive(dut, ticks, hesitation(share_out, 2))
    assert found == expected


@cocotb.test()
async def registers_answer(dut) -> None:
    with np.load(os.environ["BENCH"]) as file:
        words, expected = file["words"].tolist(), file["expected"].tolist()
    await start(dut)
    assert await read(dut, 0x00) == 0x45565631
    for address, data_first in ((0x0C, False), (0x10, True)):
        await write(dut, address, 3, data_first=data_first)
        assert await read(dut, address) == 3
    ticks = sum(word >> 63 for word in words)
    for _ in range(2):  # after a restart the same comes again
        while not await read(dut, 0x08) & 1:
            pass
        cocotb.start_soon(send(dut, words, hesitation(0.0, 1)))
        assert await receive(dut, ticks, hesitation(0.3, 2)) == expected
        assert await read(dut, 0x1C) == len(words) - ticks
        assert await read(dut, 0x20) == len(expected) - ticks
        assert await read(dut, 0x24) == ticks
        await write(dut, 0x08, 1, data_first=False)
        assert await read(dut, 0x1C) == 0
