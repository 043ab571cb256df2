"""What `eventvision doctor` looks at: packages, cameras, devices, models, folders."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eventvision.core import CACHE_VARIABLE, cache_folder, shipped_models
from eventvision.devices import probe_devices
from eventvision.io import camera_drivers, list_cameras

from .cameras import print_cameras
from .installed import PROJECT, Part, installed_parts
from .output import print_table

_PROGRAMS = {
    "g++": "the simulated FPGA accelerator",
    "yosys": "eventvision export --synthesis",
    "systemctl": "eventvision daemon --install",
}
"""Programs that are not Python's, and what needs them."""


def run(*, as_json: bool) -> int:
    """Print what was found; 1 if the base install is not whole, else 0."""
    parts = installed_parts()
    if as_json:
        json.dump(_as_dict(parts), sys.stdout, indent=2)
        print()  # noqa: T201
    else:
        _print(parts)
    return 1 if any(part.missing for part in parts if not part.extra) else 0


def _print(parts: list[Part]) -> None:
    machine = [*_machine().items(), ("models", ", ".join(shipped_models()))]
    print_table(f"{PROJECT} {version(PROJECT)}", machine)
    rows = [(part.extra or "base", _state(part), part.gives, part.remedy) for part in parts]
    print_table("parts", rows, header=("part", "state", "gives", "how to get it"), words=True)
    print_cameras(list_cameras())
    devices = [
        (info.name, "ready" if info.is_present else info.missing, info.remedy)
        for info in probe_devices()
    ]
    print_table("devices", devices, header=("name", "state", "how to get it"), words=True)
    programs = [
        (name, "found" if shutil.which(name) else "missing", use) for name, use in _PROGRAMS.items()
    ]
    print_table("programs", programs, header=("program", "state", "for"), words=True)


def _state(part: Part) -> str:
    if not part.missing:
        return "complete"
    if len(part.missing) == len(part.packages):
        return "not installed"
    return f"without {', '.join(part.missing)}"


def _machine() -> dict[str, str]:
    cache = cache_folder()
    hint = (
        ""
        if _can_be_written(cache)
        else f" cannot be written; set {CACHE_VARIABLE} to one that can"
    )
    return {
        "python": f"{platform.python_version()}, {sys.executable}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "cache": f"{cache}{hint}",
    }


def _can_be_written(folder: Path) -> bool:
    """Tell whether a folder, which need not exist yet, can be made and written."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def _as_dict(parts: list[Part]) -> dict[str, Any]:
    return {
        "version": version(PROJECT),
        **_machine(),
        "models": shipped_models(),
        "parts": [
            {**asdict(part), "missing": part.missing, "remedy": part.remedy} for part in parts
        ],
        "cameras": [{"open_as": camera.name, **asdict(camera)} for camera in list_cameras()],
        "drivers": {driver.name: driver.missing for driver in camera_drivers()},
        "devices": [
            {"name": info.name, "missing": info.missing, "remedy": info.remedy}
            for info in probe_devices()
        ],
        "programs": {name: shutil.which(name) for name in _PROGRAMS},
    }
