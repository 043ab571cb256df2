"""Videos and folders of images as scenes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from eventvision.core import ConfigError, FormatError, SensorSize, SourceNotFoundError
from eventvision.simulation import (
    EventCamera,
    ImagesScene,
    PixelModel,
    SubFrames,
    VideoScene,
    open_scene,
    watch,
)

SENSOR = SensorSize(32, 24)


def write_video(path: Path, values, *, fps=50, size=(64, 48), times=None):
    """Write grey frames of constant values without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "gray"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for number, value in enumerate(values):
            pixels = np.full(size[::-1], value, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="gray")
            frame.pts = times[number] if times else number * 1000 // fps
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def srgb(value):
    value = value / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def test_a_video_is_seen_as_linear_light_at_the_times_of_its_frames(tmp_path):
    values = [10, 60, 120, 250, 180]
    path = write_video(tmp_path / "a.mkv", values, times=[40, 60, 90, 91, 130])
    scene = VideoScene(path, sensor=SENSOR)
    times_us = [0, 20_000, 50_000, 51_000, 90_000]
    assert scene.duration_us == 90_000
    assert list(SubFrames().times_us(scene, 0, 200_000)) == [*times_us, 200_000]
    for t_us, value in zip(times_us, values, strict=True):
        image = scene.render(t_us)
        assert image.shape == SENSOR.shape
        assert image.dtype == np.float32
        assert image == pytest.approx(srgb(value), abs=0.004)
    assert scene.render(10_000).mean() == pytest.approx((srgb(10) + srgb(60)) / 2, abs=0.004)
    assert scene.render(10**9) == pytest.approx(srgb(180), abs=0.004)


def test_a_video_may_be_asked_in_any_order(tmp_path):
    values = list(range(5, 255, 10))
    scene = VideoScene(write_video(tmp_path / "a.mkv", values), sensor=SENSOR)
    for number in (20, 3, 24, 0, 11, 12, 2):
        assert scene.render(number * 20_000) == pytest.approx(srgb(values[number]), abs=0.004)


def test_the_rate_of_a_video_may_be_declared(tmp_path):
    scene = VideoScene(write_video(tmp_path / "a.mkv", [0, 100, 200]), sensor=SENSOR, fps=1000)
    assert scene.duration_us == 2000
    assert scene.render(1000) == pytest.approx(srgb(100), abs=0.004)


@pytest.mark.parametrize(("gamma", "expected"), [(1.0, 100 / 255), (2.2, (100 / 255) ** 2.2)])
def test_gamma_may_be_declared(tmp_path, gamma, expected):
    path = write_video(tmp_path / "a.mkv", [100, 100])
    assert VideoScene(path, sensor=SENSOR, gamma=gamma).render(0) == pytest.approx(
        expected, abs=0.01
    )


def test_images_come_in_natural_order(tmp_path):
    for number in (1, 2, 9, 10, 100):
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), np.full((30, 30), 2 * number, np.uint8))
    (tmp_path / "notes.txt").write_text("not an image")
    scene = ImagesScene(tmp_path, sensor=SENSOR, fps=1000)
    seen = [float(scene.render(t_us).mean()) for t_us in range(0, 5000, 1000)]
    assert seen == pytest.approx([srgb(2 * n) for n in (1, 2, 9, 10, 100)], abs=1e-6)


def test_colours_weigh_as_luminance_does(tmp_path):
    for number, colour in enumerate([(0, 0, 255), (0, 255, 0), (255, 0, 0)]):  # BGR
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((24, 32, 3), colour, np.uint8))
    scene = ImagesScene(tmp_path, sensor=SENSOR, fps=10)
    seen = [float(scene.render(t_us)[0, 0]) for t_us in (0, 100_000, 200_000)]
    assert seen == pytest.approx([0.2126, 0.7152, 0.0722], abs=1e-6)


def test_sixteen_bits_are_kept(tmp_path):
    ramp = np.linspace(0, 65535, 32).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), np.tile(ramp, (24, 1)))
    image = ImagesScene(tmp_path, sensor=SENSOR, fps=10, gamma=1).render(0)
    assert image[5] == pytest.approx(ramp / 65535, abs=1e-6)


@pytest.mark.parametrize("size", [(96, 24), (32, 96), (8, 6), (33, 25)])
def test_pictures_cover_the_sensor_and_are_cut_around_the_middle(tmp_path, size):
    picture = np.full((size[1], size[0]), 50, np.uint8)
    picture[size[1] // 2 - 2 : size[1] // 2 + 2, size[0] // 2 - 2 : size[0] // 2 + 2] = 250
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    image = ImagesScene(tmp_path, sensor=SENSOR, fps=10, gamma=1).render(0)
    rows, columns = np.nonzero(image > 0.6)
    assert image.shape == SENSOR.shape
    assert rows.mean() == pytest.approx(11.5, abs=1.1)
    assert columns.mean() == pytest.approx(15.5, abs=1.1)


def test_a_camera_sees_a_video_as_ramps_from_frame_to_frame(tmp_path):
    scene = VideoScene(write_video(tmp_path / "a.mkv", [40, 160]), sensor=SENSOR)
    camera = EventCamera(SENSOR, PixelModel(on_threshold=0.2, dark=1e-6))
    events = np.concatenate([g.events.data for g in watch(scene, camera, t1_us=20_000)])
    contrast = np.log(srgb(160) / srgb(40))
    expected = 20_000 * 0.2 / contrast * np.arange(1, contrast / 0.2)
    found = events["t"][(events["x"] == 4) & (events["y"] == 7)]
    assert found == pytest.approx(expected, abs=40)


def test_pictures_know_no_objects(tmp_path):
    truth = VideoScene(write_video(tmp_path / "a.mkv", [40, 160]), sensor=SENSOR).truth(20_000)
    assert truth.ids.size == truth.boxes.size == 0
    assert not truth.mask.any()
    assert truth.intensity == pytest.approx(srgb(160), abs=0.004)
    assert truth.class_map is None


def text(path):
    path.write_text("hello " * 100)
    return path


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda folder: folder / "none.mp4", "no such video"),
        (lambda folder: text(folder / "a.txt"), "no video"),
        (lambda folder: text(folder / "a.mp4"), "no video"),
        (lambda folder: write_video(folder / "a.mkv", [1, 2], times=[5, 5]), "at one time"),
    ],
)
def test_what_is_no_video_gives_one_clear_error(tmp_path, make, problem):
    with pytest.raises((FormatError, SourceNotFoundError), match=problem):
        VideoScene(make(tmp_path), sensor=SENSOR)


def test_a_video_that_is_cut_off_is_seen_as_far_as_it_goes(tmp_path):
    path = write_video(tmp_path / "a.mkv", list(range(60)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    scene = VideoScene(path, sensor=SENSOR)
    assert 5 < scene.pictures < 60


def test_a_folder_without_images_gives_one_clear_error(tmp_path):
    with pytest.raises(SourceNotFoundError, match="holds no images"):
        ImagesScene(tmp_path, sensor=SENSOR, fps=10)


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((24, 32), np.uint8))
    (tmp_path / "2.png").write_bytes(b"nothing")
    (tmp_path / "3.png").write_bytes(b"")
    scene = ImagesScene(tmp_path, sensor=SENSOR, fps=10)
    for t_us, name in ((100_000, "2.png"), (200_000, "3.png")):
        with pytest.raises(FormatError, match=name):
            scene.render(t_us)


@pytest.mark.parametrize("settings", [{"fps": 0}, {"fps": -5}, {"fps": 10, "gamma": 0}])
def test_rates_and_exponents_that_cannot_be_are_refused(tmp_path, settings):
    with pytest.raises(ValueError, match=list(settings)[-1]):
        ImagesScene(tmp_path, sensor=SENSOR, **settings)


def test_scenes_videos_and_images_open_by_name(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((24, 32), np.uint8))
    video = write_video(tmp_path / "a.mkv", [1, 2])
    assert isinstance(open_scene(str(video), sensor=SENSOR), VideoScene)
    assert isinstance(open_scene(str(tmp_path), sensor=SENSOR, fps=100), ImagesScene)
    assert open_scene("shapes", sensor=SensorSize(64, 48)).class_names


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nowhere", {}, "a video, a folder of images, or one of"),
        ("shapes", {"fps": 30}, "fps"),
        (".", {}, "images a second"),
        (".", {"fps": -1}, "fps"),
        (".", {"images": Path("x")}, "images"),
    ],
)
def test_options_that_do_not_go_with_a_scene_are_refused(name, options, message, tmp_path):
    given = str(tmp_path) if name == "." else name
    with pytest.raises(ConfigError, match=message):
        open_scene(given, sensor=SENSOR, **options)


@pytest.mark.parametrize("name", ["none.mp4", "no/folder"])
def test_a_path_that_leads_nowhere_is_said_to(name):
    with pytest.raises(SourceNotFoundError, match="no such file or folder"):
        open_scene(name, sensor=SENSOR)
