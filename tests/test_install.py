"""`.ci/install` says when an installation has failed, whatever reached its log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INTERPRETER = """#!/bin/sh
if [ "$2" = pip ]; then
    {pip}
fi
exec {python} "$@"
"""


def install(folder: Path, pip: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder, in an environment whose pip is a line of shell."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "install", folder / ".ci")
    venv = folder / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "checkout").write_text(f"{folder}\n")
    python = venv / "bin" / "python"
    python.write_text(INTERPRETER.format(pip=pip, python=sys.executable))
    python.chmod(0o755)
    if pip.startswith("# log"):
        (venv / "install.log").mkdir()
    return subprocess.run(
        ["sh", ".ci/install", "venv", "base"],
        cwd=folder, env=os.environ | {"RETRY_S": "0"}, capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip


pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")


def test_an_installation_that_works_says_so(tmp_path):
    done = install(tmp_path, "echo Installing collected packages: x; exit 0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "unpacking" in done.stdout


@pytest.mark.parametrize(
    ("pip", "told"),
    [
        ("echo 'ERROR: no such package'; exit 1", "ERROR: no such package"),
        ("echo 'OSError: [Errno 28] No space left on device'; exit 1", "the disk is full"),
        ("echo 'connection: timed out'; exit 1", "package index cannot be reached"),
        ("# log cannot be written\n    exit 1", "set-up failed"),
    ],
)
def test_an_installation_that_fails_is_tried_again_and_then_told(pip, told, tmp_path):
    done = install(tmp_path, pip)
    assert done.returncode == 1
    assert "trying again" in done.stdout
    assert told in done.stderr
