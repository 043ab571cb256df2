"""Devices of other packages: listed without importing, named when they fail, run like our own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from eventvision.core import DeviceError, SessionOptions, load_card
from eventvision.devices import (
    GROUP,
    Placement,
    PowerMeter,
    compare_devices,
    device_names,
    find_device,
    fit_on,
    open_session,
    probe_devices,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "device-plugin"
CARD = load_card("digits-nano")


@pytest.fixture
def toyboard(plug_in):
    """The example, on the path as installing it would put it there."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    ((name, target),) = project["entry-points"][GROUP].items()
    module = EXAMPLE / f"{target.partition(':')[0]}.py"
    return plug_in(name, target, module, package=project["name"])


def named(name):
    (info,) = [info for info in probe_devices() if info.name == name]
    return info


def test_a_package_is_listed_without_being_imported(plug_in):
    plug_in("ghost", "ghost:Device", "raise RuntimeError('imported')")
    assert "ghost" in device_names()
    assert "ghost" not in sys.modules


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("raise OSError('libghost.so is missing')", "libghost.so is missing"),
        ("raise SystemExit(3)", "SystemExit"),
        ("Device = 7", "int, not something to call"),
        ("", "no attribute 'Device'"),
        ("class Device:\n    def probe(self): raise KeyError('board')", "KeyError"),
        ("class Device:\n    def __init__(self): raise OSError('no bus')", "no bus"),
    ],
)
def test_a_broken_package_is_named_with_its_error_and_stops_no_other(plug_in, module, told):
    plug_in("ghost", "ghost:Device", module)
    info = named("ghost")
    assert told in info.missing
    assert info.remedy
    assert named("onnx").is_present


def test_a_broken_package_cannot_be_opened_and_says_why(plug_in):
    plug_in("ghost", "ghost:Device", "raise OSError('libghost.so is missing')")
    with pytest.raises(DeviceError, match=r"eventvision-ghost.*libghost.so.*remove"):
        open_session(CARD, "ghost")


def test_two_packages_of_one_name_are_both_named(plug_in):
    plug_in("ghost", "ghost:Device", "", package="one")
    plug_in("ghost", "ghost:Device", "", package="other")
    with pytest.raises(DeviceError, match=r"one and other|other and one"):
        find_device("ghost")


def test_a_package_cannot_take_the_place_of_a_device_of_ours(plug_in):
    plug_in("onnx", "ghost:Device", "raise RuntimeError")
    assert device_names().count("onnx") == 1
    assert named("onnx").is_present


def test_a_device_that_fails_to_say_what_fits_does_not_fit(plug_in):
    module = (
        "from eventvision.core import DeviceInfo\n"
        "class Device:\n"
        "    def probe(self): return DeviceInfo(name='ghost', summary='s', formats=('onnx',))\n"
        "    def fits(self, card, options): raise KeyError('core')\n"
    )
    plug_in("ghost", "ghost:Device", module)
    fit = fit_on(named("ghost"), CARD, SessionOptions())
    assert not fit.is_yes
    assert "KeyError" in fit.reason


def test_the_example_runs_like_a_device_of_ours(toyboard):
    with open_session(CARD, "toyboard") as session:
        assert session.facet(PowerMeter).read_mw() == 5.0
        layers = [layer.layer for layer in session.facet(Placement).layers]
    assert layers == ["conv1", "conv2", "conv3", "linear"]
    (comparison,) = compare_devices(CARD, ["toyboard"], rounds=1)
    assert comparison.is_right
    assert comparison.energy_uj == pytest.approx(5.0 * comparison.step_ms)


def test_the_example_passes_its_own_tests(toyboard):
    """In an interpreter of its own, as its authors run them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE / "tests"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=toyboard,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_the_example_runs_in_a_process_of_its_own(toyboard):
    (comparison,) = compare_devices(CARD, ["process:toyboard"], rounds=1)
    assert comparison.is_right
    assert comparison.energy_uj
