"""What a run makes of silence: movers that stop and go on keep their ids."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from streams import MemorySource

from eventvision.core import Events, Packet, SensorSize, SliceResult, SourceInfo
from eventvision.filters import parse_filters
from eventvision.pipeline import Pipeline
from eventvision.simulation import PIXEL_MODELS, EventCamera, SubFrames
from eventvision.slicing import parse_slicer
from eventvision.tasks import build_tasks

SENSOR = SensorSize(160, 120)
STOP_US, SILENT_US, END_US = 300_000, 500_000, 1_100_000


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """A disc that moves, stands still for half a second, and moves on; a scene for a camera."""

    speed_px_s: float
    radius_px: float = 14.0
    sensor: SensorSize = SENSOR

    def x(self, t_us: int) -> float:
        moved_us = min(t_us, STOP_US) + max(0, t_us - STOP_US - SILENT_US)
        return 30 + self.speed_px_s * moved_us / 1e6

    def render(self, t_us: int) -> np.ndarray:
        y, x = np.mgrid[: self.sensor.height, : self.sensor.width] + 0.5
        distance = np.hypot(x - self.x(t_us), y - 60) - self.radius_px
        return (0.15 + 0.6 * np.clip(0.5 - distance, 0, 1)).astype(np.float32)

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        return self.x(t1_us) - self.x(t0_us)


class Kept:
    """Keeps all results."""

    def __init__(self) -> None:
        self.results: list[SliceResult] = []

    def write(self, result: SliceResult) -> None:
        self.results.append(result)

    def close(self) -> None:
        pass


def recorded(scene: Stopping, camera: str) -> list[Packet]:
    """Return what a camera sees of a scene, a packet every 10 ms."""
    eye = EventCamera(SENSOR, PIXEL_MODELS[camera], seed=2)
    looks = SubFrames().times_us(scene, 0, END_US)
    events = Events.join([eye.expose(t_us, scene.render(t_us)) for t_us in looks])
    times = range(0, END_US + 1, 10_000)
    return [Packet(events.between(*pair)) for pair in itertools.pairwise(times)]


def run(packets: list[Packet], slicer: str) -> list[SliceResult]:
    source, kept = MemorySource(packets), Kept()
    source.info = SourceInfo(name="memory", format="memory", sensor=SENSOR, sensor_from="user")
    Pipeline(
        source=source,
        filters=parse_filters("background", SENSOR),
        slicer=parse_slicer(slicer, SENSOR),
        tasks=build_tasks(["tracking"], SENSOR),
        sinks=[kept],
    ).run()
    return kept.results


@pytest.mark.parametrize("camera", ["ideal", "davis346", "evk4"])
@pytest.mark.parametrize("slicer", ["time:10ms", "time:33ms"])
def test_a_mover_that_stops_for_half_a_second_keeps_its_id(camera, slicer):
    results = run(recorded(Stopping(speed_px_s=110), camera), slicer)
    seen = [(result.slice.t1_us, result.results["tracking"].ids.tolist()) for result in results]
    moving = [ids for t_us, ids in seen if 150_000 < t_us <= STOP_US]
    still = [ids for t_us, ids in seen if STOP_US < t_us <= STOP_US + SILENT_US]
    again = [ids for t_us, ids in seen if t_us > STOP_US + SILENT_US + 100_000]
    assert moving
    assert {tuple(ids) for ids in [*moving, *still, *again]} == {(1,)}
