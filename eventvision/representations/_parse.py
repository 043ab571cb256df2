"""Representations as users write them: `voxel:5`, `histogram`, `surface:50ms`."""

from __future__ import annotations

from collections.abc import Callable

from eventvision.core import (
    ConfigError,
    Representation,
    SensorSize,
    parse_count,
    parse_duration_us,
)

from ._accumulation import Accumulation
from ._histogram import PolarityHistogram
from ._surface import TimeSurface
from ._voxel import VoxelGrid

REPRESENTATION_FORMS = {
    "voxel": "voxel[:BINS], such as voxel:5",
    "histogram": "histogram",
    "surface": "surface[:TAU], such as surface:50ms",
    "accumulation": "accumulation[:DECAY], such as accumulation:30ms",
}
"""How each representation is written, by name."""


def parse_representation(text: str, sensor: SensorSize) -> Representation:
    """Build a representation from its text; see `REPRESENTATION_FORMS`.

    Raises:
        ConfigError: If the representation is not known or its setting cannot be used.

    >>> parse_representation("voxel:5", SensorSize(346, 260)).shape
    (5, 260, 346)
    """
    name, _, setting = text.strip().partition(":")
    if name not in _BUILDERS:
        forms = ", ".join(REPRESENTATION_FORMS.values())
        raise ConfigError("representation", text, f"one of: {forms}")
    try:
        return _BUILDERS[name](sensor, setting)
    except ValueError as error:
        form = REPRESENTATION_FORMS[name]
        raise ConfigError("representation", text, f"{form} ({error})") from error


def _voxel(sensor: SensorSize, setting: str) -> Representation:
    return VoxelGrid(sensor, bins=parse_count(setting)) if setting else VoxelGrid(sensor)


def _histogram(sensor: SensorSize, setting: str) -> Representation:
    if setting:
        raise ValueError("it has no setting")
    return PolarityHistogram(sensor)


def _surface(sensor: SensorSize, setting: str) -> Representation:
    if not setting:
        return TimeSurface(sensor)
    return TimeSurface(sensor, tau_us=parse_duration_us(setting))


def _accumulation(sensor: SensorSize, setting: str) -> Representation:
    if not setting:
        return Accumulation(sensor)
    return Accumulation(sensor, decay_us=parse_duration_us(setting))


_BUILDERS: dict[str, Callable[[SensorSize, str], Representation]] = {
    "voxel": _voxel,
    "histogram": _histogram,
    "surface": _surface,
    "accumulation": _accumulation,
}
