"""Scenes by name, each with a purpose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from eventvision.core import ConfigError, SensorSize

from ._movers import Movers
from ._scene import Scene

SCENES: Mapping[str, str] = MappingProxyType(
    {"shapes": "textured shapes of many sizes and speeds that hide one another: detection, ids"}
)
"""What each named scene shows and is for."""


def named_scene(
    name: str, *, sensor: SensorSize, seed: int = 0, images: Path | None = None
) -> Scene:
    """Return a scene by name.

    Args:
        name: One of `SCENES`.
        sensor: Size of its images; sizes and speeds in pixels scale with it.
        seed: Another seed gives another scene of the same kind.
        images: Folder of images that scenes which can show any show instead of drawn textures.

    Raises:
        ConfigError: If there is no scene of that name, or it does not show images.
    """
    if name not in SCENES:
        raise ConfigError("scene", name, f"one of {', '.join(SCENES)}")
    if images is not None:
        raise ConfigError("images", str(images), f"nothing: {name} draws its own")
    return Movers(sensor, seed=seed)
