"""One unbroken time line out of a camera's clock, which begins anew whenever it is opened.

The first opening keeps the camera's own times. After an interruption, the time line goes on where
the wall clock says that it is: a camera that was away for 3 s comes back 3 s later, whatever its
clock shows then. While a camera is silent, the wall clock tells how far the time line has come.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Damage, DamageReport, Events, Frame, Packet, SensorSize
from eventvision.io._guard import StreamGuard
from eventvision.kernels.words import joined

from .driver import Batch

SILENCE_MARGIN_US = 50_000
"""What a silent camera may still have to say about the past."""

_SPARSE_US = 500_000
_LATEST_US = 1 << 53


class CameraClock:
    """Admits batches through a `StreamGuard` and moves their times onto one time line.

    Args:
        sensor: Size of the pixel array.
        damage: Where to report what was wrong.
    """

    def __init__(self, sensor: SensorSize, damage: DamageReport) -> None:
        self._sensor = sensor
        self._damage = damage
        self._guard = StreamGuard(sensor, damage, is_live=True)
        self._offset_us = 0
        self._tied = True
        self._last_us = -1
        self._floor_us = 0
        self._arrived_ns = 0

    @property
    def now_us(self) -> int:
        """Time that the time line has reached, as far as events and silence have told."""
        return max(self._last_us, self._floor_us)

    def interrupt(self) -> Packet | None:
        """Let go of what is held back; the next batch comes from a clock of its own."""
        rest = self._placed(self._guard.flush())
        self._guard = StreamGuard(self._sensor, self._damage, is_live=True)
        self._tied = self._last_us < 0
        return self._packet(Batch(), rest) if rest.size else None

    def admit(self, batch: Batch, arrived_ns: int) -> Packet:
        """Return what may pass of a batch that arrived at `arrived_ns`."""
        held = self._released(batch, arrived_ns)
        passed = self._guard.admit(batch.events)
        self._tie(batch, passed, arrived_ns)
        events = self._placed(passed)
        if held.size:
            events = joined([held, events])
        if events.size:
            self._arrived_ns = arrived_ns
        return self._packet(batch, events, arrived_ns)

    def silence(self, complete_ns: int) -> Packet:
        """Return a packet without events that says how far the time line has come.

        Args:
            complete_ns: Time by which all that the camera said had come; the camera said nothing
                more up to then, but for what may be on its way.
        """
        if self._last_us >= 0:
            elapsed_us = (complete_ns - self._arrived_ns) // 1000
            until_us = self._last_us + elapsed_us - SILENCE_MARGIN_US
            self._floor_us = max(self._floor_us, until_us)
        until = self._floor_us if self._last_us >= 0 else None
        return Packet(Events.empty(self._sensor), until_us=until)

    def _tie(self, batch: Batch, passed: NDArray[np.void], arrived_ns: int) -> None:
        """After an interruption, fix what the new clock's times are on the time line."""
        if self._tied:
            return
        side = [int(part["t"][0]) for part in (passed, batch.imu, batch.triggers) if part.size]
        known = [*side, *(frame.t_us for frame in batch.frames)]
        first_us = known[0] if known else batch.until_us
        if first_us is not None:
            elapsed_us = max(0, (arrived_ns - self._arrived_ns) // 1000)
            self._offset_us = max(self.now_us, self._last_us + elapsed_us) + 1 - first_us
            self._tied = True

    def _released(self, batch: Batch, arrived_ns: int) -> NDArray[np.void]:
        """Begin a new guard where the wall clock confirms a gap that would otherwise be doubted."""
        elapsed_us = (arrived_ns - self._arrived_ns) // 1000
        if not batch.events.size or self._last_us < 0 or elapsed_us < _SPARSE_US:
            return batch.events[:0]
        due_us = self._last_us + elapsed_us - self._offset_us
        if abs(int(batch.events["t"][0]) + self._guard.shift_us - due_us) > _SPARSE_US:
            return batch.events[:0]
        rest = self._placed(self._guard.flush())
        self._offset_us += self._guard.shift_us
        self._guard = StreamGuard(self._sensor, self._damage, is_live=True)
        return rest

    def _placed(self, data: NDArray[np.void]) -> NDArray[np.void]:
        """Return guarded events with their times on the time line, none before what was told."""
        if not data.size:
            return data
        if self._offset_us:
            data = data.copy()
            data["t"] += self._offset_us
        late = int(data["t"].searchsorted(self.now_us))
        if late:
            by_us = self.now_us - int(data["t"][0])
            data = data.copy()
            data["t"][:late] = self.now_us
            message = f"{late} events came late and were moved forward by up to {by_us} us"
            self._damage.add(Damage(kind="time-backwards", message=message))
        self._last_us = int(data["t"][-1])
        return data

    def _packet(
        self, batch: Batch, events: NDArray[np.void], arrived_ns: int | None = None
    ) -> Packet:
        shift_us = self._offset_us + self._guard.shift_us
        until_us = None
        if batch.until_us is not None and self._last_us >= 0 and self._tied:
            until_us = min(batch.until_us + shift_us, self.now_us + _SPARSE_US)
            self._floor_us = max(self._floor_us, until_us)
        return Packet(
            Events(events, self._sensor),
            frames=tuple(_moved(frame, shift_us) for frame in batch.frames),
            imu=_shifted(batch.imu, shift_us),
            triggers=_shifted(batch.triggers, shift_us),
            until_us=until_us,
            arrived_ns=self._arrived_ns if arrived_ns is None else arrived_ns,
        )


def _moved(frame: Frame, shift_us: int) -> Frame:
    return replace(frame, t_us=frame.t_us + shift_us)


def _shifted(samples: NDArray[np.void], shift_us: int) -> NDArray[np.void]:
    """Return samples in order of time on the time line, without those of impossible times."""
    if not samples.size:
        return samples
    moved = samples.copy()
    moved["t"] += shift_us
    possible = moved[(moved["t"] >= 0) & (moved["t"] < _LATEST_US)]
    return possible[np.argsort(possible["t"], kind="stable")]
