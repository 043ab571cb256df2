"""Slices alone: where a stream is cut, with nothing done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from eventvision.core import Slice
from eventvision.io import clip, open_source
from eventvision.slicing import parse_slicer

from ._config import RunConfig
from ._networks import Networks
from ._parts import first_filters


def list_slices(
    config: RunConfig, on_notice: Callable[[str], None] | None = None
) -> Iterator[Slice]:
    """Yield the slices of a recording as `replay` would cut it.

    Args:
        config: Its source, filters, slicer, start, end and devices count; nothing is written.
        on_notice: Hears of devices that fail.

    Raises:
        ConfigError: If an option cannot be used.
        SourceError: If the recording cannot be read, or is damaged and `strict` was asked for.
        ModelError: If the model of a trigger is missing or is none.
        DeviceError: If it cannot run.
    """
    opened = open_source(
        config.source,
        sensor=config.sensor,
        read=config.read,
        settings=config.settings,
        strict=config.strict,
    )
    with opened as source:
        filters = first_filters(config, source)
        sensor = filters[-1].sensor if filters else source.info.sensor
        with closing(Networks(sensor, config.device, on_notice)) as networks:
            slicer = parse_slicer(config.slicer, sensor, open_trigger=networks.open_trigger)
            for packet in clip(source, start_s=config.start_s, end_s=config.end_s):
                passed = packet
                for stage in filters:
                    passed = stage.process(passed)
                yield from slicer.push(passed)
            yield from slicer.flush()
