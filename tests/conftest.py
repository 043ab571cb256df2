"""Fixtures that all tests share."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

# The same examples every time, however busy the machine is; `--hypothesis-profile=search` draws
# others.
settings.register_profile(
    "check", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("check"), derandomize=False)
settings.load_profile("check")

# What is printed is as wide and as plain here as where nobody looks at it.
for name in ("CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR"):
    os.environ.pop(name, None)

SHARED = Path(os.environ.get("EVENTVISION_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let each test draw the same, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - of those who draw the old way
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


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
