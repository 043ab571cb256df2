"""Which cameras are supported, what they are called, and which one a name means.

camera:                    the first one attached
camera:evk4                the first of this model
camera:evk4/00050423       a certain one
camera:evk4?settings=F     opened with the settings in file F
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eventvision.core import SourceError, SourceNotFoundError

from .driver import CameraDescription, CameraDriver

SCHEME = "camera:"
_SETTINGS = "?settings="

CAMERA_MODELS = {
    "evk4": "Prophesee EVK4 (also SilkyEvCam HD, IDS uEye XCP-E and XLS-E)",
    "evk3-hd": "Prophesee EVK3 HD",
    "centuryarks-vga": "CenturyArks SilkyEvCam VGA",
    "triton": "Lucid Triton EVS",
    "davis": "iniVation DAVIS 346, DAVIS 240",
    "dvxplorer": "iniVation DVXplorer, DVXplorer Lite",
    "dvxplorer-mini": "iniVation DVXplorer Mini, DVXplorer Micro",
    "dvs128": "iniVation DVS128",
}
"""Supported models: name in `camera:MODEL`, and what it stands for."""

_ALIASES = {
    "evk3": "evk3-hd",
    "silkyevcam-hd": "evk4",
    "silkyevcam-vga": "centuryarks-vga",
    "davis346": "davis",
    "davis240": "davis",
    "dvxplorer-lite": "dvxplorer",
    "dvxplorer-micro": "dvxplorer-mini",
}


def model_of(name: str) -> str:
    """Return the model that a name stands for; the name itself where it is no alias.

    >>> model_of("EVK3")
    'evk3-hd'
    """
    return _ALIASES.get(name.lower(), name.lower())


@dataclass(frozen=True, slots=True)
class CameraName:
    """A parsed name.

    Attributes:
        text: As the user wrote it, without the settings.
        model: Wanted model; empty for any.
        serial: Wanted serial number; empty for any.
        settings: File with settings; empty for the defaults.
    """

    text: str
    model: str = ""
    serial: str = ""
    settings: str = ""

    @classmethod
    def parse(cls, name: str) -> CameraName:
        """Read `camera:[MODEL[/SERIAL]][?settings=FILE]`.

        Raises:
            SourceError: If it is anything else or the model is unknown.
        """
        text, mark, settings = name.partition(_SETTINGS)
        if not text.startswith(SCHEME) or bool(mark) != bool(settings) or "?" in text:
            raise SourceError(name, "is not the name of a camera", _HOW_TO_NAME)
        written, _, serial = text.removeprefix(SCHEME).partition("/")
        model = model_of(written)
        if model and model not in CAMERA_MODELS:
            remedy = f"known models: {', '.join(CAMERA_MODELS)}"
            raise SourceError(name, f"names an unknown model {written!r}", remedy)
        return cls(text, model, serial, settings)

    def fits(self, camera: CameraDescription) -> bool:
        """Return whether a camera is one that this name means."""
        return self.model in {"", camera.model} and self.serial in {"", camera.serial}


_HOW_TO_NAME = "write camera:, camera:MODEL or camera:MODEL/SERIAL, then ?settings=FILE if wanted"


def discover(drivers: Iterable[CameraDriver]) -> list[CameraDescription]:
    """Return all attached cameras; one that two drivers know is left to the first of them."""
    found: dict[tuple[str, str], CameraDescription] = {}
    for driver in drivers:
        known = set(found)
        for camera in driver.discover():
            if (camera.model, camera.serial) not in known:
                found[camera.model, camera.serial] = camera
    return list(found.values())


def choose(name: CameraName, cameras: Sequence[CameraDescription]) -> CameraDescription:
    """Return the first camera that a name means, one that can be opened if there is any.

    Raises:
        SourceNotFoundError: If no such camera is attached.
        SourceError: If there is, but it cannot be opened.
    """
    fitting = sorted((c for c in cameras if name.fits(c)), key=lambda camera: bool(camera.problem))
    if not fitting:
        attached = ", ".join(camera.name for camera in cameras) or "none"
        problem = f"no such camera is attached (attached: {attached})"
        remedy = "`eventvision cameras` says what was looked for and how to try without a camera"
        raise SourceNotFoundError(name.text, problem, remedy)
    if fitting[0].problem:
        problem = f"{fitting[0]} cannot be opened ({fitting[0].problem})"
        remedy = "close other programs that use it; `eventvision cameras` tells about permissions"
        raise SourceError(name.text, problem, remedy)
    return fitting[0]
