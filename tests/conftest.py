"""Fixtures that all tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))

SHARED = Path(os.environ.get("EVENTVISION_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_recordings() -> Path:
    """Folder of real sensor recordings that lies beside the checkout."""
    folder = SHARED / "recordings"
    if not (folder / "manifest.json").is_file():
        pytest.skip(f"real recordings are not at {folder}; set EVENTVISION_SHARED")
    return folder


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory) -> SimpleNamespace:
    """Folders of tiny models with random weights: `perception`, `reconstruction`."""
    pytest.importorskip("onnx")
    import toy_models

    folder = tmp_path_factory.mktemp("models")
    return SimpleNamespace(
        perception=toy_models.perception(folder), reconstruction=toy_models.reconstruction(folder)
    )
