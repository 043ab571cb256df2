"""The scene `cells`: up to a thousand small discs a second in a flow channel; for counting.

Discs flow to the right in lanes, fastest in the middle as in a channel between two walls. Lanes
keep them apart, so that each of them can be told from the others. `Cells.crossings` says exactly
when which disc crosses a line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.simulation import _surfaces as surfaces
from eventvision.simulation._world.bodies import Body, Skin, card
from eventvision.simulation._world.outlines import Canvas
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import Places, World, WorldBuilder

CROSSING_DTYPE = np.dtype([("t_us", "<f8"), ("id", "<i8"), ("y_px", "<f4")], align=True)
"""A disc's middle crosses a line: when, which one, in what row."""

_LANE_PX, _RIM_PX = 10.0, 10.0
_RADIUS_PX = 3.0
_FASTEST_PX_S = 1500.0
_JITTER = 0.4
_USUAL_PER_S = 1000.0
_BEYOND_PX = 2 * _RADIUS_PX + 10.0
"""How far beyond the view discs come up and vanish: further than one moves between two looks."""
_LEAST_GAP_PX = 2 * (_RADIUS_PX + 1) / (1 - _JITTER)
_LOOKS = 8
_IDS_PER_LANE = 1 << 24


class Cells(PanelScene):
    """Discs in a channel, a pixel being a millimetre at a metre's distance; a `Scene`."""

    def __init__(self, sensor: SensorSize, *, seed: int = 0, per_s: float | None = None) -> None:
        """Fill the channel.

        Args:
            sensor: Size of the images.
            seed: Draws looks, phases and spacings.
            per_s: How many discs cross any line across the channel, per second; by default a
                thousand, or as many as a smaller channel can take.

        Raises:
            ValueError: If there are so many that they would touch, or none.
        """
        random = np.random.default_rng(seed)
        lanes = max(1, int((sensor.height - 2 * _RIM_PX) / _LANE_PX))
        place = (np.arange(lanes) + 0.5) / lanes * 2 - 1
        self._speed_px_s = _FASTEST_PX_S * (0.35 + 0.65 * (1 - place * place))
        self._row_px = (sensor.height - 1) / 2 + place * lanes * _LANE_PX / 2
        most_per_s = float(self._speed_px_s.min()) * lanes / _LEAST_GAP_PX
        self.per_s = min(_USUAL_PER_S, most_per_s) if per_s is None else per_s
        if not 0 < self.per_s <= most_per_s:
            raise ValueError(f"per_s must lie between 0 and {most_per_s:.0f}, got {per_s}")
        self._gap_px = self._speed_px_s * lanes / self.per_s
        self._start = random.random(lanes)
        self._shift = random.random((lanes, 256)) * _JITTER
        reach_px = sensor.width + 2 * _BEYOND_PX
        self._slots = np.ceil(reach_px / self._gap_px).astype(np.intp) + 2
        self._lane = np.repeat(np.arange(lanes), self._slots)
        first = np.cumsum(self._slots) - self._slots
        self._slot = np.arange(self._lane.size) - first[self._lane]
        self._middle_px = (sensor.width - 1) / 2, (sensor.height - 1) / 2
        super().__init__(
            sensor,
            self._world_of(sensor, random),
            lambda _: (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            focal_px=1000.0,
            labels=self._labels_at,
        )

    def crossings(self, t0_us: int, t1_us: int, column_px: float) -> NDArray[np.void]:
        """Return which discs cross a column in [t0_us, t1_us), ordered by time.

        Returns:
            Shape (N,), `CROSSING_DTYPE`.
        """
        found = []
        for lane, speed in enumerate(self._speed_px_s):
            first = self._first(t0_us * 1e-6, lane, column_px) - 1
            last = self._first(t1_us * 1e-6, lane, column_px) + 1
            numbers = np.arange(first, last + 1)
            gone = column_px - self._offset_px(np.full(numbers.size, lane), numbers)
            t_us = 1e6 * gone / speed
            kept = (t_us >= t0_us) & (t_us < t1_us)
            rows = np.zeros(int(kept.sum()), CROSSING_DTYPE)
            rows["t_us"], rows["y_px"] = t_us[kept], self._row_px[lane]
            rows["id"] = self._ids_of(np.full(rows.size, lane), numbers[kept])
            found.append(rows)
        crossings = np.concatenate(found)
        return crossings[np.argsort(crossings["t_us"], kind="stable")]

    def _first(self, seconds: float, lane: int, column_px: float) -> int:
        """Return the number of a disc near a column; numbers grow with time."""
        gone = self._speed_px_s[lane] * seconds - column_px
        return int(np.floor(gone / self._gap_px[lane] - self._start[lane]))

    def _offset_px(self, lane: NDArray[np.intp], number: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the column of discs at time 0, left of the view for all that come later."""
        shift = self._shift[lane, number % self._shift.shape[1]]
        offset: NDArray[np.float64] = -(number + self._start[lane] + shift) * self._gap_px[lane]
        return offset

    def _ids_of(self, lane: NDArray[np.intp], number: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return ids from 1 on: lanes take turns, so that ids grow with time."""
        lanes = self._speed_px_s.size
        ids: NDArray[np.int64] = 1 + lane + lanes * ((number + self._slots.max()) % _IDS_PER_LANE)
        return ids

    def _numbers(self, seconds: float) -> NDArray[np.intp]:
        """Return the number of the disc that each slot holds, those in or near the view.

        A disc keeps its slot until it has left the view.
        """
        gone = self._speed_px_s * seconds + _BEYOND_PX
        newest = np.floor(gone / self._gap_px - self._start).astype(np.intp)[self._lane]
        numbers: NDArray[np.intp] = newest - (newest - self._slot) % self._slots[self._lane]
        return numbers

    def _labels_at(self, t_us: int) -> NDArray[np.int32]:
        ids = self._ids_of(self._lane, self._numbers(t_us * 1e-6)).astype(np.int32)
        return np.append(ids, np.int32(0))

    def _move(self, seconds: float, places: Places) -> None:
        numbers = self._numbers(seconds)
        column = self._speed_px_s[self._lane] * seconds + self._offset_px(self._lane, numbers)
        places[:, 0] = (column - self._middle_px[0]) * 1e-3
        places[:, 1] = (self._row_px[self._lane] - self._middle_px[1]) * 1e-3
        places[:, 2] = 1.0

    def _world_of(self, sensor: SensorSize, random: np.random.Generator) -> World:
        builder = WorldBuilder()
        looks = [_disc(builder, random) for _ in range(_LOOKS)]
        bodies = [looks[int(_LOOKS * random.random())] for _ in self._lane]
        builder.add(bodies, self._move, layer=0)
        side_px = 1.1 * max(sensor.width, sensor.height)
        ground = 0.55 + 0.06 * surfaces.clouds(512, random, cell=128)
        half_px = sensor.height / 2 - _RIM_PX / 2
        for edge_px in (-half_px, half_px):
            row = round(512 * (0.5 + edge_px / side_px))
            ground[row - 2 : row + 2] = 0.2
        skin = Skin.whole(builder.atlas, ground, "other")
        builder.fix(card(1e-3 * side_px, 1e-3 * side_px, skin), (0.0, 0.0, 1.0), layer=1)
        return builder.build()


def _disc(builder: WorldBuilder, random: np.random.Generator) -> Body:
    """Return a cell: a dark rim, a light plasma, a dark kernel somewhere in it."""
    radius_m = 1e-3 * _RADIUS_PX
    canvas = Canvas(2.4 * radius_m, 2.4 * radius_m, 32)
    x, y = (radius_m * (0.4 * random.random() - 0.2) for _ in range(2))
    inside = canvas.disc(0, 0, radius_m)
    texture = np.where(inside > -0.3 * radius_m, np.float32(0.12), np.float32(0.85))
    texture = np.where(canvas.disc(x, y, 0.3 * radius_m) < 0, np.float32(0.2), texture)
    skin = Skin.whole(builder.atlas, texture, "other", distance=canvas.texels(inside))
    return card(canvas.width_m, canvas.height_m, skin)
