"""A plot of slices: event rate, the trigger's potential against its threshold, and the cuts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Slice

_WIDTH, _RATE_HEIGHT, _POTENTIAL_HEIGHT = 1600, 300, 220
_LEFT, _RIGHT, _TOP, _GAP = 90, 20, 40, 30
_INK, _ON, _POTENTIAL, _THRESHOLD = (60, 60, 60), (180, 110, 40), (60, 140, 60), (60, 60, 200)
_CUTS = {
    "spike": (60, 60, 200),
    "event_limit": (30, 150, 230),
    "time": (190, 190, 190),
    "count": (190, 190, 190),
    "activity": (190, 190, 190),
    "flush": (120, 120, 120),
}

Picture = NDArray[np.uint8]


class SlicePlot:
    """Collects what a plot shows."""

    def __init__(self) -> None:
        self._t_us: list[NDArray[np.int64]] = []
        self._ends: list[tuple[int, str]] = []
        self._potential: list[tuple[int, int, NDArray[np.float32]]] = []

    def add(self, slice_: Slice) -> None:
        """Take the next slice."""
        self._t_us.append(np.ascontiguousarray(slice_.events.t))
        self._ends.append((slice_.t1_us, slice_.ended_by))
        if slice_.potential is not None:
            self._potential.append((slice_.t0_us, slice_.t1_us, slice_.potential))

    def png(self) -> bytes:
        """Return the plot."""
        import cv2

        _, data = cv2.imencode(".png", self._drawn())
        return bytes(data.tobytes())

    def _drawn(self) -> Picture:
        height = _TOP + _RATE_HEIGHT + _GAP
        if self._potential:
            height += _POTENTIAL_HEIGHT + _GAP
        picture = np.full((height, _WIDTH, 3), 255, np.uint8)
        t_us = np.concatenate(self._t_us) if self._t_us else np.zeros(0, np.int64)
        if not self._ends or not t_us.size:
            return _written(picture, "no events", (_LEFT, _TOP))
        span = int(t_us[0]), max(self._ends[-1][0], int(t_us[0]) + 1)
        for end_us, reason in self._ends:
            column = _column(end_us, span)
            picture[_TOP:-_GAP, column] = _CUTS[reason]
        self._draw_rate(picture, t_us, span)
        if self._potential:
            self._draw_potential(picture, span)
        seconds = (span[1] - span[0]) / 1e6
        reasons = [reason for _, reason in self._ends]
        told = ", ".join(f"{name} {reasons.count(name)}" for name in dict.fromkeys(reasons))
        return _written(picture, f"{len(reasons)} slices in {seconds:.3f} s: {told}", (_LEFT, 26))

    def _draw_rate(self, picture: Picture, t_us: NDArray[np.int64], span: tuple[int, int]) -> None:
        import cv2

        columns = _WIDTH - _LEFT - _RIGHT
        counts, _ = np.histogram(t_us, bins=columns, range=span)
        rate = counts / ((span[1] - span[0]) / columns)
        top = max(float(rate.max()), 1e-9)
        bottom = _TOP + _RATE_HEIGHT
        y = (bottom - rate / top * (_RATE_HEIGHT - 8)).astype(np.int32)
        points = np.stack([np.arange(columns, dtype=np.int32) + _LEFT, y], axis=1)
        cv2.polylines(picture, [points], isClosed=False, color=_ON, lineType=cv2.LINE_AA)
        _written(picture, f"{top:.3g}", (8, _TOP + 12))
        _written(picture, "Mev/s", (8, _TOP + 34))

    def _draw_potential(self, picture: Picture, span: tuple[int, int]) -> None:
        import cv2

        bottom = _TOP + _RATE_HEIGHT + _GAP + _POTENTIAL_HEIGHT
        top = max(1.25, max((float(p.max(initial=0)) for *_, p in self._potential), default=1))
        scale = (_POTENTIAL_HEIGHT - 8) / top
        line = round(bottom - scale)
        cv2.line(picture, (_LEFT, line), (_WIDTH - _RIGHT, line), _THRESHOLD, 1)
        for t0_us, t1_us, potential in self._potential:
            if potential.size:
                times = np.linspace(t0_us, t1_us, potential.size + 1)[1:]
                x = [_LEFT, *(_column(int(t), span) for t in times)]
                x[0] = _column(t0_us, span)
                y = [bottom, *(round(bottom - scale * float(v)) for v in potential)]
                points = np.array([x, y], np.int32).T
                cv2.polylines(
                    picture, [points], isClosed=False, color=_POTENTIAL, lineType=cv2.LINE_AA
                )
        _written(picture, "threshold", (8, line + 5))


def _column(t_us: int, span: tuple[int, int]) -> int:
    share = (t_us - span[0]) / (span[1] - span[0])
    return _LEFT + min(_WIDTH - _LEFT - _RIGHT - 1, max(0, int(share * (_WIDTH - _LEFT - _RIGHT))))


def _written(picture: Picture, text: str, place: tuple[int, int]) -> Picture:
    import cv2

    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    return picture
