"""Cuts streams by every slicer at the same mean rate, and measures what is shown meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ModelCard, ModelError, Packet, SensorSize, Slice, Slicer, load_card
from eventvision.devices import open_session
from eventvision.representations import VoxelGrid
from eventvision.slicing import parse_slicer
from eventvision.training.evaluation import percentile_scaled
from eventvision.training.triggers import CellStream, make_stream

SENSOR, CELL_US, SECONDS = SensorSize(240, 180), 2_500, 2.0
LOOK_CELLS = 4
"""Errors are taken every so many cells."""

_ROUNDS = 14
_RATES: Mapping[str, tuple[str, float, float]] = {
    "trigger": ("trigger:adapt=off,shortest=2500us,threshold={:.6g}", 1e-3, 1e4),
    "adapting trigger": ("trigger:rate={:.6g}", 1.0, 1_000.0),
    "constant time": ("time:{:.0f}us", 1e3, 1e6),
    "constant count": ("count:{:.0f}", 20.0, 3e6),
    "activity": ("activity:10%+{:.0f}", 1.0, 1e5),
}
SLICERS = tuple(_RATES)


@cache
def stream(scene: str, seed: int, speed: float) -> CellStream:
    """Return a stream that no trigger has learned from."""
    return make_stream(
        scene, SENSOR, seed=1_000_000 + seed, seconds=SECONDS, cell_us=CELL_US, speed=speed
    )


def cut_at_rate(name: str, shown: CellStream, rate_hz: float, model: str) -> list[Slice]:
    """Cut a stream by a slicer whose setting is found by halving, for the rate that is asked."""
    text, low, high = _RATES[name]
    wanted = rate_hz * shown.cells * shown.cell_us / 1e6
    more_with_less = "rate" not in text
    found: list[Slice] = []
    for _ in range(_ROUNDS):
        middle = math.sqrt(low * high)
        slices = _cut(text.format(middle), shown, model)
        if not found or abs(len(slices) - wanted) < abs(len(found) - wanted):
            found = slices
        if (len(slices) > wanted) == more_with_less:
            low = middle
        else:
            high = middle
    return found


def _cut(text: str, shown: CellStream, model: str) -> list[Slice]:
    setting = text.replace("trigger:", f"trigger:model={model},") if "trigger" in text else text
    with _Opened() as opened:
        slicer: Slicer = parse_slicer(setting, SENSOR, open_trigger=opened)
        return [*slicer.push(Packet(shown.events)), *slicer.flush()]


class _Opened:
    """Opens the network of a trigger, and closes it afterwards."""

    def __init__(self) -> None:
        self._sessions: list[Any] = []

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()

    def __call__(self, model: str, sizes: Mapping[str, int]) -> tuple[ModelCard, Any]:
        card = load_card(model)
        self._sessions.append(open_session(card, "cpu", sizes=dict(sizes)))
        return card, self._sessions[-1]


def picture_maker() -> Callable[[list[Slice]], list[NDArray[np.float64]]]:
    """Return what makes pictures of slices with the shipped reconstruction network.

    Raises:
        ModelError: If there is none.
    """
    card = load_card("reconstruction-nano")
    right, below = -SENSOR.width % card.multiple, -SENSOR.height % card.multiple
    sizes = {"height": SENSOR.height + below, "width": SENSOR.width + right}
    session = open_session(card, "auto", sizes=sizes)
    voxels = VoxelGrid(SENSOR, bins=5)

    def pictures(slices: list[Slice]) -> list[NDArray[np.float64]]:
        session.reset()
        found = []
        for slice_ in slices:
            events = np.pad(voxels.render(slice_), ((0, 0), (0, below), (0, right)))
            image = session.step({"events": events[None]})["image"][0, 0]
            found.append(percentile_scaled(image[: SENSOR.height, : SENSOR.width]))
        return found

    return pictures


def scenes_at(shown: CellStream, slices: list[Slice]) -> list[NDArray[np.float64]]:
    """Return what the scene looked like when each slice ended: a network that makes no mistake."""
    cells = [min(shown.cells, slice_.t1_us // shown.cell_us) for slice_ in slices]
    return [shown.shades[cell].astype(np.float64) / 255 for cell in cells]


def live_error(
    shown: CellStream, slices: list[Slice], pictures: list[NDArray[np.float64]]
) -> float:
    """Return the mean absolute error of what is on the screen, over time and pixels.

    Until a slice ends the picture of the one before is shown, before the first one grey.
    """
    ends = np.array([slice_.t1_us for slice_ in slices])
    errors = []
    for cell in range(LOOK_CELLS, shown.cells + 1, LOOK_CELLS):
        ended = int(np.searchsorted(ends, cell * shown.cell_us, side="right"))
        truth = shown.shades[cell].astype(np.float64) / 255
        errors.append(float(np.abs((pictures[ended - 1] if ended else 0.5) - truth).mean()))
    return float(np.mean(errors))


def is_shipped(name: str) -> bool:
    """Return whether there is a model of a name."""
    try:
        load_card(name)
    except ModelError:
        return False
    return True
