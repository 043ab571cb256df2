"""Options as users write them."""

from __future__ import annotations

from eventvision.core import ConfigError, SensorSize


def sensor_size(text: str | None) -> SensorSize | None:
    """Read `--sensor WxH`.

    Raises:
        ConfigError: If it is anything else.
    """
    if text is None:
        return None
    try:
        return SensorSize.parse(text)
    except ValueError as error:
        raise ConfigError("--sensor", text, "a size such as 346x260") from error


def source_or_simulation(source: str | None, *, sim: bool) -> str:
    """Return what to play, where `--sim` may stand for a simulated camera.

    Raises:
        ConfigError: If neither is given, or both.
    """
    if sim == (source is not None):
        raise ConfigError("SOURCE", source, "either a source or --sim")
    return source or "sim:"
