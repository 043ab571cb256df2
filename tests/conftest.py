"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("EVENTVISION_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_recordings() -> Path:
    """Folder of real sensor recordings that lies beside the checkout."""
    folder = SHARED / "recordings"
    if not (folder / "manifest.json").is_file():
        pytest.skip(f"real recordings are not at {folder}; set EVENTVISION_SHARED")
    return folder
