"""The example trains, scores and draws; here in a small form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_digits.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, EXAMPLE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.timeout(1800)
def test_digits_are_learned_and_drawn(shared_recordings, tmp_path):
    data, picture = shared_recordings / "nmnist" / "nmnist_400.npz", tmp_path / "spikes.png"
    outcome = run(data, picture, "--epochs", "10", "1")
    assert outcome.returncode == 0, outcome.stderr
    (line,) = (x for x in outcome.stdout.splitlines() if x.startswith("spiking network"))
    assert float(line.split()[2].rstrip("%")) > 40
    image = cv2.imread(str(picture))
    assert min(image.shape[:2]) > 500
    assert image.std() > 10


def test_the_example_explains_itself():
    outcome = run("--help")
    assert outcome.returncode == 0
    assert "spikes and potentials" in outcome.stdout
