"""Drawing scenes: frames a second of each named scene, and of one with all of its truth.

At 346x260 and 640x480, in one thread, at times spread over ten seconds, none of them asked for
twice; the time is that of the thread on the processor. A frame is light alone, as a camera asks for
it. No peer draws the same scenes.

    python -m benchmarks.scenes [--json] [--repeat N]
"""

from __future__ import annotations

import time
from collections.abc import Callable

from eventvision.core import SensorSize
from eventvision.simulation import SCENES, named_scene

from ._harness import Absent, Options, Row, race, run_benchmark, tell

SENSORS = (SensorSize(346, 260), SensorSize(640, 480))
FRAMES, TRUTHS = 20, 4
SPREAD_US = 10_000_000


def rate(look: Callable[[int], object], count: int) -> Callable[[], float]:
    """Return a lap that looks at other times than the ones before."""
    lap = 0

    def run() -> float:
        nonlocal lap
        lap += 1
        step_us = SPREAD_US // count
        begin = time.thread_time()
        for number in range(count):
            look(number * step_us + 1009 * lap)
        return count / (time.thread_time() - begin)

    return run


def measure(options: Options) -> list[Row]:
    """Time all scenes at both sizes."""
    rows = []
    for sensor in SENSORS:
        for name in SCENES:
            tell(f"{name}, {sensor}")
            scene = named_scene(name, sensor=sensor, seed=1)
            contestants = {
                "light": rate(scene.render, FRAMES),
                "truth": rate(scene.truth, TRUTHS),
            }
            for what, value in race(contestants, repeat=options.repeat).items():
                if not isinstance(value, Absent):
                    rows.append(Row(label=f"{name}, {sensor}, {what}", unit="frames/s", ours=value))
    return rows


if __name__ == "__main__":
    run_benchmark("scenes", __doc__, measure)
