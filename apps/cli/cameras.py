"""`eventvision cameras`: what is attached, what is supported, and who may use it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from eventvision.io import (
    CAMERA_MODELS,
    UDEV_RULES,
    CameraDescription,
    camera_drivers,
    default_settings,
    install_udev_rules,
    list_cameras,
    setting_ranges,
)

from .output import print_table

RULES = Path("/etc/udev/rules.d")
_COLUMNS = ("open as", "camera", "connection", "driver", "state")
_WITHOUT_A_CAMERA = (
    "to try without a camera: eventvision replay --sim",
    "settings of a model:     eventvision cameras --settings-of evk4",
)


def run(*, as_json: bool) -> int:
    """Print the attached cameras, or what was looked for."""
    cameras = list_cameras()
    if as_json:
        json.dump(_as_dict(cameras), sys.stdout, indent=2)
        print()  # noqa: T201
        return 0
    print_cameras(cameras)
    supported = [
        (model, title, ", ".join(_drivers_of(model))) for model, title in CAMERA_MODELS.items()
    ]
    print_table("supported", supported, header=("model", "camera", "driver"), words=True)
    for line in _WITHOUT_A_CAMERA:
        print(line)  # noqa: T201
    return 0


def print_cameras(cameras: list[CameraDescription]) -> None:
    """Print what is attached, or what was looked for, and why one may not be seen."""
    if cameras:
        rows = [
            (camera.name, camera.title, camera.connection, camera.driver, camera.problem or "ready")
            for camera in cameras
        ]
        print_table("cameras", rows, header=_COLUMNS, words=True)
    else:
        print_table("no camera was found", _looked_for())
    if not cameras or any(camera.problem for camera in cameras):
        print_table("why a camera may not be seen", [("", line) for line in _permissions()])


def show_settings(model: str, *, as_json: bool) -> int:
    """Print the settings of a model: their ranges, or as JSON a file to begin with."""
    settings = default_settings(model)
    if as_json:
        json.dump({"model": settings.model, **settings.model_dump()}, sys.stdout, indent=2)
        print()  # noqa: T201
    else:
        header = ("setting", "values", "default", "meaning")
        print_table(
            f"settings of {settings.model}", list(setting_ranges(model)), header=header, words=True
        )
    return 0


def install_rules(*, dry_run: bool) -> int:
    """Print the udev rules and install them."""
    print(UDEV_RULES, end="")  # noqa: T201
    if not dry_run:
        install_udev_rules()
        print("\ninstalled; plug the camera in again. Over ssh: sudo usermod -aG plugdev $USER")  # noqa: T201
    return 0


def _drivers_of(model: str) -> list[str]:
    return [driver.name for driver in camera_drivers() if model in driver.models]


def _looked_for() -> list[tuple[str, str]]:
    """Say for each driver whether it could look."""
    usb = "" if Path("/sys/bus/usb").exists() or not sys.platform.startswith("linux") else _NO_USB
    return [
        (driver.name, driver.missing or usb or "looked, found none") for driver in camera_drivers()
    ]


_NO_USB = "could not look: this machine has no USB (in a container or VM, pass the device on)"


def _permissions() -> list[str]:
    lines = ["it is unplugged, or on a cable or hub without USB 3", "another program holds it"]
    if sys.platform.startswith("linux"):
        installed = any(RULES.glob("*eventvision*.rules")) if RULES.is_dir() else False
        may = "you are root" if os.geteuid() == 0 else "you are not root"
        rules = "are installed" if installed else "are missing: eventvision cameras --install-udev"
        lines.append(f"permissions: {may}; the udev rules {rules}")
    return lines


def _as_dict(cameras: list[CameraDescription]) -> dict[str, object]:
    return {
        "cameras": [{"open_as": camera.name, **asdict(camera)} for camera in cameras],
        "drivers": [
            {"name": driver.name, "missing": driver.missing, "models": list(driver.models)}
            for driver in camera_drivers()
        ],
        "supported": dict(CAMERA_MODELS),
    }
