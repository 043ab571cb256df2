"""Which cameras are attached, and the permission to use them on Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from eventvision.core import OutputError

from .driver import CameraDescription, CameraDriver
from .drivers import DRIVERS
from .models import discover

RULES_PATH = Path("/etc/udev/rules.d/65-eventvision.rules")
"""Where rules go; the number puts them before those that give `uaccess` its meaning."""

_DEVICES = (
    ("iniVation", "152a", "84*"),
    ("Prophesee EVK3, EVK4", "04b4", "00f[45]"),
    ("CenturyArks SilkyEvCam", "31f7", "000[34]"),
    ("IDS uEye XCP-E, XLS-E", "1409", "8e00"),
)

UDEV_RULES = "".join(
    f'# {maker}\nSUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}", '
    'MODE="0660", GROUP="plugdev", TAG+="uaccess"\n'
    for maker, vendor, product in _DEVICES
)
"""Rules that let whoever sits at the machine, and members of the group plugdev, use a camera."""


def camera_drivers() -> tuple[CameraDriver, ...]:
    """Return the built-in drivers, in the order in which they are asked."""
    return DRIVERS


def list_cameras() -> list[CameraDescription]:
    """Return the attached cameras, as far as the installed drivers see them."""
    return discover(camera_drivers())


def install_udev_rules(path: Path = RULES_PATH) -> None:
    """Write the rules and let udev read them; cameras need to be plugged in again afterwards.

    Raises:
        OutputError: If this is no Linux, or not root, or udev refuses.
    """
    if not sys.platform.startswith("linux"):
        raise OutputError(path, f"there is no udev on {sys.platform}", "no rules are needed here")
    try:
        path.write_text(UDEV_RULES)
    except OSError as error:
        again = f"sudo {Path(sys.executable).parent / 'eventvision'} cameras --install-udev"
        remedy = again if os.geteuid() else "check that udev is installed"
        raise OutputError(path, f"cannot be written ({error.strerror})", remedy) from error
    for command in (("control", "--reload-rules"), ("trigger", "--subsystem-match=usb")):
        try:
            subprocess.run(["udevadm", *command], check=True, capture_output=True)  # noqa: S603, S607
        except (OSError, subprocess.CalledProcessError) as error:
            remedy = "restart the machine so that they are read"
            raise OutputError(path, f"the rules are there, but {error}", remedy) from error
