"""A daemon that does nothing, with results that can be known."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from eventvision.core import (
    ConfigError,
    Counts,
    Detections,
    Events,
    LineCount,
    OutputError,
    SensorSize,
    Slice,
    SliceResult,
    Tracks,
    ZoneCount,
)
from eventvision.pipeline import LATENCY_BOUNDS_MS

SENSOR = SensorSize(346, 260)


def result(index: int) -> SliceResult:
    """Return a slice with two moving squares, tracked and counted."""
    random = np.random.default_rng(index)
    t0_us = index * 10_000
    parts = []
    for corner in ((40 + 4 * index % 240, 60), (250 - 3 * index % 200, 150)):
        x, y = (c + random.integers(0, 40, 900) for c in corner)
        parts.append((x, y))
    x, y = (np.concatenate(values) for values in zip(*parts, strict=True))
    t = np.sort(random.integers(t0_us, t0_us + 10_000, len(x)))
    events = Events.from_columns(t, x, y, random.integers(0, 2, len(x)), sensor=SENSOR)
    boxes = np.array([[part[0].min(), part[1].min(), 40, 40] for part in parts], np.float32)
    found = Detections(boxes, np.float32([0.9, 0.8]), np.zeros(2, np.int64))
    tracks = Tracks(
        np.array([3, 4]),
        boxes,
        np.float32([[400, 0], [-300, 0]]),
        np.array([900_000, 500_000]),
        np.float32([0.9, 0.8]),
        np.zeros(2, np.int64),
    )
    counts = Counts(
        (LineCount("gate", (173.0, 260.0), (173.0, 0.0), 12 + index // 40, 7),),
        (
            ZoneCount(
                "desk", ((20.0, 20.0), (120.0, 20.0), (70.0, 200.0)), 1, 5, 2_300_000, 800_000
            ),
        ),
    )
    whole = {"detection": found, "tracking": tracks, "counting": counts}
    return SliceResult(Slice(index, events, t0_us, t0_us + 10_000, "time"), whole)


class FakeDaemon:
    """State as the HTTP side knows it."""

    def __init__(self) -> None:
        self.tasks = {"detection": True, "tracking": True, "counting": True}
        self.recording = False
        self.is_ready = self.is_healthy = True
        self.index = 1
        self.lock = threading.Lock()

    def status(self) -> dict[str, Any]:
        stage = {
            "p50_ms": 2.5,
            "p99_ms": 4.0 + self.index % 5,
            "count": 100,
            "sum_s": 0.25,
            "counts": tuple(min(100, 30 * (i + 1)) for i in range(len(LATENCY_BOUNDS_MS))),
        }
        recorder = {
            "path": "a.aedat4",
            "seconds": 3.0,
            "events": 9,
            "bytes": 2_000_000,
            "dropped": {},
        }
        return {
            "running": True,
            "position_us": 10_000 * self.index,
            "progress": None,
            "speed": None,
            "paused": False,
            "waiting": False,
            "events": 1800 * self.index,
            "on_events": 900 * self.index,
            "event_rate_hz": 180_000.0 + 20_000 * (self.index % 7),
            "on_rate_hz": 90_000.0,
            "slices": self.index,
            "slices_by_reason": {"time": self.index},
            "stages": {"slice": stage, "detection": stage, "total": stage},
            "tasks": {
                name: {
                    "on": on,
                    "rate_hz": 100.0 if on else 0.0,
                    "p50_ms": 1.0,
                    "p99_ms": 2.0,
                    "share": 1.0,
                    "missed": 7,
                    "model": "",
                    "device": "",
                }
                for name, on in self.tasks.items()
            },
            "dropped": {"slices: results too slow": 0, 'odd "cause"\n': 2},
            "filtered": {"BackgroundActivity": 55},
            "networks": [
                {
                    "model": "nano",
                    "device": "onnx",
                    "artifact": "onnx",
                    "steps": 90,
                    "failures": 1,
                    "restarts": 0,
                    "dropped": 3,
                    "is_running": False,
                }
            ],
            "recorder": recorder if self.recording else None,
            "damage": 0,
            "damage_kinds": {},
            "temperature_c": 41.5,
        }

    def results(self) -> SliceResult | None:
        if not self.index:
            return None
        with self.lock:
            self.index += 1
            return result(self.index)

    def config(self) -> dict[str, Any]:
        return {"source": "camera:", "http": {"token": "**********"}}

    def set_task(self, name: str, on: bool) -> None:
        if name not in self.tasks:
            raise ConfigError("tasks", name, "a task that runs")
        self.tasks[name] = on

    def record(self, on: bool) -> None:
        if on and self.recording:
            raise OutputError("a.aedat4", "is being recorded already", "wait")
        self.recording = on

    def ready(self) -> bool:
        return self.is_ready

    def healthy(self) -> bool:
        return self.is_healthy
