"""Options as users write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer

from eventvision.core import ConfigError, SensorSize, SourceError


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
        SourceError: If neither is given, or both.
    """
    if source is None and not sim:
        problem = "is not given"
        raise SourceError("SOURCE", problem, "name a recording, camera: or a stream, or add --sim")
    if source is not None and sim:
        raise SourceError(source, "is one source, --sim another", "give only one of them")
    return source or "sim:"


def reader_options(texts: Iterable[str]) -> dict[str, str]:
    """Read `--read NAME=VALUE`.

    Raises:
        ConfigError: If it is anything else.
    """
    options = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not (name and mark and value):
            raise ConfigError("--read", text, "an option and its value such as columns=txyp")
        options[name] = value
    return options


def given_in(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the user gave on the command line, without the defaults.

    Args:
        context: Knows what was given.
        values: Settings by name: that of the parameter, or that with `_s` for seconds.
    """
    given = {
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) is not None
        and source.name in ("COMMANDLINE", "ENVIRONMENT")
    }
    if "sim" in given:
        given.add("source")
    return {name: value for name, value in values.items() if name.removesuffix("_s") in given}
