"""Names of streams put together from fields: simulated cameras, network peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from eventvision.core import ConfigError, SensorSize
from eventvision.pipeline import DEFAULT_CAMERA
from eventvision.simulation import CAMERAS, SCENES, SENSOR_SIZES

Scheme = Literal["tcp", "tls", "udp"]

SCHEMES: Mapping[Scheme, str] = {
    "tcp": "TCP: dv-processing's NetworkWriter, or `eventvision serve`",
    "tls": "TLS: the same, encrypted",
    "udp": "UDP: AEStream, faery, SPIF boards; listens on this port",
}
"""Kinds of network sources, and who sends them."""

WIRES = ("spif", "t32_x16_y15_on1", "t64_x16_y16_on8")
"""Layouts of datagrams."""

SCENE_TITLES: Mapping[str, str] = {
    "shapes": "Shapes",
    "street": "Street",
    "room": "Room",
    "juggle": "Juggling",
    "texture": "Texture",
    "flicker": "Flickering lamp",
    "mixed_speed": "Slow and fast",
    "cells": "Cells in a channel",
}
CAMERA_TITLES: Mapping[str, str] = {
    "davis346": "DAVIS 346 (346x260)",
    "dvxplorer": "DVXplorer (640x480)",
    "evk4": "EVK4 (1280x720, needs a fast computer)",
    "ideal": "Ideal: no noise",
    "randomised": "Drawn by chance",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorForm:
    """A simulated camera.

    Attributes:
        scene: One of `SCENES`, or the path of a video or of a folder of images.
        camera: One of `CAMERAS`.
        sensor: `WxH`; empty for that of the camera.
        seed: Another seed, another scene.
        flicker_hz: Of the light; 0 for none.
    """

    scene: str = "shapes"
    camera: str = DEFAULT_CAMERA
    sensor: str = ""
    seed: int = 0
    flicker_hz: float = 0.0

    def name(self) -> str:
        """Return what `open_source` takes.

        Raises:
            ConfigError: If a field cannot be used.
        """
        if not self.scene:
            raise ConfigError("scene", self.scene, f"one of {', '.join(SCENES)}, or a video")
        if self.camera not in CAMERAS:
            raise ConfigError("camera", self.camera, f"one of {', '.join(CAMERAS)}")
        options = {}
        if self.camera != DEFAULT_CAMERA:
            options["camera"] = self.camera
        if self.sensor:
            known = self.sensor in SENSOR_SIZES
            options["sensor"] = self.sensor if known else _size(self.sensor)
        if self.seed:
            options["seed"] = str(self.seed)
        if self.flicker_hz:
            options["flicker"] = f"{self.flicker_hz:g}"
        return f"sim:{self.scene}" + (f"?{urlencode(options)}" if options else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkForm:
    """A stream from the network.

    Attributes:
        scheme: How it comes.
        host: Name or address of the peer; for UDP, of the interface to listen on.
        port: Its port.
        sensor: `WxH`, where the peer does not say it; may be empty, but not for UDP.
        wire: Layout of UDP datagrams, one of `WIRES`.
        sender: Take UDP datagrams of this host only; may be empty where only this machine sends.
        token_file: File with the token that the peer asks for; may be empty.
        authority: File with the authority that signed the peer's certificate; may be empty.
    """

    scheme: Scheme = "tcp"
    host: str = "localhost"
    port: int = 7777
    sensor: str = ""
    wire: str = "spif"
    sender: str = ""
    token_file: str = ""
    authority: str = ""

    def name(self) -> str:
        """Return what `open_source` takes; it holds no secret, only the file that does.

        Raises:
            ConfigError: If a field cannot be used.
        """
        host = self.host.strip()
        if not host or any(c in host for c in " /?#@"):
            raise ConfigError("host", self.host, "a name or address, such as localhost")
        if not 1 <= self.port <= 65_535:
            raise ConfigError("port", self.port, "1 to 65535")
        options = {"sensor": _size(self.sensor)} if self.sensor else {}
        options |= self._options_of_udp() if self.scheme == "udp" else self._options_of_tcp()
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{self.scheme}://{shown}:{self.port}" + (
            f"?{urlencode(options)}" if options else ""
        )

    def _options_of_udp(self) -> dict[str, str]:
        if not self.sensor:
            raise ConfigError("sensor", "", "a size such as 640x480, since datagrams do not say it")
        options = {"format": self.wire} if self.wire != WIRES[0] else {}
        return options | ({"from": self.sender.strip()} if self.sender.strip() else {})

    def _options_of_tcp(self) -> dict[str, str]:
        options = {"token_file": self.token_file} if self.token_file else {}
        if self.authority and self.scheme == "tls":
            options["ca"] = self.authority
        return options


def _size(text: str) -> str:
    try:
        return str(SensorSize.parse(text))
    except ValueError as error:
        raise ConfigError("sensor", text, "a size such as 640x480") from error
