"""A pipeline that records what it sees, before anything is filtered."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import ConfigError, OutputError
from eventvision.io import open_source
from eventvision.pipeline import RunConfig, build_pipeline, replay


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "events.txt"
    rows = [f"{t} {t % 40} {t % 30} {t % 2}" for t in range(0, 60_000, 7)]
    path.write_text("\n".join(rows) + "\n")
    return path


def config_for(recording, **values) -> RunConfig:
    return RunConfig.checked(source=str(recording), tasks=(), **values)


def test_the_recording_holds_every_event_unfiltered(recording, tmp_path):
    out = tmp_path / "out.raw"
    summary = replay(config_for(recording, record=out, filters="background"))
    with open_source(recording) as source, open_source(out) as recorded:
        expected = np.concatenate([packet.events.data for packet in source])
        found = np.concatenate([packet.events.data for packet in recorded])
    assert summary.filtered["BackgroundActivity"] > 0
    for name in ("t", "x", "y", "on"):
        assert np.array_equal(found[name], expected[name])
    assert summary.dropped["events: not recorded, disk too slow"] == 0


def test_an_existing_recording_is_never_replaced(recording, tmp_path):
    out = tmp_path / "out.raw"
    out.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        replay(config_for(recording, record=out))
    assert out.read_text() == "precious"


def test_no_recording_is_left_behind_if_another_output_cannot_be_opened(recording, tmp_path):
    out = tmp_path / "out.raw"
    with pytest.raises(OutputError):
        replay(config_for(recording, record=out, results=recording / "results.jsonl"))
    assert not out.exists()


def test_a_recording_and_another_output_cannot_share_a_path(recording, tmp_path):
    with pytest.raises(ConfigError, match="different places"):
        config_for(recording, record=tmp_path / "out.raw", results=tmp_path / "out.raw")


def test_a_recording_that_fails_ends_the_run_with_one_clear_error(recording, tmp_path, monkeypatch):
    config = config_for(recording, record=tmp_path / "out.raw")
    with open_source(recording) as source:
        pipeline = build_pipeline(config, source)
        problem = OutputError(tmp_path / "out.raw", "the disk is full", "free some space")
        monkeypatch.setattr("eventvision.io.EvtWriter.write", lambda *_: raised(problem))
        with pytest.raises(OutputError, match=r"disk is full.*after 0 events"):
            pipeline.run()


def raised(error: Exception) -> None:
    raise error
