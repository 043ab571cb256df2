"""Results in a Rerun viewer, and without one."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest

from eventvision.core import (
    ConfigError,
    Counts,
    Depth,
    Image,
    LineCount,
    OutputError,
    Segmentation,
    ZoneCount,
)
from eventvision.sinks import RerunSink

from .conftest import detections

PATIENCE_S = 120


@pytest.mark.parametrize(
    "target", ["desk:9876", "http://desk:9876/proxy", "rerun+http://desk/proxy", "a.mp4", ""]
)
def test_what_is_neither_a_viewer_nor_a_file_is_refused(target):
    pytest.importorskip("rerun", reason="Rerun is not installed")
    with pytest.raises(ConfigError, match=r"rerun\+http://HOST:PORT/proxy"):
        RerunSink(target)


def test_without_the_library_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(ConfigError, match=r"eventvision\[rerun\]"):
        RerunSink("a.rrd")


def everything(make_result, index: int):
    flat = np.zeros((48, 64), np.float32)
    line = LineCount("gate", (0.0, 0.0), (9.0, 9.0), index, 0)
    zone = ZoneCount("desk", ((0.0, 0.0), (9.0, 0.0), (0.0, 9.0)), 1, 2, 3, 4)
    return make_result(
        index,
        {
            "detection": detections((1, 1, 5, 5)),
            "reconstruction": Image(flat),
            "depth": Depth(flat + 2, flat + 1, metric=True),
            "segmentation": Segmentation(flat.astype(np.uint8), ("road",)),
            "counting": Counts((line,), (zone,)),
        },
    )


def test_all_results_go_into_a_file_that_is_never_replaced(tmp_path, make_result):
    pytest.importorskip("rerun", reason="Rerun is not installed")
    path = tmp_path / "deep" / "results.rrd"
    with closing(RerunSink(str(path))) as sink:
        for index in range(3):
            sink.write(everything(make_result, index))
        assert sink.shown == 3
    data = path.read_bytes()
    assert data.startswith(b"RRF")
    for name in (b"events", b"detections", b"segmentation", b"depth", b"gate", b"zones"):
        assert name in data
    with pytest.raises(OutputError, match="exists"):
        RerunSink(str(path))


def test_without_a_viewer_nothing_waits_and_nothing_piles_up(make_result):
    pytest.importorskip("rerun", reason="Rerun is not installed")
    with closing(RerunSink("rerun+http://127.0.0.1:9/proxy")) as sink:
        for index in range(100):
            sink.write(everything(make_result, index))
        assert not sink.is_connected
        assert sink.shown == 0
        assert sink._latest is None


def until(condition: Callable[[], object]) -> None:
    give_up_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_s, "did not happen"
        time.sleep(0.02)


def test_a_viewer_is_found_and_shown_results(make_result):
    rerun = pytest.importorskip("rerun", reason="Rerun is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    viewer = rerun.RecordingStream("viewer")
    target = viewer.serve_grpc(grpc_port=port)
    notices: list[str] = []
    with closing(RerunSink(target, most_per_s=1000, on_notice=notices.append)) as sink:
        until(lambda: sink.is_connected)
        sink.write(everything(make_result, 0))
        until(lambda: sink.shown == 1)
    viewer.disconnect()
    assert notices == [f"rerun: shown at 127.0.0.1:{port}"]
