"""An event-driven accelerator for integer networks: SystemVerilog, simulated or on a board."""

from ._accelerator import Accelerator, Counters, Link
from ._apart import ApartCheck, ApartLayer, check_apart, layers_apart
from ._build import built_library, missing_tools
from ._device import CLOCK_MHZ, FpgaDevice, FpgaSession, simulated, simulated_link
from ._export import export_card, export_fpga
from ._lower import plan_for
from ._parts import DEFAULT_PART, PARTS, Part, block_rams_of, dsps_of, find_part
from ._plan import Layer, MisfitError, Plan
from ._report import CycleReport, measure
from ._simulation import SimulatedLink
from ._synthesis import Resources, synthesise
from ._tools import find_compiler, find_verilator, find_yosys

__all__ = [
    "CLOCK_MHZ",
    "DEFAULT_PART",
    "PARTS",
    "Accelerator",
    "ApartCheck",
    "ApartLayer",
    "Counters",
    "CycleReport",
    "FpgaDevice",
    "FpgaSession",
    "Layer",
    "Link",
    "MisfitError",
    "Part",
    "Plan",
    "Resources",
    "SimulatedLink",
    "block_rams_of",
    "built_library",
    "check_apart",
    "dsps_of",
    "export_card",
    "export_fpga",
    "find_compiler",
    "find_part",
    "find_verilator",
    "find_yosys",
    "layers_apart",
    "measure",
    "missing_tools",
    "plan_for",
    "simulated",
    "simulated_link",
    "synthesise",
]
