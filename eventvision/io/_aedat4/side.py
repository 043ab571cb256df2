"""Frames, IMU samples and triggers, held until the events have reached their time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import IMU_DTYPE, TRIGGER_DTYPE, Events, Frame, Packet

from .decode import Decoded

MOST_HELD_BYTES = 1 << 26


class SideStreams:
    """Sends what comes beside the events along with them, in order of time."""

    def __init__(self, start_us: int | None) -> None:
        self._start_us = start_us
        self._frames: list[Frame] = []
        self._imu: NDArray[np.void] = np.empty(0, IMU_DTYPE)
        self._triggers: NDArray[np.void] = np.empty(0, TRIGGER_DTYPE)

    def __bool__(self) -> bool:
        return bool(self._frames or self._imu.size or self._triggers.size)

    @property
    def is_full(self) -> bool:
        """Whether so much is held that it cannot wait for events any longer."""
        frames = sum(frame.pixels.nbytes for frame in self._frames)
        return frames + self._imu.nbytes + self._triggers.nbytes > MOST_HELD_BYTES

    def add(self, decoded: Decoded, *, shift_us: int) -> None:
        """Take what a stretch of the file held; `shift_us` is added to its times."""
        frames = [_shifted(frame, shift_us) for frame in decoded.frames]
        self._frames += [frame for frame in frames if self._wanted(frame.t_us)]
        self._frames.sort(key=lambda frame: frame.t_us)
        self._imu = self._joined(self._imu, decoded.imu, shift_us)
        self._triggers = self._joined(self._triggers, decoded.triggers, shift_us)

    def send(self, events: Events, until_us: int | None) -> Packet:
        """Return a packet of these events and all that is not later than `until_us`."""
        frames, imu, triggers = self._frames, self._imu, self._triggers
        if until_us is None:
            self._frames, self._imu, self._triggers = [], imu[:0], triggers[:0]
            return Packet(events, tuple(frames), imu, triggers)
        ready = sum(frame.t_us <= until_us for frame in frames)
        sampled = int(np.searchsorted(imu["t"], until_us, "right"))
        triggered = int(np.searchsorted(triggers["t"], until_us, "right"))
        self._frames = frames[ready:]
        self._imu, self._triggers = imu[sampled:], triggers[triggered:]
        return Packet(events, tuple(frames[:ready]), imu[:sampled], triggers[:triggered])

    def _wanted(self, t_us: int) -> bool:
        return self._start_us is None or t_us >= self._start_us

    def _joined(
        self, held: NDArray[np.void], more: list[NDArray[np.void]], shift_us: int
    ) -> NDArray[np.void]:
        if not more:
            return held
        joined = np.empty(held.size + sum(part.size for part in more), held.dtype)
        joined[: held.size], at = held, held.size
        for part in more:
            joined[at : at + part.size] = part
            at += part.size
        joined["t"][held.size :] += shift_us
        if self._start_us is not None:
            joined = joined[joined["t"] >= self._start_us]
        return joined[np.argsort(joined["t"], kind="stable")]


def _shifted(frame: Frame, shift_us: int) -> Frame:
    if not shift_us:
        return frame
    return Frame(frame.t_us + shift_us, frame.exposure_us, frame.pixels, frame.x, frame.y)
