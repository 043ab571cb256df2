"""The untrained tasks on recordings of real sensors, held against what is to be seen there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from eventvision.core import Events, Slice, Tracks
from eventvision.io import open_source
from eventvision.tasks import build_tasks

WINDOW_US = 10_000


def slices_of(path: Path) -> Iterator[Slice]:
    with open_source(str(path)) as source:
        events = Events.join([packet.events for packet in source])
    starts = range(int(events.t[0]), int(events.t[-1]) + 1, WINDOW_US)
    for index, t0_us in enumerate(starts):
        t1_us = t0_us + WINDOW_US
        yield Slice(index, events.between(t0_us, t1_us), t0_us, t1_us, "time")


def tracks_of(path: Path) -> list[Tracks]:
    slices = list(slices_of(path))
    detection, tracking = build_tasks(["tracking"], slices[0].events.sensor)
    return [tracking.step(slice_, {"detection": detection.step(slice_, {})}) for slice_ in slices]


def times_seen(tracks: list[Tracks]) -> Counter[int]:
    return Counter(id_ for seen in tracks for id_ in seen.ids.tolist())


def test_the_thrown_ball_is_one_track_and_the_flickering_lamp_none(shared_recordings):
    tracks = tracks_of(shared_recordings / "aedat4/ring_davis346.aedat4")
    before, flight = tracks[:60], tracks[66:74]
    assert not times_seen(before)
    ((ball, slices),) = times_seen(flight).most_common(1)
    assert slices == len(flight)
    middle = flight[4]
    (velocity,) = middle.velocities[middle.ids == ball]
    assert velocity[0] > 500
    assert velocity[1] > 100


def test_the_two_near_cars_keep_their_ids(shared_recordings):
    tracks = tracks_of(shared_recordings / "aedat4/road_davis346.aedat4")
    settled = tracks[5:]
    assert times_seen(settled) == {1: len(settled), 2: len(settled)}
    for seen in settled:
        places = seen.boxes[:, :2] + seen.boxes[:, 2:] / 2
        np.testing.assert_allclose(places[seen.ids == 1], [[70, 232]], atol=14)
        np.testing.assert_allclose(places[seen.ids == 2], [[217, 166]], atol=14)


def test_the_person_is_one_track_as_large_as_the_person(shared_recordings):
    tracks = tracks_of(shared_recordings / "aedat4/person_dvxplorer.aedat4")
    ((_, slices),) = times_seen(tracks).most_common(1)
    assert slices > 0.9 * len(tracks)
    whole = np.median([seen.boxes[0] for seen in tracks[10:40]], axis=0)
    np.testing.assert_allclose(whole, [85, 20, 185, 220], atol=25)


@pytest.mark.parametrize("frame", [3, 4])
def test_the_image_resembles_the_frame_of_the_same_sensor(shared_recordings, frame):
    folder = shared_recordings / "txt/slider_depth"
    seconds, name = (folder / "images.txt").read_text().splitlines()[frame].split()
    expected = np.log(cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE) + 10.0)
    image = None
    for slice_ in slices_of(folder / "events_chunk.txt"):
        if slice_.t1_us > float(seconds) * 1e6:
            break
        if image is None:
            (task,) = build_tasks(["reconstruction"], slice_.events.sensor)
        image = task.step(slice_, {}).pixels
    assert np.corrcoef(image.ravel(), expected.ravel())[0, 1] > 0.25
