"""The peers' side of the `chain` benchmark, each with what its own documentation would use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def dv_processing(path: str, width: int, height: int) -> int:
    """Read AEDAT4, denoise (2 ms), accumulate a frame every 10 ms; return the number of events."""
    import dv_processing as dv

    recording = dv.io.MonoCameraRecording(path)
    noise = dv.noise.BackgroundActivityNoiseFilter((width, height))
    accumulator = dv.Accumulator((width, height))
    slicer = dv.EventStreamSlicer()

    def on_slice(events: Any) -> None:
        accumulator.accept(events)
        accumulator.generateFrame()

    slicer.doEveryTimeInterval(timedelta(milliseconds=10), on_slice)
    total = 0
    while recording.isRunning() and (batch := recording.getNextEventBatch()) is not None:
        total += batch.size()
        noise.accept(batch)
        slicer.accept(noise.generateEvents())
    return total


def eventcv(path: str) -> int:
    """Read, denoise (2 ms), a voxel grid of 5 bins every 10 ms; return the number of events."""
    import eventcv

    total = 0
    for window in eventcv.open(path, dt_ms=10).windows():
        total += len(window)
        window.background_activity_filter(2000).voxel(bins=5).numpy()
    return total
