"""Devices of other packages, made known to this interpreter and to its children."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Let no device count as hanging because the machine is busy; tests set what they are about."""
    from eventvision.devices import Recovery
    from eventvision.devices._process import _device

    limits = Recovery.__init__.__kwdefaults__
    monkeypatch.setitem(limits, "step_timeout_s", 120.0)
    monkeypatch.setitem(limits, "start_timeout_s", 240.0)
    monkeypatch.setattr(_device, "_PROBE_TIMEOUT_S", 240.0)


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Return a function that installs a module as a package with one device, on the path only."""

    def install(name: str, target: str, module: Path | str, package: str = "") -> Path:
        package = package or f"eventvision-{name}"
        folder = tmp_path / package
        metadata = folder / f"{package.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(f"[eventvision.devices]\n{name} = {target}\n")
        if isinstance(module, Path):
            shutil.copy(module, folder)
        else:
            (folder / f"{target.partition(':')[0]}.py").write_text(module)
        monkeypatch.syspath_prepend(str(folder))
        imported = target.partition(":")[0]
        monkeypatch.delitem(sys.modules, imported, raising=False)
        return folder

    return install
