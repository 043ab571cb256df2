"""Makes the shared library that simulates an accelerator, once for each structure.

Weights are no part of it: memory images are read when a simulation begins. So two models of the
same layers share a library. Libraries lie in the cache folder under a digest of all that they are
made of, as does the part of Verilator that all of them need.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from eventvision.core import DeviceError, cache_folder

from ._generate import network_sources
from ._plan import Plan
from ._tools import (
    COMPILER_REMEDY,
    VERILATOR_REMEDY,
    Tool,
    find_compiler,
    find_verilator,
)

TOP = "ev_accelerator"
_HARNESS = "harness.cpp"
_FLAGS = ("-std=c++17", "-fPIC", "-pthread", "-w")
_RUNTIME = '#include "verilated.cpp"\n#include "verilated_threads.cpp"\n'
_PACKAGES = ("ev_types.sv", "ev_model.sv")


def missing_tools() -> tuple[str, str]:
    """Return what is missing for a simulation and how to get it; two empty texts if nothing is."""
    if find_verilator() is None:
        return "Verilator is not installed", VERILATOR_REMEDY
    if find_compiler() is None:
        return "there is no C++ compiler", COMPILER_REMEDY
    return "", ""


def all_sources(plan: Plan) -> dict[str, str]:
    """Return the SystemVerilog of an accelerator by file name, in an order that compiles."""
    folder = files(__package__) / "rtl"
    shared = {each.name: each.read_text() for each in folder.iterdir() if ".sv" in each.name}
    together = shared | network_sources(plan)
    return {name: together[name] for name in (*_PACKAGES, *sorted(together.keys() - {*_PACKAGES}))}


def built_library(plan: Plan) -> Path:
    """Return the shared library for a plan, made now if it was not made before.

    Raises:
        DeviceError: If a tool is missing or fails.
    """
    verilator, compiler = find_verilator(), find_compiler()
    if verilator is None or compiler is None:
        raise DeviceError("fpga", *missing_tools())
    return Builder(verilator, compiler).library(all_sources(plan))


@dataclass(frozen=True)
class Builder:
    """Verilator and a compiler that work together."""

    verilator: Tool
    compiler: Tool

    def library(self, sources: dict[str, str]) -> Path:
        """Return the library made of these sources."""
        harness = (files(__package__) / _HARNESS).read_text()
        return self._kept(
            [harness, *sources, *sources.values()],
            ".so",
            lambda folder: self._simulation(folder, sources, harness),
        )

    def _simulation(self, folder: Path, sources: dict[str, str], harness: str) -> Path:
        for name, text in sources.items():
            (folder / name).write_text(text)
        self.verilator.run(
            ["--cc", "-O3", "-Wno-fatal", "--no-assert", "--x-assign", "fast",
             "--x-initial", "fast", "--top-module", TOP, "--Mdir", ".", *sources],
            folder,
        )  # fmt: skip
        parts = sorted(path.name for path in folder.glob("*.cpp"))
        (folder / _HARNESS).write_text(harness)
        whole = folder / "whole.cc"
        whole.write_text("".join(f'#include "{part}"\n' for part in (*parts, _HARNESS)))
        self._compile("-O1", "-shared", "-I.", whole, self._runtime(), "-o", "made", folder=folder)
        return folder / "made"

    def _runtime(self) -> Path:
        def made(folder: Path) -> Path:
            (folder / "runtime.cc").write_text(_RUNTIME)
            self._compile("-O0", "-c", "runtime.cc", "-o", "made", folder=folder)
            return folder / "made"

        return self._kept([_RUNTIME], ".o", made)

    def _compile(self, *arguments: str | Path, folder: Path) -> None:
        root = self.verilator.environment.get("VERILATOR_ROOT")
        if root is None:
            root = self.verilator.run(["--getenv", "VERILATOR_ROOT"], folder).strip()
        include = Path(root) / "include"
        self.compiler.run([*_FLAGS, f"-I{include}", f"-I{include / 'vltstd'}", *arguments], folder)

    def _kept(self, made_of: list[str], suffix: str, make: Callable[[Path], Path]) -> Path:
        """Return a file from the cache, made in a folder of its own if it is not there."""
        home = cache_folder() / "fpga"
        identity = [self.verilator.version(), str(self.compiler.path), *_FLAGS, *made_of]
        target = home / (sha256("\0".join(identity).encode()).hexdigest()[:24] + suffix)
        if target.is_file():
            return target
        try:
            home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home, prefix="build-") as name:
                make(Path(name)).replace(target)  # at once: nobody ever loads half of it
        except OSError as error:
            problem = f"its simulation cannot be built in {home} ({error})"
            raise DeviceError("fpga", problem, "make room or set EVENTVISION_CACHE") from error
        return target
