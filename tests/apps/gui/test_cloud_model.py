"""Which events a cloud holds, and from where it is seen."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from eventvision_apps.gui.cloud import (
    VIEWS,
    CloudPainter,
    Orbit,
    age_colours,
    box_edges,
    cloud_of,
    fading_colours,
    project,
)
from eventvision_apps.gui.cloud_artist import CloudArtist, Wish

from eventvision.core import Events, SensorSize, Slice

SENSOR = SensorSize(40, 30)


def slice_at(index: int, t0_us: int, *, events: int = 4, sensor: SensorSize = SENSOR) -> Slice:
    t = np.linspace(t0_us, t0_us + 999, events).astype(int)
    columns = [t, np.arange(events) % 40, np.arange(events) % 30, np.arange(events) % 2]
    return Slice(index, Events.from_columns(*columns, sensor=sensor), t0_us, t0_us + 1000, "time")


SLICES = [slice_at(n, n * 1000) for n in range(10)]


def test_without_slices_there_is_no_cloud():
    assert cloud_of([], 1000) is None


@pytest.mark.parametrize(
    ("span_us", "now_us", "first", "last"),
    [
        (2_000, None, 8, 9),
        (2_500, None, 7, 9),
        (100_000, None, 0, 9),
        (2_000, 5_000, 3, 5),
        (2_000, 99_000, 8, 9),
    ],
)
def test_a_cloud_holds_the_slices_of_its_span(span_us, now_us, first, last):
    cloud = cloud_of(SLICES, span_us, now_us)
    assert [int(part["t"][0]) // 1000 for part in cloud.parts] == list(range(first, last + 1))
    assert cloud.now_us == (5_000 if now_us == 5_000 else 10_000)


def test_slices_of_another_sensor_are_left_out():
    mixed = [slice_at(0, 0, sensor=SensorSize(50, 50)), slice_at(1, 1000)]
    assert len(cloud_of(mixed, 10_000).parts) == 1


@pytest.mark.parametrize(("most", "every"), [(40, 1), (39, 2), (20, 2), (19, 4), (1, 64)])
def test_too_many_events_are_thinned_by_powers_of_two(most, every):
    assert cloud_of(SLICES, 100_000, most_points=most).every == every


def test_an_empty_span_is_refused():
    with pytest.raises(ValueError, match="span_us must be positive, got 0"):
        cloud_of(SLICES, 0)


@pytest.mark.parametrize("orbit", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("size", [(800, 600), (300, 700)])
def test_the_whole_box_is_in_the_window_from_every_standpoint(orbit, size):
    matrix = orbit.matrix(SENSOR, *size)
    corners = np.concatenate([edge for edge, _ in box_edges(SENSOR)])
    ends = project(matrix, corners)
    assert (ends >= -1).all()
    assert (ends <= np.array(size) + 1).all()


def test_from_the_front_x_runs_right_and_y_runs_down():
    matrix = VIEWS["front"].matrix(SENSOR, 400, 300)
    left_top, right_bottom = project(matrix, np.array([(0.0, 0, 0), (40, 30, 0)]))
    assert (right_bottom > left_top).all()


def test_new_events_are_nearer_than_old_ones_from_the_front():
    matrix = VIEWS["front"].matrix(SENSOR, 400, 300)
    new, old = (matrix[2] @ np.array([20, 15, age, 1]) for age in (0.0, 1.0))
    assert new < old


def test_turning_stops_at_the_poles_and_goes_round_the_axis():
    turned = Orbit(yaw_deg=170, pitch_deg=80).turned(20, 20)
    assert (turned.yaw_deg, turned.pitch_deg) == (-170, 90)


def test_zooming_is_bounded():
    assert Orbit().zoomed(1e9).zoom == 20
    assert Orbit().zoomed(1e-9).zoom == 0.2


def test_the_painter_draws_events_over_its_background():
    painter = CloudPainter(age_colours((0xFFFFFF, 0xFF0000)), 0xFF000000)
    empty = painter.draw(None, Orbit(), 64, 48).copy()
    drawn = painter.draw(cloud_of(SLICES, 100_000), Orbit(), 64, 48)
    assert empty.shape == drawn.shape == (48, 64)
    assert (empty == 0xFF000000).all()
    assert 10 < np.count_nonzero(drawn != 0xFF000000) <= 40 * 4


def test_tables_of_colours_begin_with_the_colours_given():
    assert list(fading_colours(0x0000FF, 0xFF0000, 0)[:, 0]) == [0xFF0000FF, 0xFFFF0000]
    assert list(age_colours((0x123456, 0))[:, 0]) == [0xFF123456] * 2


def test_the_artist_draws_the_latest_wish_and_ends_when_told(no_thread_stays):
    drawn = threading.Event()
    artist = CloudArtist(drawn.set)
    colours = age_colours((0xFFFFFF, 0))
    for width in (10, 20, 30):
        artist.want(Wish(SLICES, None, 9_000, Orbit(), width, 40, 2, colours, 0xFF000000))
    while artist.take() is None or artist.take().wish.width_px != 30:
        assert drawn.wait(120)
    assert len(artist.take().pixels) == 30 * 40 * 4
    artist.stop()
    artist.stop()
