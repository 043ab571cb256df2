"""Slices and results of sinks' tests: small, synthetic, exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eventvision.core import (
    Depth,
    Detections,
    Events,
    Image,
    Result,
    Segmentation,
    SensorSize,
    Slice,
    SliceResult,
    Tracks,
)

SENSOR = SensorSize(40, 30)

MakeResult = Callable[..., SliceResult]


def detections(*boxes: tuple[float, float, float, float]) -> Detections:
    count = len(boxes)
    return Detections(
        boxes=np.array(boxes, np.float32).reshape(count, 4),
        scores=np.full(count, 0.875, np.float32),
        classes=np.arange(count, dtype=np.int64) % 2,
        class_names=("car", "person"),
    )


def tracks(ids: tuple[int, ...], *boxes: tuple[float, float, float, float]) -> Tracks:
    count = len(boxes)
    return Tracks(
        ids=np.array(ids, np.int64),
        boxes=np.array(boxes, np.float32).reshape(count, 4),
        velocities=np.tile(np.float32([120.5, -60.25]), (count, 1)),
        ages_us=np.full(count, 30_000, np.int64),
        scores=np.full(count, 0.5, np.float32),
        classes=np.ones(count, np.int64),
        class_names=("car", "person"),
    )


def dense_results(sensor: SensorSize) -> dict[str, Result]:
    """An image, a mask and a depth map: ramps whose corners are known."""
    ramp = np.linspace(0, 1, sensor.pixels, dtype=np.float32).reshape(sensor.shape)
    return {
        "reconstruction": Image(ramp),
        "segmentation": Segmentation((ramp > 0.5).astype(np.uint8), ("background", "car")),
        "depth": Depth(1 + 9 * ramp, np.ones_like(ramp), metric=True),
    }


@pytest.fixture
def make_result() -> MakeResult:
    def make(
        index: int = 0,
        results: dict[str, Result] | None = None,
        *,
        sensor: SensorSize = SENSOR,
        events: int = 100,
        duration_us: int = 10_000,
        start_us: int = 1_000_000,
    ) -> SliceResult:
        rng = np.random.default_rng(index)
        t0_us = start_us + index * duration_us
        return SliceResult(
            Slice(
                index=index,
                events=Events.from_columns(
                    np.sort(rng.integers(t0_us, t0_us + duration_us, events)),
                    rng.integers(0, sensor.width, events),
                    rng.integers(0, sensor.height, events),
                    rng.integers(0, 2, events),
                    sensor=sensor,
                ),
                t0_us=t0_us,
                t1_us=t0_us + duration_us,
                ended_by="time",
            ),
            results or {},
        )

    return make
