"""`eventvision doctor` and the completion of the shell, run as a user does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from command_line import run
from eventvision_apps.cli import installed
from eventvision_apps.cli import train as train_command
from eventvision_apps.cli.installed import GIVES, installed_parts
from eventvision_apps.cli.main import app
from typer.testing import CliRunner

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [
    "numpy>=2",
    "h5py>=3; extra == 'hdf5'",
    'no-such-package>=1; extra == "hdf5"',
    "no-such-thing>=1; platform_system == 'Plan9' and extra == 'gpu'",
    "eventvision[hdf5]; extra == 'gui'",
    "no-such-window; extra == 'gui'",
]


def parts():
    return {part.extra: part for part in installed_parts(REQUIREMENTS)}


def test_each_extra_of_the_project_is_explained():
    assert set(GIVES) - {""} == set(PROJECT["optional-dependencies"]) - {"dev", "docs", "all"}


def test_the_page_on_installing_lists_each_extra_with_its_size():
    page = (Path(__file__).parents[2] / "docs" / "install.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| .+ \| ([\d–]+) \|$", page, re.MULTILINE))
    assert set(rows) == set(GIVES) - {""}


def test_a_missing_package_names_the_extra_that_brings_it():
    hdf5 = parts()["hdf5"]
    assert hdf5.missing == ("no-such-package",)
    assert hdf5.remedy == "pip install 'eventvision[hdf5]'"


def test_what_is_there_needs_no_remedy():
    assert (parts()[""].missing, parts()[""].remedy) == ((), "")
    assert parts()[""].packages["numpy"] is not None


def test_packages_for_other_systems_are_not_missed():
    assert parts()["gpu"].packages == {}


def test_doctor_prints_extras_with_their_brackets_and_succeeds(monkeypatch):
    monkeypatch.setattr(installed, "requires", lambda _: REQUIREMENTS)
    outcome = CliRunner().invoke(app, ["doctor"])
    assert outcome.exit_code == 0, outcome.output
    assert "pip install 'eventvision[hdf5]'" in outcome.stdout
    assert "reference" in outcome.stdout


def test_doctor_tells_programs_all_of_it_as_json():
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert set(told) >= {"version", "python", "parts", "cameras", "drivers", "devices", "programs"}
    assert {"digits-nano", "perception-nano"} <= set(told["models"])
    assert any(device["name"] == "onnx" and not device["missing"] for device in told["devices"])


def test_a_broken_base_install_is_told_by_the_exit_code(monkeypatch):
    monkeypatch.setattr(installed, "requires", lambda _: ["no-such-package"])
    assert CliRunner().invoke(app, ["doctor", "--json"]).exit_code == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["eventvision", "doc"], "doctor"),
        (["eventvision", "replay", "--repr"], "--representation"),
        (["eventvision", "fits", "digits"], "digits-nano"),
        (["eventvision", "fits", "digits-nano", "--device", "onn"], "onnx:cuda"),
        (["eventvision", "simulate", "jug"], "juggle"),
        (["eventvision", "convert", "a", "b", "--to", "aed"], "aedat4"),
    ],
)
def test_the_shell_completes(words, expected):
    env = {
        "_EVENTVISION_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = CliRunner().invoke(app, [], env=env, prog_name="eventvision")
    assert expected in done.stdout.split(), done.output


def test_a_command_without_its_extra_names_it_in_one_line(monkeypatch, tmp_path):
    def needs_torch(*_: object, **__: object) -> int:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(train_command, "run", needs_torch)
    monkeypatch.setattr(installed, "_version", lambda name: None if name == "torch" else "1.0")
    done = run("train", tmp_path / "recipe.toml", tmp_path / "out")
    expected = "eventvision: torch is not installed; pip install 'eventvision[train]'\n"
    assert (done.returncode, done.stderr) == (2, expected)


@pytest.mark.parametrize("module", ["torch", "no_such_module"])
def test_other_packages_that_are_missing_are_no_fault_of_the_user(module, monkeypatch, tmp_path):
    def needs_it(*_: object, **__: object) -> int:
        raise ModuleNotFoundError("missing", name=module)

    monkeypatch.setattr(train_command, "run", needs_it)
    monkeypatch.setattr(installed, "_version", lambda name: "1.0")
    with pytest.raises(ModuleNotFoundError):
        run("train", tmp_path / "recipe.toml", tmp_path / "out")
