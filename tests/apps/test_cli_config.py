"""`eventvision replay -c FILE`: a file of settings, and options that count instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eventvision_apps.cli.main import app
from typer.testing import CliRunner

from eventvision.core import ConfigFileError, SourceError


@pytest.fixture
def recording(tmp_path) -> Path:
    path = tmp_path / "events.txt"
    path.write_text("".join(f"{t} {t % 40} {t % 30} {t % 2}\n" for t in range(0, 60_000, 7)))
    return path


@pytest.fixture
def settings(tmp_path, recording) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(
        f"source: {recording}\nfilters: none\nslicer: time:20ms\ntasks: none\nend_s: 0.04\n"
        f"results: {tmp_path}/results.jsonl\nmqtt:\n  host: broker\n"
    )
    return path


def replay(*arguments: object):
    return CliRunner().invoke(app, ["replay", *map(str, arguments), "--json"])


def slices(folder: Path, name: str = "results.jsonl") -> list[int]:
    lines = (folder / name).read_text().splitlines()
    return [json.loads(line)["t1_us"] - json.loads(line)["t0_us"] for line in lines]


def test_a_file_says_all_that_options_would(settings, tmp_path):
    done = replay("-c", settings)
    assert done.exit_code == 0
    assert slices(tmp_path) == [20_000, 20_000]


def test_options_given_count_instead_and_defaults_do_not(settings, tmp_path):
    done = replay("-c", settings, "--slicer", "time:10ms", "--end", "0.03")
    assert done.exit_code == 0
    assert slices(tmp_path) == [10_000] * 3


def test_a_source_given_counts_instead_too(settings, tmp_path, recording):
    settings.write_text(settings.read_text().replace(str(recording), "nothing.aedat4"))
    assert replay(recording, "-c", settings).exit_code == 0
    assert len(slices(tmp_path)) == 2


def test_the_results_are_those_of_the_same_options(settings, tmp_path, recording):
    replay("-c", settings)
    replay(
        recording, "--filters", "none", "--slicer", "time:20ms", "--tasks", "none", "--end", "0.04",
        "--results", tmp_path / "other.jsonl",
    )  # fmt: skip
    first, other = tmp_path / "results.jsonl", tmp_path / "other.jsonl"
    assert first.read_bytes() == other.read_bytes()


def test_all_that_is_wrong_is_told_and_named_where_it_was_written(settings):
    settings.write_text(settings.read_text().replace("time:20ms", "tyme") + "spede: 1\n")
    with pytest.raises(ConfigFileError) as refused:
        raise replay("-c", settings).exception
    assert len(refused.value.problems) == 2
    with pytest.raises(ConfigFileError, match=r"^slicer: 'x' cannot be used"):
        raise replay("-c", settings, "--slicer", "x").exception


def test_without_a_file_a_source_is_needed():
    with pytest.raises(SourceError, match="SOURCE: is not given"):
        raise replay().exception
