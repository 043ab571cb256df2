"""What an accelerator takes of an FPGA, as Yosys counts it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from eventvision.core import DeviceError

from ._build import TOP, all_sources
from ._generate import memory_images
from ._parts import Part
from ._plan import Plan
from ._tools import YOSYS_REMEDY, find_yosys

_RAM36, _RAM18 = "RAMB36E", "RAMB18E"
_DSP = "DSP48E"
_FLIP_FLOPS = ("FDRE", "FDSE", "FDCE", "FDPE")
_LUT_RAM = {"RAM32M": 4, "RAM64M": 4, "RAM64X1D": 2, "RAM32X1D": 2, "RAM128X1D": 4}
"""Look-up tables in a distributed memory."""


class Resources(NamedTuple):
    """Cells of an FPGA.

    Attributes:
        luts: Look-up tables, those for memories and shift registers included.
        flip_flops: Flip-flops.
        block_rams: Block RAMs of 36 Kib; halves count half.
        dsps: Multipliers.
    """

    luts: int
    flip_flops: int
    block_rams: float
    dsps: int


def synthesis_script(sources: Iterable[str], part: Part) -> str:
    """Return the commands that make Yosys synthesise an accelerator for a part."""
    return (
        f"# yosys synthesise.ys: what {TOP} takes of {part.name}\n"
        f"read_verilog -sv -defer {' '.join(sources)}\n"
        f"synth_xilinx -family {part.family} -flatten -top {TOP}\n"
        "tee -q -o resources.json stat -json\n"
        "stat\n"
    )


def synthesise(plan: Plan, part: Part) -> Resources:
    """Synthesise a plan; takes about a minute.

    Raises:
        DeviceError: If Yosys is missing or fails.
    """
    yosys = find_yosys()
    if yosys is None:
        raise DeviceError("fpga", "Yosys is not installed", YOSYS_REMEDY)
    sources = all_sources(plan)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in (sources | memory_images(plan)).items():
            (folder / file).write_text(text)
        (folder / "synthesise.ys").write_text(synthesis_script(sources, part))
        yosys.run(["-q", "synthesise.ys"], folder)
        return resources_in((folder / "resources.json").read_text())


def resources_in(report: str) -> Resources:
    """Return the cells in what `stat -json` of Yosys says."""
    cells: dict[str, int] = json.loads(report)["design"]["num_cells_by_type"]

    def count(*beginnings: str) -> int:
        return sum(number for name, number in cells.items() if name.startswith(beginnings))

    tables = sum(number for name, number in cells.items() if name in {f"LUT{n}" for n in range(7)})
    memories = sum(number * cells.get(name, 0) for name, number in _LUT_RAM.items())
    return Resources(
        luts=tables + memories + count("SRL"),
        flip_flops=count(*_FLIP_FLOPS),
        block_rams=count(_RAM36) + count(_RAM18) / 2,
        dsps=count(_DSP),
    )
