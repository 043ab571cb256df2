"""One line about the machine, without which no number means anything."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where and when something was measured.

    Attributes:
        date: Day of the measurement, ISO 8601, UTC.
        cpu: Model of the processor.
        cores: How many cores this process may use.
        load: Processes that wanted a core in the minute before; much above 0 is a busy machine.
        system: Operating system and architecture.
        versions: Versions of Python and of what the hot paths stand on.
    """

    date: str
    cpu: str
    cores: int
    load: float
    system: str
    versions: dict[str, str]

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.date}, {self.cpu}, {self.cores} cores (load {self.load:.1f} before), "
            f"{self.system}; {versions}"
        )


def this_machine() -> Machine:
    """Describe the machine that runs this."""
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _all_cores(),
        load=os.getloadavg()[0],
        system=f"{platform.system()} {platform.machine()}",
        versions={"Python": platform.python_version()}
        | {name: version(name) for name in ("eventvision", "numpy", "numba")},
    )


def _all_cores() -> int:
    return os.cpu_count() or 1


def _cpu() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
