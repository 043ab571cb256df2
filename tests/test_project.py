"""The project keeps the promises that its own files make: pins, contracts, licence, hooks."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
CONTRACTS = [contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]]

STAGES, FLOOR, CORE, TORCH, SPIKING, QT, VIEWS, STRANGERS, APPS = CONTRACTS
PLANTED = [
    (STAGES, "eventvision/io/_planted.py", "from eventvision import filters"),
    (STAGES, "eventvision/core/_planted.py", "from eventvision import kernels"),
    (STAGES, "eventvision/sinks/_planted.py", "from eventvision import pipeline"),
    (STAGES, "eventvision/utils/__init__.py", ""),
    (FLOOR, "eventvision/kernels/planted.py", "import scipy"),
    (CORE, "eventvision/core/_planted.py", "import numba"),
    (TORCH, "eventvision/tasks/_planted.py", "import torch"),
    (TORCH, "eventvision/devices/_planted.py", "import torch"),
    (SPIKING, "eventvision/spiking/integer/_planted.py", "import torch"),
    (QT, "eventvision/pipeline/_planted.py", "import PyQt6"),
    (VIEWS, "eventvision_apps/gui/controllers/planted.py", "import PyQt6"),
    (STRANGERS, "eventvision_apps/daemon/planted.py", "import eventvision_apps.gui"),
    (TORCH, "eventvision_apps/daemon/planted.py", "import torch"),
    (APPS, "eventvision/sinks/_planted.py", "import eventvision_apps"),
]


def pins() -> dict[str, str]:
    """Return the exact version by name, as `constraints.txt` has it."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def requirements(extra: str = "dev") -> Iterator[str]:
    """Yield what an extra installs; an extra may name others of the project."""
    for requirement in PYPROJECT["project"]["optional-dependencies"][extra]:
        wanted = Requirement(requirement)
        if wanted.name == PYPROJECT["project"]["name"]:
            for other in sorted(wanted.extras):
                yield from requirements(other)
        else:
            yield requirement


@pytest.fixture(scope="session")
def copy_of_the_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts") / "clean"
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "eventvision", folder / "eventvision", ignore=without_caches)
    shutil.copytree(ROOT / "apps", folder / "eventvision_apps", ignore=without_caches)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("requirement", [*PYPROJECT["project"]["dependencies"], *requirements()])
def test_what_is_installed_is_pinned_to_a_version_that_fits(requirement):
    wanted = Requirement(requirement)
    assert wanted.specifier.contains(pins()[canonicalize_name(wanted.name)])


def test_pins_are_exact_and_sorted():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines)
    assert list(pins()) == sorted(pins())


def test_contracts_hold_in_a_copy(copy_of_the_sources):
    outcome = lint_imports(copy_of_the_sources)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(("contract", "path", "line"), PLANTED)
def test_a_planted_violation_is_caught(copy_of_the_sources, tmp_path, contract, path, line):
    folder = shutil.copytree(copy_of_the_sources, tmp_path / "planted")
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(line + "\n")
    outcome = lint_imports(folder)
    assert outcome.returncode != 0
    assert f"{contract} BROKEN" in outcome.stdout, outcome.stdout


def test_every_contract_is_put_to_the_test():
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)


def imported_names(path: Path, package: list[str]) -> Iterator[list[str]]:
    """Yield the full name of all that a module imports, in parts."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            within = node.module.split(".") if node.module else []
            yield from ([*above, *within, alias.name] for alias in node.names)


def trespasses(path: Path, root: Path) -> list[str]:
    """Name what a module imports from behind the front door of a package that is not its own."""
    package = list(path.relative_to(root).parent.parts)
    return [
        ".".join(name)
        for name in imported_names(path, package)
        if name[0] in {"eventvision", "eventvision_apps"}
        for depth, part in enumerate(name)
        if part.startswith("_") and package[:depth] != name[:depth]
    ]


def test_rooms_are_entered_by_the_front_door():
    modules = [path for folder in ("eventvision", "apps") for path in (ROOT / folder).rglob("*.py")]
    found = {
        path.relative_to(ROOT).as_posix(): names
        for path in modules
        if (names := trespasses(path, ROOT))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("line", "trespass"),
    [
        ("from eventvision.io import _base", True),
        ("from eventvision.io._base import Reader", True),
        ("from ..io._base import Reader", True),
        ("import eventvision.io._base", True),
        ("from ._config import RunConfig", False),
        ("from eventvision.io import open_source", False),
        ("from numpy._core import umath", False),
    ],
)
def test_a_way_round_the_front_door_is_seen(tmp_path, line, trespass):
    module = tmp_path / "eventvision" / "pipeline" / "_planted.py"
    module.parent.mkdir(parents=True)
    module.write_text(line)
    assert bool(trespasses(module, tmp_path)) is trespass


def test_the_licence_is_the_full_apache_text():
    text = (ROOT / "LICENSE").read_bytes()
    expected = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert hashlib.sha256(text).hexdigest() == expected


def test_hooks_run_what_make_test_runs():
    hooks = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text())
    checks = re.findall(r"call check,[^,]+,(.+)\)", (ROOT / "Makefile").read_text())
    assert [hook for hook in hooks if not any(check.startswith(hook) for check in checks)] == []
    assert len(hooks) == 4


def test_the_changelog_has_a_place_for_what_comes_next():
    assert "\n## [Unreleased]\n" in CHANGELOG


def test_the_changelog_tells_of_the_version_that_is_built():
    version = PYPROJECT["project"]["version"]
    assert re.search(rf"^## \[{version}\] - \d{{4}}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)


def test_the_architecture_names_files_that_exist():
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", ARCHITECTURE))
    assert len(named) > 40
    places = (ROOT, ROOT / "eventvision")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


@pytest.mark.parametrize("folder", ["eventvision", "apps"])
def test_the_architecture_has_a_line_for_every_room(folder):
    prefix = "apps/" if folder == "apps" else ""
    rooms = [path.parent.name for path in (ROOT / folder).glob("*/__init__.py")]
    assert [room for room in rooms if f"\n| `{prefix}{room}` |" not in ARCHITECTURE] == []


def test_no_module_is_longer_than_a_reader_holds_in_mind():
    folders = ("eventvision", "apps", "benchmarks", "docs", "examples")
    lengths = {
        path: len(path.read_text().splitlines())
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
