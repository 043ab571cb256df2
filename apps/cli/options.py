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
