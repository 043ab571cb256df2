"""`eventvision devices`, `fits` and `compare`, run as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from command_line import run


def run_beside(path, *arguments):
    """Run a process that finds more packages in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "eventvision_apps.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "PYTHONPATH": str(path)},
    )


@pytest.fixture
def broken(tmp_path):
    """A folder with a package whose device cannot be imported."""
    metadata = tmp_path / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[eventvision.devices]\nbroken = broken:Device\n")
    (tmp_path / "broken.py").write_text("raise OSError('libchip.so is missing')\n")
    return tmp_path


def test_devices_are_listed_with_what_is_missing(broken):
    done = run_beside(broken, "devices", "--json")
    devices = {entry["name"]: entry for entry in json.loads(done.stdout)["devices"]}
    assert devices["onnx"]["present"]
    assert devices["cpu"]["facets"] == ["ActivityMeter"]
    assert not devices["broken"]["present"]
    assert "libchip.so is missing" in devices["broken"]["missing"]
    assert "broken" in devices["broken"]["remedy"]
    assert (done.returncode, done.stderr) == (0, "")


def test_the_table_says_how_to_get_what_is_missing():
    done = run("devices")
    assert "how to get it" in done.stdout
    assert "install onnxruntime-gpu" in done.stdout


def test_fits_names_each_device_and_the_form_that_would_run():
    done = run("fits", "digits-nano", "--json")
    devices = {entry["device"]: entry for entry in json.loads(done.stdout)["devices"]}
    assert (devices["cpu"]["fits"], devices["cpu"]["artifact"]) == (True, "integer")
    assert done.returncode == 0


def test_a_model_that_fits_nowhere_is_told_by_the_exit_code():
    done = run("fits", "digits-nano", "--device", "process")
    assert done.returncode == 1


def test_compare_runs_the_golden_sample():
    done = run("compare", "digits-nano", "--device", "cpu", "--device", "onnx", "--json")
    told = json.loads(done.stdout)
    assert [entry["device"] for entry in told["devices"]] == ["cpu", "onnx"]
    assert all(entry["is_right"] for entry in told["devices"])
    assert told["devices"][0]["synaptic_operations"] > 0
    assert (done.returncode, done.stderr) == (0, "")


def test_compare_tells_of_a_device_that_cannot_run_the_model():
    done = run("compare", "digits-nano", "--device", "onnx:cuda")
    assert done.returncode == 1
    assert "CUDAExecutionProvider" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fits", "digits-nan"), "digits-nano"),
        (("fits", "digits-nano", "--device", "abacus"), "abacus"),
        (("fits", "digits-nano", "--sensor", "large"), "346x260"),
        (("compare", "digits-nano", "--threads", "0"), "1 to 64"),
        (("compare", "./nowhere"), "card.toml"),
    ],
)
def test_what_cannot_be_is_one_line(arguments, told):
    done = run(*arguments)
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 2
    assert line.startswith("eventvision: ")
    assert told in line
