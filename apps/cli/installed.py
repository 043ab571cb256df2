"""What of the project is installed: packages by extra, as its own metadata tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

PROJECT = "eventvision"

GIVES = {
    "": "the library, the command line, the simulator, the shipped models",
    "camera": "live cameras: iniVation, Prophesee, Lucid, CenturyArks",
    "video": "MP4 out, videos in",
    "gui": "the window",
    "hdf5": "HDF5 recordings",
    "rosbag": "images in ROS bags",
    "train": "training, conversion and export of networks",
    "gpu": "the device cuda; training on a GPU",
    "speck": "tools for a Speck board (the simulated chip needs none)",
    "fpga": "the simulated FPGA accelerator; a C++ compiler besides",
    "cluster": "eventvision batch --ray",
    "parquet": "results as Parquet",
    "rerun": "a stream to the Rerun viewer",
    "daemon": "HTTP and MQTT of the daemon",
}
"""What each extra is good for, in the order in which users are told; "" is the base install."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_SYSTEM = re.compile(r"""(?:platform_system|sys_platform)\s*==\s*["']([^"']+)["']""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The base install, or an extra.

    Attributes:
        extra: Its name; empty for the base install.
        gives: What it is good for.
        packages: Version by name of the package; None for one that is missing.
    """

    extra: str
    gives: str
    packages: dict[str, str | None]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the packages that are not there."""
        return tuple(name for name, found in self.packages.items() if found is None)

    @property
    def remedy(self) -> str:
        """The command that installs what is missing; empty if nothing is."""
        if not self.missing:
            return ""
        if not self.extra:
            return f"pip install --force-reinstall {PROJECT}"
        return f"pip install '{PROJECT}[{self.extra}]'"


def installed_parts(requirements: Iterable[str] | None = None) -> list[Part]:
    """Return the base install and all extras.

    Args:
        requirements: Lines as `Requires-Dist` has them; those of the installed project if None.
    """
    lines = list(requires(PROJECT) or () if requirements is None else requirements)
    return [
        Part(
            extra=extra, gives=gives, packages={name: _version(name) for name in _of(lines, extra)}
        )
        for extra, gives in GIVES.items()
    ]


def remedy_for(module: str) -> str | None:
    """Return the command that installs a package that is missing; None if we do not need it."""
    name = module.partition(".")[0].lower()
    remedies = (part.remedy for part in installed_parts() if name in part.missing)
    return next(remedies, None)


def _of(lines: Iterable[str], extra: str) -> Iterator[str]:
    """Yield the packages that an extra needs here."""
    for line in lines:
        named = _EXTRA.search(line)
        name = _NAME.match(line)
        if name is None or name[0] == PROJECT or not _is_for_this_system(line):
            continue
        if (named[1] if named else "") == extra:
            yield name[0]


def _is_for_this_system(line: str) -> bool:
    import platform
    import sys

    wanted = _SYSTEM.search(line)
    return wanted is None or wanted[1] in (platform.system(), sys.platform)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
