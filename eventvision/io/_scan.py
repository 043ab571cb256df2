"""What a recording holds, found out in one pass over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eventvision.core import DamageReport, Source, SourceInfo

from ._conversion_report import OnProgress

PEAK_BIN_US = 10_000
"""Width of the bins of which the fullest gives the peak rate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingSummary:
    """Counts and rates of a recording, from the present position of its source to the end.

    Attributes:
        info: What the source says about itself.
        events: Events delivered.
        t_first_us: Time of the first event; None if there is none.
        t_last_us: Time of the last event; None likewise.
        rate_mean_evps: Events per second between first and last event; 0 without a duration.
        rate_peak_evps: Rate in the fullest of the consecutive 10 ms bins that begin with the
            first event; never below the mean, which a recording shorter than a bin has.
        on_share: Share of brighter events, 0 to 1; 0 if there are none.
        frames: Images.
        imu: Inertial samples.
        triggers: Triggers.
        damage: What was wrong.
    """

    info: SourceInfo
    events: int
    t_first_us: int | None
    t_last_us: int | None
    rate_mean_evps: float
    rate_peak_evps: float
    on_share: float
    frames: int
    imu: int
    triggers: int
    damage: DamageReport

    @property
    def duration_s(self) -> float:
        """Time from the first to the last event; 0 if there are none."""
        if self.t_first_us is None or self.t_last_us is None:
            return 0.0
        return (self.t_last_us - self.t_first_us) / 1e6

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain values that JSON can hold."""
        return {
            "name": self.info.name,
            "format": self.info.format,
            "width": self.info.sensor.width,
            "height": self.info.sensor.height,
            "sensor_from": self.info.sensor_from,
            "camera": self.info.camera,
            "events": self.events,
            "t_first_us": self.t_first_us,
            "t_last_us": self.t_last_us,
            "duration_s": self.duration_s,
            "rate_mean_evps": self.rate_mean_evps,
            "rate_peak_evps": self.rate_peak_evps,
            "on_share": self.on_share,
            "frames": self.frames,
            "imu": self.imu,
            "triggers": self.triggers,
            "damage": self.damage.as_dict(),
            "notes": list(self.info.notes),
        }


def scan(source: Source, on_progress: OnProgress | None = None) -> RecordingSummary:
    """Read a source from its present position to its end and return what there was.

    Memory stays constant. Never call it on a live source: that has no end.

    Args:
        source: What to read.
        on_progress: Called after each packet with the share read so far and the events in it.
    """
    from eventvision.kernels import tally as kernel

    state = np.zeros(4, np.int64)
    events = frames = imu = triggers = 0
    first_us: int | None = None
    last_us: int | None = None
    for packet in source:
        if on_progress is not None:
            on_progress(source.progress, events)
        frames += len(packet.frames)
        imu += packet.imu.size
        triggers += packet.triggers.size
        if not len(packet):
            continue
        t = packet.events.t
        if first_us is None:
            first_us = int(t[0])
            state = kernel.new_tally(first_us, PEAK_BIN_US)
        last_us = int(t[-1])
        events += t.size
        kernel.tally(t, packet.events.on, PEAK_BIN_US, state)
    duration_us = 0 if first_us is None or last_us is None else last_us - first_us
    mean_evps = events * 1e6 / duration_us if duration_us else 0.0
    return RecordingSummary(
        info=source.info,
        events=events,
        t_first_us=first_us,
        t_last_us=last_us,
        rate_mean_evps=mean_evps,
        rate_peak_evps=max(mean_evps, int(state[kernel.FULLEST]) * 1e6 / PEAK_BIN_US),
        on_share=int(state[kernel.ON]) / events if events else 0.0,
        frames=frames,
        imu=imu,
        triggers=triggers,
        damage=source.damage,
    )
