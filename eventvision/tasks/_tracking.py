"""Tracks with stable ids: constant velocity, optimal assignment, patience with silence.

An event camera sees what moves. An object that stops says nothing and is still there, so a track
outlives missing detections for `max_silence_us`, its velocity dying away; one that is hidden in the
box of another moves on meanwhile and is not reported until it shows again. Detections of another
class never continue a track. What starts or stops moving is seen in parts at first and at last: a
detection that is a small part of its track hardly moves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Detections, Result, SensorSize, Slice, Tracks
from eventvision.kernels.assignment import assign

from . import _kalman

Array = NDArray[np.float64]

REFUSED = 1e6
_SEVERAL, _PART = 10.0, 30.0
"""Times the usual noise of a box that is around several objects, or a part of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingSettings:
    """How detections become tracks.

    Attributes:
        confirm_hits: Matched slices until a track is reported.
        tentative_misses: Slices in a row that a track not yet confirmed may miss.
        max_silence_us: How long a confirmed track lives without a detection.
        patience: Bounds that silence for young tracks, in multiples of the time they were seen.
        gate: Farthest match, in sizes of the larger box (the root of its area).
        gate_px: Added to it.
        halting_us: Time constant with which a silent track's velocity dies away.
        least_score: Detections below it start no track; they may continue one.
        covered: Share of a track's box inside a detection matched by another track, from which on
            it counts as hidden there; and of a detection inside its own track's box, from which on
            it may be a part of that.
        part: Share of its track's area below which such a detection is a part.
        most_tracks: Bound on the tracks kept.
        motion: Noise of the Kalman filter.
    """

    confirm_hits: int = 3
    tentative_misses: int = 1
    max_silence_us: int = 600_000
    patience: float = 5.0
    gate: float = 0.8
    gate_px: float = 4.0
    halting_us: int = 100_000
    least_score: float = 0.2
    covered: float = 0.7
    part: float = 0.5
    most_tracks: int = 128
    motion: _kalman.Motion = field(default_factory=_kalman.Motion)

    def __post_init__(self) -> None:
        for name in ("confirm_hits", "patience", "gate", "halting_us", "covered", "most_tracks"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("tentative_misses", "max_silence_us", "gate_px", "least_score", "part"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


MANY_SMALL = TrackingSettings(
    confirm_hits=4,
    tentative_misses=2,
    max_silence_us=10_000,
    gate_px=2.0,
    least_score=0.0,
    most_tracks=2000,
)
"""For many small objects that pass each other closely, in slices of a few milliseconds."""


@dataclass(slots=True)
class _Track:
    id: int
    began_us: int
    seen_us: int
    score: float
    class_index: int
    hits: int = 1
    misses: int = 0
    confirmed: bool = False
    hidden: bool = False


class Tracking:
    """Follows detections; see the module for what is done about silence.

    Ids count up from 1 and are never used twice in a stream. Boxes are filtered and may reach over
    the sensor's edge.
    """

    name = "tracking"
    needs = ("detection",)

    def __init__(self, sensor: SensorSize, settings: TrackingSettings | None = None) -> None:
        self._sensor = sensor
        self._settings = settings or TrackingSettings()
        self.reset()

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._tracks: list[_Track] = []
        self._means = np.empty((0, 6))
        self._covariances = np.empty((0, 6, 6))
        self._next_id = 1
        self._now_us: int | None = None

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Tracks:
        """Return the confirmed tracks at the end of the slice.

        Raises:
            KeyError: If `given` holds no detections.
        """
        detections = given["detection"]
        if not isinstance(detections, Detections):
            raise TypeError(f"tracking needs Detections, got {type(detections).__name__}")
        self._predict(slice_.t1_us)
        boxes = detections.boxes.astype(np.float64)
        tracks, found = self._assign(boxes, detections.classes)
        self._update(tracks, found, boxes, detections)
        self._begin(np.setdiff1d(np.arange(len(boxes)), found), boxes, detections)
        self._forget()
        return self._report(detections.class_names)

    def _predict(self, now_us: int) -> None:
        dt_us = 0 if self._now_us is None else max(now_us - self._now_us, 0)
        self._now_us = now_us
        if not self._tracks or dt_us == 0:
            return
        rate = 1e6 / self._settings.halting_us
        silent = [track.misses > 0 and not track.hidden for track in self._tracks]
        self._means, self._covariances = _kalman.predict(
            self._means,
            self._covariances,
            self._settings.motion,
            dt_s=dt_us / 1e6,
            halting_hz=np.where(silent, rate, 0.0),
        )

    def _assign(
        self, boxes: Array, classes: NDArray[np.int64]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which tracks and detections belong together, as index arrays of one length."""
        if not self._tracks or not len(boxes):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        predicted = _kalman.boxes_of(self._means)
        offsets = self._means[:, None, :2] - _kalman.measured(boxes)[None, :, :2]
        distances = np.linalg.norm(offsets, axis=2)
        sizes = np.sqrt(
            np.maximum(predicted[:, 2:].prod(axis=1)[:, None], boxes[:, 2:].prod(axis=1)[None, :])
        )
        cost = distances / sizes + 1.0 - _overlap(predicted, boxes)
        confirmed = np.array([track.confirmed for track in self._tracks])
        cost += np.where(confirmed, 0.0, 0.5)[:, None]
        cost[distances > self._settings.gate * sizes + self._settings.gate_px] = REFUSED
        own = np.array([track.class_index for track in self._tracks])
        cost[own[:, None] != classes[None, :]] = REFUSED
        tracks, found = _matched(cost)
        accepted = cost[tracks, found] < REFUSED
        return tracks[accepted], found[accepted]

    def _update(
        self,
        tracks: NDArray[np.intp],
        found: NDArray[np.intp],
        boxes: Array,
        detections: Detections,
    ) -> None:
        matched = dict(zip(tracks.tolist(), found.tolist(), strict=True))
        if matched:
            self._means[tracks], self._covariances[tracks] = _kalman.update(
                self._means[tracks],
                self._covariances[tracks],
                boxes[found],
                self._settings.motion,
                doubt=self._doubt(tracks, boxes[found]),
            )
        for index, track in enumerate(self._tracks):
            if index not in matched:
                track.misses += 1
                continue
            row = matched[index]
            track.hits, track.misses, track.seen_us = track.hits + 1, 0, self._now()
            track.score = float(detections.scores[row])
            track.class_index = int(detections.classes[row])
            track.confirmed |= track.hits >= self._settings.confirm_hits
        self._hide(boxes[found])

    def _doubt(self, tracks: NDArray[np.intp], boxes: Array) -> Array:
        """Return how little boxes say of their tracks: those around several, and parts, less."""
        centres = self._means[:, None, :2]
        inside = (centres >= boxes[None, :, :2]) & (centres <= boxes[None, :, :2] + boxes[:, 2:])
        confirmed = np.array([track.confirmed for track in self._tracks])
        around_several = (inside.all(axis=2) & confirmed[:, None]).sum(axis=0) > 1
        own, areas = _kalman.boxes_of(self._means[tracks]), boxes[:, 2:].prod(axis=1)
        within = np.diagonal(_shared_area(own, boxes)) > self._settings.covered * areas
        is_part = within & (areas < self._settings.part * own[:, 2:].prod(axis=1))
        doubt = np.where(around_several, _SEVERAL, 1.0)
        return np.where(is_part & confirmed[tracks], np.maximum(doubt, _PART), doubt)

    def _hide(self, taken: Array) -> None:
        """Mark tracks that were missed and lie within a detection that another track took."""
        boxes = _kalman.boxes_of(self._means)
        missed = np.array([track.misses > 0 for track in self._tracks], bool)
        covered = _shared_area(boxes, taken).max(axis=1, initial=0.0)
        hidden = missed & (covered > self._settings.covered * boxes[:, 2:].prod(axis=1))
        for track, is_hidden in zip(self._tracks, hidden.tolist(), strict=True):
            track.hidden = is_hidden

    def _begin(self, unmatched: NDArray[np.intp], boxes: Array, detections: Detections) -> None:
        room = self._settings.most_tracks - len(self._tracks)
        new = unmatched[detections.scores[unmatched] >= self._settings.least_score][: max(room, 0)]
        if not len(new):
            return
        means, covariances = _kalman.start(boxes[new], self._settings.motion)
        self._means = np.concatenate([self._means, means])
        self._covariances = np.concatenate([self._covariances, covariances])
        for row in new.tolist():
            track = _Track(
                id=self._next_id,
                began_us=self._now(),
                seen_us=self._now(),
                score=float(detections.scores[row]),
                class_index=int(detections.classes[row]),
            )
            track.confirmed = track.hits >= self._settings.confirm_hits
            self._tracks.append(track)
            self._next_id += 1

    def _forget(self) -> None:
        """Drop tracks that were silent for too long, were never confirmed, or left the sensor."""
        size = np.array([self._sensor.width, self._sensor.height])
        centres = self._means[:, :2]
        inside = np.all((centres >= 0) & (centres <= size), axis=1)
        kept = [
            index
            for index, track in enumerate(self._tracks)
            if track.misses == 0 or (inside[index] and self._is_patient_with(track))
        ]
        self._tracks = [self._tracks[index] for index in kept]
        self._means, self._covariances = self._means[kept], self._covariances[kept]

    def _is_patient_with(self, track: _Track) -> bool:
        if track.confirmed:
            earned_us = self._settings.patience * (track.seen_us - track.began_us)
            silence_us = self._now() - track.seen_us
            return silence_us <= min(self._settings.max_silence_us, earned_us)
        return track.misses <= self._settings.tentative_misses

    def _now(self) -> int:
        return self._now_us or 0

    def _report(self, class_names: tuple[str, ...]) -> Tracks:
        shown = [
            index
            for index, track in enumerate(self._tracks)
            if track.confirmed and not track.hidden
        ]
        tracks = [self._tracks[index] for index in shown]
        return Tracks(
            ids=np.array([track.id for track in tracks], np.int64),
            boxes=_kalman.boxes_of(self._means[shown]).astype(np.float32),
            velocities=self._means[shown, 4:].astype(np.float32),
            ages_us=np.array([self._now() - track.began_us for track in tracks], np.int64),
            scores=np.array([track.score for track in tracks], np.float32),
            classes=np.array([track.class_index for track in tracks], np.int64),
            class_names=class_names,
        )


def _matched(cost: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the pairs that cost least in all, by rising row."""
    if cost.shape[0] <= cost.shape[1]:
        return np.arange(cost.shape[0]), assign(np.ascontiguousarray(cost))
    rows = assign(np.ascontiguousarray(cost.T))
    order = np.argsort(rows)
    return rows[order], order


def _shared_area(first: Array, second: Array) -> Array:
    """Return the intersection of boxes (N, 4) and (M, 4), shape (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(
        first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:]
    )
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=2))


def _overlap(first: Array, second: Array) -> Array:
    """Return intersection over union, shape (N, M)."""
    shared = _shared_area(first, second)
    areas = first[:, 2:].prod(axis=1)[:, None] + second[:, 2:].prod(axis=1)[None, :]
    return np.asarray(shared / np.maximum(areas - shared, 1e-9))
