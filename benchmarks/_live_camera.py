"""A camera in a process of its own that sees a shipped recording over and over.

    python -m benchmarks._live_camera NAME WxH SECONDS

Prints its address, waits for somebody, gives them time to load networks, sends packets of 5 ms,
each when it is due, and stays until nobody listens any more. For another size than the recording's,
each event moves to some pixel of those that its own becomes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Packet, SensorSize
from eventvision.io import EventServer, open_source
from eventvision.simulation import shipped_recording

PACKET_US = 5_000
LOADING_S = 15.0
"""What came earlier would wait for a run to begin, and count as its latency."""


def one_lap(name: str, sensor: SensorSize) -> NDArray[np.void]:
    """Return the events of a recording, from time 0, on a sensor of a size."""
    with open_source(str(shipped_recording(name))) as source:
        events = Events.join([packet.events for packet in source])
    data, seen = events.data.copy(), events.sensor
    data["t"] -= data["t"][0]
    if seen != sensor:
        within = np.random.default_rng(0).random((2, len(data)))
        data["x"] = (data["x"] + within[0]) * sensor.width / seen.width
        data["y"] = (data["y"] + within[1]) * sensor.height / seen.height
    return data


def packets(lap: NDArray[np.void], sensor: SensorSize, seconds: float) -> Iterator[Packet]:
    """Yield packets, one lap after the other."""
    each = int(lap["t"][-1]) // PACKET_US + 1
    cuts = np.searchsorted(lap["t"], np.arange(each + 1) * PACKET_US)
    for number in range(round(seconds * 1e6 / PACKET_US)):
        laps, part = divmod(number, each)
        data = lap[cuts[part] : cuts[part + 1]].copy()
        data["t"] += laps * each * PACKET_US
        yield Packet(Events(data, sensor), until_us=(number + 1) * PACKET_US)


def main(name: str, size: str, seconds: str) -> None:
    """Serve until the time is over."""
    sensor = SensorSize(*map(int, size.split("x")))
    lap = one_lap(name, sensor)
    with EventServer(sensor=sensor, camera=name) as server:
        print(server.address, flush=True)
        while not server.clients:
            time.sleep(0.05)
        time.sleep(LOADING_S)
        began_s = time.monotonic()
        for packet in packets(lap, sensor, float(seconds)):
            due_s = began_s + (packet.until_us or 0) / 1e6
            time.sleep(max(0.0, due_s - time.monotonic()))
            server.write(packet)
        while server.clients:  # who is behind still has to read the rest
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:4])
