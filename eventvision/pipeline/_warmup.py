"""Run every part on made-up events, so that no kernel is loaded while real ones wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from eventvision.core import (
    Events,
    Filter,
    Packet,
    Representation,
    Result,
    SensorSize,
    Slice,
    SliceDroppedError,
    Slicer,
    Task,
)
from eventvision.kernels.tally import count_on
from eventvision.kernels.words import as_words

_SLICES = 5
_SLICE_US = 10_000
_EVENTS = 3_000
_SIDE_PX = 24


def warm_up(
    sensor: SensorSize,
    filters: Sequence[Filter],
    slicer: Slicer,
    representation: Representation | None,
    tasks: Sequence[Task],
) -> None:
    """Send a moving square through filters, slicer, representation and tasks; reset them all."""
    for index in range(_SLICES):
        packet = Packet(_moving_square(sensor, index))
        count_on(as_words(packet.events.data))
        for stage in filters:
            packet = replace(stage.process(packet), events=_moving_square(stage.sensor, index))
        t0_us = index * _SLICE_US
        slices = [Slice(index, packet.events, t0_us, t0_us + _SLICE_US, "time")]
        slices += [*slicer.push(packet), *slicer.flush()]
        if representation is not None:
            for slice_ in slices:
                representation.render(slice_)
        _rehearse(tasks, slices[0])
    for stage in filters:
        stage.reset()
    for task in tasks:
        task.reset()
    if representation is not None:
        representation.reset()


def _rehearse(tasks: Sequence[Task], slice_: Slice) -> None:
    results: dict[str, Result] = {}
    for task in tasks:
        if all(name in results for name in task.needs):
            with suppress(SliceDroppedError):  # its device tells of it, and is started again
                results[task.name] = task.step(slice_, results)


def _moving_square(sensor: SensorSize, index: int) -> Events:
    """Return a slice's worth of events in a square that moves to the right."""
    event = np.arange(_EVENTS)
    place = (event * 7919) % (_SIDE_PX * _SIDE_PX)
    x = np.minimum(2 * index + place % _SIDE_PX, sensor.width - 1)
    y = np.minimum(place // _SIDE_PX, sensor.height - 1)
    t = index * _SLICE_US + event * _SLICE_US // _EVENTS
    return Events.from_columns(t, x, y, place % _SIDE_PX > _SIDE_PX // 2, sensor=sensor)
