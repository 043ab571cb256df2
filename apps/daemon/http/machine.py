"""How the machine is: memory of this process, temperatures; None where the system does not say."""

from __future__ import annotations

import os
from pathlib import Path

_THERMAL = Path("/sys/class/thermal")
_STATM = Path("/proc/self/statm")


def memory_bytes() -> int | None:
    """Return how much memory this process holds."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def temperatures_c(folder: Path = _THERMAL) -> dict[str, float]:
    """Return the temperature of each zone that the system measures, in °C, by its name."""
    found: dict[str, float] = {}
    for zone in sorted(folder.glob("thermal_zone*")):
        try:
            name = (zone / "type").read_text(encoding="utf-8", errors="replace").strip()
            found[name or zone.name] = int((zone / "temp").read_text(encoding="ascii")) / 1000
        except (OSError, ValueError):
            continue
    return found
