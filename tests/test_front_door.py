"""What a user meets first: quick imports that load nothing heavy, and names that are promised."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "eventvision"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
HEAVY = (
    "PyQt6", "av", "cv2", "dv_processing", "matplotlib", "numba", "onnxruntime", "pydantic",
    "scipy", "torch",
)  # fmt: skip

SHOW_HELP = """
import sys
from eventvision_apps.cli.main import main
sys.argv = ["eventvision", "--help"]
try:
    main()
except SystemExit as end:
    if end.code:
        raise
"""


def heavy_modules_after(statement: str) -> list[str]:
    """Return which of `HEAVY` a fresh interpreter has loaded after a statement."""
    report = "\nprint('LOADED', *(name for name in " + repr(HEAVY) + " if name in sys.modules))"
    outcome = subprocess.run(
        [sys.executable, "-c", "import sys\n" + statement + report],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "statement", ["import eventvision", "import eventvision.core", SHOW_HELP], ids=lambda s: s[:22]
)
def test_starting_loads_nothing_heavy(statement):
    assert heavy_modules_after(statement) == []


def test_a_heavy_module_would_be_noticed():
    assert heavy_modules_after("import scipy") == ["scipy"]


def test_the_rooms_are_found():
    assert {"core", "io", "kernels", "pipeline", "tasks"} <= set(ROOMS)


FOLDERS = [path.parent.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("__init__.py")]
FRONT_DOORS = sorted(
    ".".join(folder.parts)
    for folder in FOLDERS
    if "kernels" not in folder.parts and not any(part.startswith("_") for part in folder.parts)
)
"""Rooms, and packages inside them that are imported by their path."""


NEEDS_TORCH = ("eventvision.spiking", "eventvision.simulation.batched", "eventvision.training")


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_public_names_are_exactly_all(name):
    if name.startswith(NEEDS_TORCH):
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    promised = set(module.__all__)
    assert {name for name in promised if not hasattr(module, name)} == set()
    assert {n for n in dir(module) if not n.startswith("_")} - packages_in(module) == promised


def packages_in(module):
    """Return the public packages inside, such as `spiking.nn`: they are imported by their path."""
    return {name for name in dir(module) if f"{module.__name__}.{name}" in sys.modules}


def test_kernels_are_imported_by_file_so_the_room_itself_loads_none():
    assert heavy_modules_after("import eventvision.kernels") == []
