"""The video is what browsers play, and shows what happened where it happened."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from eventvision.core import OutputError, SensorSize, SliceResult
from eventvision.sinks import OverlayState, VideoSink, compose, number_colour, panels_for

from .conftest import SENSOR, dense_results, detections, tracks

BOX = (10.0, 8.0, 12.0, 9.0)


def write_all(sink: VideoSink, results: list[SliceResult]) -> None:
    for result in results:
        sink.write(result)


def decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def top_boxes(path: Path) -> list[bytes]:
    """Names of the outermost boxes of an MP4 file, in order."""
    content, names, at = path.read_bytes(), [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    return names


@pytest.fixture
def results(make_result) -> list[SliceResult]:
    given = dense_results(SENSOR) | {"detection": detections(BOX), "tracking": tracks((5,), BOX)}
    return [make_result(index, given) for index in range(12)]


def test_the_file_is_what_browsers_play(tmp_path, results):
    path = tmp_path / "out" / "video.mp4"
    with closing(VideoSink(path, SENSOR, fps=25)) as sink:
        write_all(sink, results)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 25
        assert stream.frames == len(results)
        assert (stream.width % 2, stream.height % 2) == (0, 0)
        times = [frame.time for frame in container.decode(stream)]
    assert times == pytest.approx(np.arange(len(results)) / 25)
    boxes = top_boxes(path)
    assert boxes.index(b"moov") < boxes.index(b"mdat")
    assert [entry.name for entry in path.parent.iterdir()] == ["video.mp4"]


def test_opencv_reads_it_too(tmp_path, results):
    path = tmp_path / "video.mp4"
    with closing(VideoSink(path, SENSOR)) as sink:
        write_all(sink, results)
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.read()[0]:
        count += 1
    assert count == len(results)


def test_decoded_frames_are_the_composed_pictures(tmp_path, results):
    path = tmp_path / "video.mp4"
    state = OverlayState(SENSOR, panels_for(results[0]))
    with closing(VideoSink(path, SENSOR)) as sink:
        write_all(sink, results)
    frames = decode(path)
    for frame, result in zip(frames, results, strict=True):
        state.update(result)
        picture = compose(result, state)
        assert frame.shape == picture.shape
        assert np.abs(frame.astype(int) - picture).mean() < 8


def test_boxes_are_where_the_objects_are(tmp_path, make_result):
    path = tmp_path / "video.mp4"
    with closing(VideoSink(path, SENSOR)) as sink:
        sink.write(make_result(0, {"tracking": tracks((5,), BOX)}, events=0))
    (frame,) = decode(path)
    layout = OverlayState(SENSOR).layout
    left, top = layout.origin(0)
    x, y, w, h = (round(value * layout.zoom) for value in BOX)
    colour = np.array(number_colour(5), int)

    def distance(column: int, row: int) -> float:
        return float(np.abs(frame[top + row, left + column] - colour).mean())

    middle_x, middle_y = x + w // 2, y + h // 2
    edges = [(x - 1, middle_y), (x + w, middle_y), (middle_x, y - 1), (middle_x, y + h)]
    assert all(distance(*edge) < 40 for edge in edges)
    assert distance(x + w // 3, y + h // 3) > 100
    assert distance(x - 12, middle_y) > 100


@pytest.mark.parametrize(
    "size", ["34x34", "101x75", "240x180", "346x260", "640x480", "1280x720", "1x1", "2000x3"]
)
def test_every_sensor_size_gives_a_video(tmp_path, make_result, size):
    sensor = SensorSize.parse(size)
    path = tmp_path / "video.mp4"
    with closing(VideoSink(path, sensor)) as sink:
        for index in range(2):
            sink.write(make_result(index, dense_results(sensor), sensor=sensor))
    frames = decode(path)
    assert len(frames) == 2
    assert frames[0].shape[1] >= 640


def test_what_to_show_can_be_chosen(tmp_path, results):
    widths = {}
    for name, show in {"auto": "auto", "events": ("events",)}.items():
        with closing(VideoSink(tmp_path / name, SENSOR, show=show)) as sink:
            sink.write(results[0])
        widths[name] = decode(tmp_path / name)[0].shape[1]
    assert widths["events"] < widths["auto"]


def test_an_earlier_video_stays_until_close(tmp_path, results):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"earlier")
    sink = VideoSink(path, SENSOR)
    write_all(sink, results)
    assert path.read_bytes() == b"earlier"
    sink.close()
    sink.close()
    assert len(decode(path)) == len(results)


@pytest.mark.parametrize("slices", [0, 3])
def test_a_discarded_video_leaves_the_earlier_one(tmp_path, results, slices):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"earlier")
    sink = VideoSink(path, SENSOR)
    write_all(sink, results[:slices])
    sink.discard()
    sink.close()
    assert path.read_bytes() == b"earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]


def test_no_slices_make_no_video(tmp_path):
    VideoSink(tmp_path / "video.mp4", SENSOR).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "problem"),
    [(".", "is a folder"), ("/dev/null", "is not an ordinary file")],
)
def test_targets_that_cannot_be_are_refused_at_once(tmp_path, target, problem):
    with pytest.raises(OutputError, match=problem):
        VideoSink(tmp_path / target, SENSOR)


@pytest.mark.parametrize("fps", [0, -1, 241, float("nan"), float("inf")])
def test_impossible_frame_rates_are_refused(tmp_path, fps):
    with pytest.raises(ValueError, match="fps must be 1 to 240"):
        VideoSink(tmp_path / "video.mp4", SENSOR, fps=fps)
    assert list(tmp_path.iterdir()) == []


def test_fractional_frame_rates_are_kept(tmp_path, results):
    path = tmp_path / "video.mp4"
    with closing(VideoSink(path, SENSOR, fps=29.97)) as sink:
        write_all(sink, results)
    with av.open(str(path)) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(29.97, abs=1e-3)


def test_a_closed_sink_takes_nothing(tmp_path, results):
    sink = VideoSink(tmp_path / "video.mp4", SENSOR)
    sink.close()
    with pytest.raises(ValueError, match="is closed"):
        sink.write(results[0])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no file size limit")
@pytest.mark.parametrize("limit", [0, 1000])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, results, limit):
    import resource

    path = tmp_path / "video.mp4"
    path.write_bytes(b"earlier")
    sink = VideoSink(path, SENSOR)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(OutputError, match=r"video\.mp4: the file would exceed"):
            write_and_close(sink, results * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sink.close()
    assert path.read_bytes() == b"earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]


def write_and_close(sink: VideoSink, results: list[SliceResult]) -> None:
    write_all(sink, results)
    sink.close()


def test_a_missing_encoder_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    with pytest.raises(OutputError, match=r"no H\.264 encoder.*install"):
        VideoSink(tmp_path / "video.mp4", SENSOR)
