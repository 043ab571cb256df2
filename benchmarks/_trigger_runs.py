"""Cuts streams by every slicer at the same mean rate, and measures what is shown meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Events,
    ModelCard,
    ModelError,
    Packet,
    SensorSize,
    Slice,
    Slicer,
    load_card,
)
from eventvision.devices import open_session
from eventvision.representations import VoxelGrid
from eventvision.slicing import parse_slicer
from eventvision.training.evaluation import percentile_scaled
from eventvision.training.triggers import CellStream, best_lengths, ends_of, make_stream

SENSOR, CELL_US, SECONDS = SensorSize(240, 180), 2_500, 2.0
HELD_OUT = 1_000_000
"""Scenes and cameras of seeds from here on were never learned from."""

START_US = 300_000
"""What is on the screen before does not count: a threshold that follows has to meet its camera."""

LONGEST_US = 100_000

LOOK_CELLS = 4
"""Errors are taken at every so many edges of cells."""

_ROUNDS = 14
_RATES: Mapping[str, tuple[str, float, float]] = {
    "constant time": ("time:{:.0f}us", 1e3, 1e6),
    "constant count": ("count:{:.0f}", 20.0, 3e6),
    "activity": ("activity:10%+{:.0f}", 1.0, 1e5),
}
FIXED = tuple(_RATES)
"""Slicers that learn nothing, by name; any other name is that of a trigger, or its folder."""

_HELD = ("trigger:model={model},adapt=off,shortest=2500us,threshold={:.6g}", 1e-3, 1e4)
_ADAPTING = ("trigger:model={model},rate={:.6g}", 1.0, 1_000.0)


@cache
def stream(scene: str, seed: int, speed: float) -> CellStream:
    """Return a stream that no trigger has learned from."""
    return make_stream(
        scene, SENSOR, seed=HELD_OUT + seed, seconds=SECONDS, cell_us=CELL_US, speed=speed
    )


def cut_at_rate(name: str, events: Events, until_us: int, rate_hz: float) -> list[Slice]:
    """Cut a stream by a slicer whose setting is found by halving, for the rate that is asked."""
    setting = _RATES.get(name, _HELD)
    (found,) = _cut_alike(setting, [events], rate_hz * until_us / 1e6, name)
    return found


def cut_together(name: str, streams: Sequence[CellStream], rate_hz: float) -> list[list[Slice]]:
    """Cut streams of several cameras and speeds by one setting, for the mean rate that is asked.

    A trigger is told a rate, as users do, and its threshold follows the scene.
    """
    seconds = sum(shown.cells * shown.cell_us for shown in streams) / 1e6
    setting = _RATES.get(name, _ADAPTING)
    return _cut_alike(setting, [shown.events for shown in streams], rate_hz * seconds, name)


def cut_best(shown: CellStream, rate_hz: float) -> list[Slice]:
    """Cut a stream where that keeps the scene on the screen freshest, knowing all of it."""
    asked_cells = 1e6 / rate_hz / shown.cell_us
    lengths = best_lengths(shown, asked_cells=asked_cells, most_cells=LONGEST_US // shown.cell_us)
    ends = ends_of(lengths)
    return [shown.slice(*span) for span in zip([0, *ends[:-1]], ends, strict=True)]


def _cut_alike(
    setting: tuple[str, float, float], streams: Sequence[Events], wanted: float, model: str
) -> list[list[Slice]]:
    text, low, high = setting
    more_with_less = "rate" not in text
    nearest, found = math.inf, list[list[Slice]]()
    for _ in range(_ROUNDS):
        middle = math.sqrt(low * high)
        slices = [cut(text.format(middle, model=model), events) for events in streams]
        count = sum(map(len, slices))
        if abs(count - wanted) < nearest:
            nearest, found = abs(count - wanted), slices
        if (count > wanted) == more_with_less:
            low = middle
        else:
            high = middle
    return found


def cut(text: str, events: Events) -> list[Slice]:
    """Cut a stream by a slicer as users write it."""
    with _Opened() as opened:
        slicer: Slicer = parse_slicer(text, events.sensor, open_trigger=opened)
        return [*slicer.push(Packet(events)), *slicer.flush()]


class _Opened:
    """Opens the network of a trigger, and closes it afterwards."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._sessions: list[Any] = []

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()

    def __call__(self, model: str, sizes: Mapping[str, int]) -> tuple[ModelCard, Any]:
        card = load_card(model)
        self._sessions.append(open_session(card, self._device, threads=1, sizes=dict(sizes)))
        return card, self._sessions[-1]


def picture_maker(
    sensor: SensorSize = SENSOR,
) -> Callable[[list[Slice]], list[NDArray[np.float64]]]:
    """Return what makes pictures of slices with the shipped reconstruction network.

    Raises:
        ModelError: If there is none.
    """
    card = load_card("reconstruction-nano")
    right, below = -sensor.width % card.multiple, -sensor.height % card.multiple
    sizes = {"height": sensor.height + below, "width": sensor.width + right}
    session = open_session(card, "auto", sizes=sizes)
    voxels = VoxelGrid(sensor, bins=5)

    def pictures(slices: list[Slice]) -> list[NDArray[np.float64]]:
        session.reset()
        found = []
        for slice_ in slices:
            events = np.pad(voxels.render(slice_), ((0, 0), (0, below), (0, right)))
            image = session.step({"events": events[None]})["image"][0, 0]
            found.append(percentile_scaled(image[: sensor.height, : sensor.width]))
        return found

    return pictures


def scenes_at(shown: CellStream, slices: list[Slice]) -> list[NDArray[np.float64]]:
    """Return what the scene looked like when each slice ended: a network that makes no mistake.

    Between two edges of cells, where it is known, it is mixed of both.
    """
    found = []
    for slice_ in slices:
        place = min(slice_.t1_us / shown.cell_us, float(shown.cells))
        before = min(int(place), shown.cells - 1)
        low, high = shown.shades[before : before + 2].astype(np.float64) / 255
        found.append(low + (place - before) * (high - low))
    return found


def live_error(
    shown: CellStream, slices: list[Slice], pictures: list[NDArray[np.float64]]
) -> float:
    """Return the mean absolute error of what is on the screen, over time and pixels.

    Until a slice ends the picture of the one before is shown. The truth is known at edges of cells:
    there, each picture counts as long as it is shown in the time of a cell around the edge, so that
    slices that end on edges are no better and no worse off than others.
    """
    ends = np.array([slice_.t1_us for slice_ in slices], np.float64)
    errors = []
    for cell in look_cells(shown):
        around = (cell + np.array([-0.5, 0.5])) * shown.cell_us
        first, last = np.searchsorted(ends, around, side="right").tolist()
        shares = np.diff([around[0], *ends[first:last], around[1]]) / shown.cell_us
        truth = shown.shades[cell].astype(np.float64) / 255
        errors.append(
            sum(
                share * np.abs((pictures[ended - 1] if ended else 0.5) - truth).mean()
                for ended, share in zip(range(first, last + 1), shares, strict=True)
            )
        )
    return float(np.mean(errors))


def look_cells(shown: CellStream) -> range:
    """Return the edges of cells at which errors are taken."""
    return range(START_US // shown.cell_us, shown.cells, LOOK_CELLS)


def cell_ms(size: tuple[int, int], device: str, model: str, cells: int = 200) -> float:
    """Return milliseconds of CPU time that a cell costs a trigger: counting, network, last neuron.

    Args:
        size: Width and height of the sensor; a million events a second fall on it evenly.
        device: Where its network runs, on one thread.
        model: The trigger.
        cells: How many cells; the mean of them counts.
    """
    sensor, random = SensorSize(*size), np.random.default_rng(0)
    count = cells * CELL_US
    events = Events.from_columns(
        np.arange(count), random.integers(0, size[0], count), random.integers(0, size[1], count),
        random.random(count) < 0.5, sensor=sensor,
    )  # fmt: skip
    packets = [
        Packet(Events(events.data[first : first + CELL_US], sensor))
        for first in range(0, count, CELL_US)
    ]
    with _Opened(device) as opened:
        text = f"trigger:model={model},cell={CELL_US}us,rate=30"
        slicer: Slicer = parse_slicer(text, sensor, open_trigger=opened)
        for packet in packets[: cells // 4]:
            list(slicer.push(packet))
        start = time.process_time()
        for packet in packets[cells // 4 :]:
            list(slicer.push(packet))
        return (time.process_time() - start) / (cells - cells // 4) * 1e3


def is_shipped(name: str) -> bool:
    """Return whether there is a model of a name."""
    try:
        load_card(name)
    except ModelError:
        return False
    return True
