"""What the shell may complete: names that only the library knows; nothing heavy is loaded."""

from __future__ import annotations

from collections.abc import Iterable


def models(incomplete: str) -> list[str]:
    """Return shipped models."""
    from eventvision.core import shipped_models

    return _beginning_with(incomplete, shipped_models())


def devices(incomplete: str) -> list[str]:
    """Return devices, present or not."""
    from eventvision.devices import device_names

    return _beginning_with(incomplete, device_names())


def formats(incomplete: str) -> list[str]:
    """Return formats that can be written."""
    from eventvision.io import FORMATS

    written = [each.name.lower() for each in FORMATS if each.writer is not None]
    return _beginning_with(incomplete, written)


def scenes(incomplete: str) -> list[str]:
    """Return named scenes."""
    from eventvision.simulation import SCENES

    return _beginning_with(incomplete, SCENES)


def _beginning_with(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
