"""The batched pixels behave like the exact ones: same scene, same counts, same representations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from eventvision.core import SensorSize, Slice  # noqa: E402
from eventvision.representations import PolarityHistogram, VoxelGrid  # noqa: E402
from eventvision.simulation import EventCamera, Movers, PixelModel  # noqa: E402
from eventvision.simulation.batched import PixelArray, PlaneForm, place_steps, slice_edges  # noqa: E402

SENSOR = SensorSize(120, 90)
SLICES, STEPS, SLICE_US = 4, 48, 48_000
NOISY = PixelModel(
    on_threshold=0.25,
    off_threshold=0.2,
    mismatch=0.04,
    refractory_us=700.0,
    leak_hz=0.5,
    shot_noise_hz=4.0,
    hot_pixel_share=2e-3,
    hot_pixel_hz=60.0,
    hot_pixel_on_share=0.5,
    dead_pixel_share=0.01,
    reset_noise=0.05,
    bandwidth_hz=400.0,
    bandwidth_in_dark=0.1,
    follower_hz=3000.0,
    dark=5e-3,
    start_spread=1.0,
)


def steady_timeline(intervals):
    path = np.linspace(0, 1, 50)[None]
    duration_us = np.array([float(SLICES * SLICE_US)])
    random = np.random.default_rng(0)
    edges = slice_edges(path, duration_us, SLICES, np.ones(1), random)
    return place_steps(path, edges, intervals, STEPS)


def exact(model, timeline, scene, seed):
    camera = EventCamera(SENSOR, model, seed=seed)
    return [camera.expose(int(t_us), scene.render(int(t_us))) for t_us in timeline.times_us[:, 0]]


def slices_of(parts, timeline):
    events = type(parts[0]).join(parts)
    edges = timeline.slice_edges_us[:, 0].astype(int)
    return [
        Slice(index, events.between(t0_us, t1_us), t0_us, t1_us, "time")
        for index, (t0_us, t1_us) in enumerate(itertools.pairwise(edges))
    ]


def batched(model, timeline, scene, form, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pixels = PixelArray(
        [model], SENSOR.shape, random=np.random.default_rng(seed), generator=generator
    )
    planes = PlaneForm.parse(form).empty(SLICES, 1, SENSOR.shape, torch.device("cpu"))
    places = timeline.on("cpu")
    for step, t_us in enumerate(timeline.times_us[:, 0]):
        image = torch.from_numpy(scene.render(int(t_us)).copy())[None]
        if step == 0:
            pixels.prime(image)
        else:
            duration = np.diff(timeline.times_us[step - 1 : step + 1, 0])
            planes.add(pixels.advance(image, duration), places[step - 1])
    return planes.values[:, 0].numpy()


@pytest.mark.parametrize("refractory_us", [0.0, 900.0])
def test_without_chance_every_pixel_counts_the_same_events(refractory_us):
    model = PixelModel(on_threshold=0.17, off_threshold=0.23, refractory_us=refractory_us)
    timeline, scene = steady_timeline(1), Movers(SENSOR, seed=3)
    slices = slices_of(exact(model, timeline, scene, 0), timeline)
    expected = np.stack([PolarityHistogram(SENSOR).render(slice_).copy() for slice_ in slices])
    counted = batched(model, timeline, scene, "histogram")
    assert expected.sum() > 5_000
    assert np.mean(expected != counted) < 2e-3
    assert np.abs(expected - counted).sum() < 3e-3 * expected.sum()


@pytest.mark.parametrize("bins", [1, 5])
def test_voxel_grids_are_those_of_the_representation(bins):
    model = PixelModel(on_threshold=0.2, off_threshold=0.2, refractory_us=300.0)
    timeline, scene = steady_timeline(max(1, bins - 1)), Movers(SENSOR, seed=4)
    slices = slices_of(exact(model, timeline, scene, 0), timeline)
    expected = np.stack([VoxelGrid(SENSOR, bins=bins).render(one).copy() for one in slices])
    filled = batched(model, timeline, scene, f"voxel:{bins}")
    assert np.abs(expected).sum() > 5_000
    assert np.abs(expected - filled).sum() < 0.01 * np.abs(expected).sum()


def test_a_stack_divides_a_slice_into_histograms():
    model = PixelModel(on_threshold=0.2, off_threshold=0.2)
    timeline, scene = steady_timeline(3), Movers(SENSOR, seed=4)
    events = type(exact(model, timeline, scene, 0)[0]).join(exact(model, timeline, scene, 0))
    stack = batched(model, timeline, scene, "stack:3")
    for index in range(SLICES):
        for part in range(3):
            t0_us = index * SLICE_US + part * SLICE_US // 3
            piece = Slice(0, events.between(t0_us, t0_us + SLICE_US // 3), t0_us, t0_us + 1, "time")
            expected = PolarityHistogram(SENSOR).render(piece)
            difference = np.abs(stack[index, 2 * part : 2 * part + 2] - expected).sum()
            assert difference < 0.02 * expected.sum() + 2


def test_with_noise_totals_and_counts_per_place_agree():
    timeline, scene = steady_timeline(1), Movers(SENSOR, seed=5)
    slices = slices_of(exact(NOISY, timeline, scene, 1), timeline)
    expected = np.stack([PolarityHistogram(SENSOR).render(one).copy() for one in slices])
    counted = batched(NOISY, timeline, scene, "histogram", seed=2)
    totals, ours = expected.sum((0, 2, 3)), counted.sum((0, 2, 3))
    np.testing.assert_allclose(ours, totals, rtol=0.04)
    again = slices_of(exact(NOISY, timeline, scene, 3), timeline)
    other = np.stack([PolarityHistogram(SENSOR).render(one).copy() for one in again])
    blocks = [
        a.reshape(SLICES, 2, 9, 10, 12, 10).sum((3, 5)).ravel() for a in (expected, other, counted)
    ]
    likeness = np.corrcoef(blocks)
    assert likeness[0, 2] > likeness[0, 1] - 0.01
    assert likeness[0, 2] > 0.95


@pytest.mark.parametrize(
    ("model", "rate_hz", "on_share"),
    [
        (PixelModel(leak_hz=4.02, leak_mismatch=0.0), 4.0, 1.0),
        (PixelModel(shot_noise_hz=8.0, shot_noise_in_light=1.0), 8.0, 0.5),
        (PixelModel(shot_noise_hz=8.0, shot_noise_in_light=0.5), 6.0, 0.5),
        (PixelModel(hot_pixel_share=0.1, hot_pixel_hz=40.0, start_spread=1.0), 4.0, 1.0),
    ],
    ids=["leak", "noise in the dark", "noise in light", "hot pixels"],
)
def test_a_still_scene_gives_noise_at_the_stated_rates(model, rate_hz, on_share):
    shape, clips, steps, step_us = (60, 80), 3, 100, 5_000.0
    pixels = PixelArray(
        [model] * clips, shape, random=np.random.default_rng(1), generator=torch.Generator()
    )
    image, duration = torch.full((clips, *shape), 0.5), np.full(clips, step_us)
    pixels.prime(image)
    total, on = 0.0, 0.0
    for _ in range(steps):
        fired = pixels.advance(image, duration)
        for part in (fired.counts, fired.misfires):
            total += float(part.abs().sum())
            on += float(part.clamp(min=0).sum())
    expected = rate_hz * clips * shape[0] * shape[1] * steps * step_us * 1e-6
    assert total == pytest.approx(expected, rel=4 / np.sqrt(expected) + 0.02)
    assert on / total == pytest.approx(on_share, abs=0.03)


def test_refractory_pixels_fire_no_faster_than_they_may():
    model = PixelModel(on_threshold=0.05, off_threshold=0.05, refractory_us=2_000.0)
    pixels = PixelArray(
        [model], (2, 2), random=np.random.default_rng(1), generator=torch.Generator()
    )
    image = torch.full((1, 2, 2), 1e-3)
    pixels.prime(image)
    counts = torch.zeros(1, 2, 2)
    for _ in range(40):
        image = image * 1.3
        counts += pixels.advance(image, np.array([1_000.0])).counts
    assert counts.max() <= 20
    assert counts.min() >= 14
