"""How many objects cross lines, which way and how fast; how many are in zones, and how long.

A track crosses a line when it has been clearly on one side and then is clearly on the other, and
its way between leads through the line: an object that trembles on the line counts once, one that
goes around its end does not count. When it crossed is interpolated between slices.

Tracks stand for objects by the middle of their box, or by the middle of its lower edge where the
ground is known, since that is where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Counts, LineCount, Passage, Result, Slice, Tracks, ZoneCount

from ._gates import Gates, Line, Zone
from ._ground import Ground

Array = NDArray[np.float64]
Way = Literal["forward", "backward", "in", "out"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CountingSettings:
    """When something counts.

    Attributes:
        margin_px: How far from a line a track is clearly on one side of it.
        forget_us: A track that was not told for so long is gone; from a zone, it left it when it
            was seen last.
        source: Name of the task whose tracks are counted.
    """

    margin_px: float = 1.0
    forget_us: int = 1_000_000
    source: str = "tracking"

    def __post_init__(self) -> None:
        if not self.margin_px >= 0:
            raise ValueError(f"margin_px must not be negative, got {self.margin_px}")
        if self.forget_us < 1:
            raise ValueError(f"forget_us must be positive, got {self.forget_us}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A track at the end of a slice."""

    id: int
    class_name: str
    at_us: int
    place: Array
    velocity: Array


@dataclass(slots=True)
class _LineTally:
    """A line, and where each track was when it was last clearly on a side."""

    line: Line
    forward: int = 0
    backward: int = 0
    clear: dict[int, tuple[bool, _Seen]] = field(default_factory=dict)

    def told(self) -> LineCount:
        (x0, y0), (x1, y1) = self.line.points.tolist()
        return LineCount(self.line.name, (x0, y0), (x1, y1), self.forward, self.backward)


@dataclass(slots=True)
class _ZoneTally:
    """A zone, and since when each track has been inside."""

    zone: Zone
    entered: int = 0
    left: int = 0
    dwelt_us: int = 0
    since: dict[int, int] = field(default_factory=dict)

    def told(self, now_us: int) -> ZoneCount:
        return ZoneCount(
            self.zone.name,
            tuple((x, y) for x, y in self.zone.points.tolist()),
            len(self.since),
            self.entered,
            round(self.dwelt_us / self.left) if self.left else 0,
            now_us - min(self.since.values(), default=now_us),
        )


class Counting:
    """Counts tracks at lines and in zones; see the module for what counts.

    Args:
        gates: Where.
        ground: Makes metres of pixels, if it is known.
        settings: When something counts.
    """

    name = "counting"

    def __init__(
        self, gates: Gates, ground: Ground | None = None, settings: CountingSettings | None = None
    ) -> None:
        self._gates, self._ground = gates, ground
        self._settings = settings or CountingSettings()
        self.reset()

    @property
    def needs(self) -> tuple[str, ...]:
        """The task whose tracks are counted."""
        return (self._settings.source,)

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._lines = [_LineTally(line) for line in self._gates.lines]
        self._zones = [_ZoneTally(zone) for zone in self._gates.zones]
        self._seen: dict[int, _Seen] = {}

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Counts:
        """Return what was counted up to the end of the slice."""
        tracks = given[self._settings.source]
        if not isinstance(tracks, Tracks):
            raise TypeError(f"{self._settings.source} tells no tracks")
        places = self._places(tracks)
        now = self._now(tracks, places, slice_.t1_us)
        passages = [
            *self._crossings(now, places),
            *self._moves(now, places),
            *self._departures(slice_.t1_us),
        ]
        self._seen.update((seen.id, seen) for seen in now)
        return Counts(
            tuple(tally.told() for tally in self._lines),
            tuple(tally.told(slice_.t1_us) for tally in self._zones),
            tuple(sorted(passages, key=lambda passage: passage.at_us)),
        )

    def _places(self, tracks: Tracks) -> Array:
        boxes = tracks.boxes.astype(np.float64)
        down = 0.5 if self._ground is None else 1.0
        return np.asarray(boxes[:, :2] + boxes[:, 2:] * [0.5, down])

    @staticmethod
    def _now(tracks: Tracks, places: Array, now_us: int) -> list[_Seen]:
        velocities = tracks.velocities.astype(np.float64)
        return [
            _Seen(id_, tracks.class_names[class_], now_us, place, velocity)
            for id_, class_, place, velocity in zip(
                tracks.ids.tolist(), tracks.classes.tolist(), places, velocities, strict=True
            )
        ]

    def _crossings(self, now: list[_Seen], places: Array) -> Iterator[Passage]:
        for tally in self._lines:
            sides_px = tally.line.sides_px(places)
            clearly = np.abs(sides_px) >= self._settings.margin_px
            for index in np.flatnonzero(clearly).tolist():
                seen, is_left = now[index], bool(sides_px[index] > 0)
                was_left, before = tally.clear.get(seen.id, (is_left, seen))
                tally.clear[seen.id] = is_left, seen
                if was_left == is_left:
                    continue
                share = tally.line.crossed_at(before.place, seen.place)
                if share is None:
                    continue
                tally.forward += was_left
                tally.backward += is_left
                way: Way = "forward" if was_left else "backward"
                at_us = before.at_us + round(share * (seen.at_us - before.at_us))
                place = before.place + share * (seen.place - before.place)
                yield self._passage(tally.line.name, way, seen, at_us, place)

    def _moves(self, now: list[_Seen], places: Array) -> Iterator[Passage]:
        for tally in self._zones:
            for seen, is_inside in zip(now, tally.zone.holds(places).tolist(), strict=True):
                if is_inside == (seen.id in tally.since):
                    continue
                if is_inside:
                    tally.since[seen.id] = seen.at_us
                    tally.entered += 1
                    yield self._passage(tally.zone.name, "in", seen, seen.at_us, seen.place)
                else:
                    yield self._departure(tally, seen)

    def _departures(self, now_us: int) -> Iterator[Passage]:
        """Forget tracks that are gone."""
        oldest_us = now_us - self._settings.forget_us
        for seen in [seen for seen in self._seen.values() if seen.at_us < oldest_us]:
            del self._seen[seen.id]
            for line in self._lines:
                line.clear.pop(seen.id, None)
            for zone in self._zones:
                if seen.id in zone.since:
                    yield self._departure(zone, seen)

    def _departure(self, tally: _ZoneTally, seen: _Seen) -> Passage:
        dwell_us = seen.at_us - tally.since.pop(seen.id)
        tally.left += 1
        tally.dwelt_us += dwell_us
        return self._passage(
            tally.zone.name, "out", seen, seen.at_us, seen.place, dwell_us=dwell_us
        )

    def _passage(
        self,
        gate: str,
        way: Way,
        seen: _Seen,
        at_us: int,
        place: Array,
        *,
        dwell_us: int | None = None,
    ) -> Passage:
        speed_m_s = None
        if self._ground is not None:
            speed_m_s = self._ground.speed_m_s(place, seen.velocity)
        x, y = place.tolist()
        vx, vy = seen.velocity.tolist()
        return Passage(
            gate, way, seen.id, seen.class_name, at_us, x, y, vx, vy, speed_m_s, dwell_us
        )
