"""A camera in a process of its own: blobs going in circles, at rates that change as they are told.

    python -m benchmarks._daemon_camera RATE:SECONDS [RATE:SECONDS ...]

Prints its address, and the time at which each rate began. Ends after the last stretch, or when it
is told to; in the end it says what nobody took.
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, Events, Packet, SensorSize
from eventvision.io import EventServer

SENSOR = SensorSize(346, 260)
PACKET_US = 5_000
LAP_US = 1_000_000
BLOBS = 4


def one_lap(rate: int) -> NDArray[np.void]:
    """Return a second of events: most of them on blobs, a tenth anywhere."""
    rng = np.random.default_rng(rate)
    data = np.empty(rate, EVENT_DTYPE)
    t = np.sort(rng.integers(0, LAP_US, rate))
    which = rng.integers(0, BLOBS, rate)
    angle = 2 * np.pi * (t / LAP_US + which / BLOBS)
    x = SENSOR.width / 2 + 110 * np.cos(angle) + rng.normal(0, 7, rate)
    y = SENSOR.height / 2 + 80 * np.sin(angle) + rng.normal(0, 7, rate)
    noise = rng.random(rate) < 0.1
    x[noise] = rng.integers(0, SENSOR.width, int(noise.sum()))
    y[noise] = rng.integers(0, SENSOR.height, int(noise.sum()))
    data["t"] = t
    data["x"] = np.clip(x, 0, SENSOR.width - 1)
    data["y"] = np.clip(y, 0, SENSOR.height - 1)
    data["on"] = rng.integers(0, 2, rate)
    return data


def packets(rate: int, seconds: float, began_us: int) -> Iterator[Packet]:
    """Yield packets of 5 ms, one lap after the other."""
    lap = one_lap(rate)
    cuts = np.searchsorted(lap["t"], np.arange(0, LAP_US + 1, PACKET_US))
    for number in range(round(seconds * 1e6 / PACKET_US)):
        laps, part = divmod(number, LAP_US // PACKET_US)
        data = lap[cuts[part] : cuts[part + 1]].copy()
        data["t"] += began_us + laps * LAP_US
        until_us = began_us + (number + 1) * PACKET_US
        yield Packet(Events(data, SENSOR), until_us=until_us)


def serve(server: EventServer, plan: Sequence[tuple[int, float]], stop: threading.Event) -> None:
    """Show one stretch after the other, each packet when it is due, until told to stop."""
    began_s, at_us = time.monotonic(), 0
    for rate, seconds in plan:
        print(f"{time.time():.3f} {rate}", flush=True)
        for packet in packets(rate, seconds, at_us):
            due_s = began_s + (packet.until_us or 0) / 1e6
            if stop.wait(max(0.0, due_s - time.monotonic())):
                return
            server.write(packet)
        at_us += round(seconds * 1e6)


def main(stretches: list[str]) -> None:
    """Serve all stretches, once somebody has connected."""
    plan = [(int(float(rate)), float(s)) for rate, s in (text.split(":") for text in stretches)]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever watches us decides
    with EventServer(sensor=SENSOR, camera="blobs") as server:
        print(server.address, flush=True)
        while not server.clients and not stop.wait(0.05):
            pass
        serve(server, plan, stop)
        print(f"{time.time():.3f} missed {server.events_dropped}", flush=True)


if __name__ == "__main__":
    main(list(itertools.islice(sys.argv, 1, None)))
