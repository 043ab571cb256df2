"""Scenes by name, each with a purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eventvision.core import ConfigError, SensorSize

from ._scene import Scene

SCENES: Mapping[str, str] = MappingProxyType(
    {
        "shapes": "textured shapes that spin, cross and hide one another: detection, ids",
        "street": "a drive among traffic, people, houses and trees: detection, segmentation, depth",
        "room": "a walk round a furnished room: depth",
        "juggle": "a juggler's balls and things that fly past: fast small movers",
        "texture": "a rich plane before a free camera: reconstruction",
        "flicker": "slow shapes in the light of a lamp on the mains: robustness to flicker",
        "mixed_speed": "shapes and a camera whose speeds differ by a factor of 20: slicing",
        "cells": "a thousand small discs a second in a flow channel: counting",
    }
)
"""What each named scene shows and is for."""

_MAKERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "shapes": ("shapes", "shapes"),
        "street": ("street", "street"),
        "room": ("room", "room"),
        "juggle": ("juggle", "juggle"),
        "texture": ("texture", "texture"),
        "flicker": ("shapes", "flicker"),
        "mixed_speed": ("shapes", "mixed_speed"),
        "cells": ("cells", "Cells"),
    }
)
"""Module and name of what makes each scene; modules are imported when they are wanted."""

_WITHOUT_IMAGES = frozenset({"room", "cells"})


_NOT_SEEN_OTHERWISE = frozenset({"flicker", "cells"})


def named_scene(
    name: str,
    *,
    sensor: SensorSize,
    seed: int = 0,
    images: Path | None = None,
    still: bool = False,
    zoom: float = 1.0,
) -> Scene:
    """Return a scene by name.

    Args:
        name: One of `SCENES`.
        sensor: Size of its images; sizes and speeds in pixels scale with it.
        seed: Another seed gives another scene of the same kind.
        images: Folder of images to show instead of drawn textures: any images as the wall of
            `shapes`, `juggle`, `texture`, `flicker` and `mixed_speed`; labelled ones as `street`.
        still: Whether the camera stays where it is at first.
        zoom: How much longer its focal length is; the middle of the view is then seen larger.

    Raises:
        ConfigError: If there is no scene of that name, or it does not show images, or the folder
            holds none that it can show, or its camera is not one to be changed.
        FormatError: If an image cannot be read.
    """
    if name not in SCENES:
        raise ConfigError("scene", name, f"one of {', '.join(SCENES)}")
    if images is not None and name in _WITHOUT_IMAGES:
        raise ConfigError("images", str(images), f"left out, as {name} draws its own")
    changes = still or zoom != 1
    if changes and name in _NOT_SEEN_OTHERWISE:
        raise ConfigError("scene", name, "one that another camera can look at, such as street")
    if zoom < 1:
        raise ConfigError("zoom", str(zoom), "1 or more")
    module, maker = _MAKERS[name]
    make: Callable[..., Any] = getattr(import_module(f"._scenes.{module}", __package__), maker)
    made = make(sensor, seed=seed) if images is None else make(sensor, seed=seed, images=images)
    scene: Scene = made.seen(still=still, zoom=zoom) if changes else made
    return scene
