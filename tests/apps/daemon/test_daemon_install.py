"""What is installed: a unit that systemd takes, and sample settings that work."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from eventvision_apps.cli.main import app
from eventvision_apps.daemon import install as installation
from eventvision_apps.daemon.install import SETTINGS, UNIT, install, sample
from eventvision_apps.daemon.settings import DaemonConfig, daemon_schema, load_daemon_config
from typer.testing import CliRunner

from eventvision.core import ConfigError, ConfigFileError
from eventvision.pipeline import load_config, save_config

LIMIT = 2.0
"""Exposure that `systemd-analyze security` may find; 10 is the worst, above 4 is not OK."""


@pytest.fixture
def installed(tmp_path):
    assert install(tmp_path) == 0
    return tmp_path


def test_the_sample_settings_can_be_used_by_the_daemon_and_by_replay(installed):
    path = installed / SETTINGS
    config = load_daemon_config(path)
    assert config.recorder is not None
    assert config.outputs is not None
    assert config.http is not None
    assert load_config(path).tasks == config.tasks
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_the_sample_leaves_out_can_be_switched_on(tmp_path, monkeypatch):
    pytest.importorskip("paho.mqtt", reason="the MQTT client is not installed")
    monkeypatch.setenv("MQTT_PASSWORD", "p")
    monkeypatch.setenv("EVENTVISION_TOKEN", "t" * 20)
    text = sample("eventvision.yaml").replace("  # token:", "  token:")
    head, mark, tail = text.partition("# mqtt:")
    path = tmp_path / "all.yaml"
    path.write_text(head + "mqtt:" + re.sub(r"(?m)^#   ", "  ", tail))
    assert mark
    config = load_daemon_config(path)
    assert config.mqtt is not None
    assert config.mqtt.name == "gate"


def test_the_documentation_shows_the_sample_that_is_installed():
    page = (Path(__file__).parents[3] / "docs" / "daemon.md").read_text()
    assert sample("eventvision.yaml") in page


def test_the_window_can_save_into_the_daemons_file(installed):
    path = installed / SETTINGS
    save_config(load_config(path).model_copy(update={"slicer": "time:5ms"}), path)
    assert "the disk keeps so much free" in path.read_text()
    assert load_daemon_config(path).slicer == "time:5ms"


def test_settings_that_are_there_stay(installed, capsys):
    (installed / SETTINGS).write_text("source: mine\n")
    install(installed)
    assert (installed / SETTINGS).read_text() == "source: mine\n"
    assert "stays as it is" in capsys.readouterr().out


def test_the_unit_is_of_the_kind_that_the_daemon_talks_to(installed):
    unit = (installed / UNIT).read_text()
    assert re.search(r"^ExecStart=/\S+/eventvision daemon -c /etc/eventvision/", unit, re.M)
    for line in ("Type=notify", "WatchdogSec=30", "Restart=always", "NoNewPrivileges=yes"):
        assert line in unit.splitlines()


@pytest.mark.parametrize(
    ("folder", "interpreter"),
    [("/home/ada/.venv", "/usr"), ("/tmp/x", "/usr"), ("/opt/eventvision", "/root/.pyenv/3.12")],
)
def test_what_the_service_would_not_see_is_refused(folder, interpreter, monkeypatch):
    monkeypatch.setattr(installation, "_command", lambda: Path(folder) / "bin" / "eventvision")
    monkeypatch.setattr(sys, "base_prefix", interpreter)
    monkeypatch.setattr(installation, "sample", lambda name: pytest.fail("nothing is written"))
    with pytest.raises(ConfigError, match="/opt/eventvision/bin/pip install"):
        install()


def test_the_service_may_read_settings_that_root_has_written(installed):
    unit = (installed / UNIT).read_text()
    assert "ExecStartPre=+/bin/chgrp eventvision /etc/eventvision/eventvision.yaml\n" in unit


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_finds_little_to_object_to(installed):
    found = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", installed / UNIT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", found.stdout)
    assert level is not None, found.stderr
    assert float(level[1]) <= LIMIT
    assert "ignoring" not in found.stderr


def test_every_mistake_is_told_at_once(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "source: a\nrecorder:\n  when: sometimes\n  pre_roll: 5\nwatchdog: {restarts: -1}\n"
        "http:\n  host: 0.0.0.0\nresults: a.jsonl\n"
    )
    with pytest.raises(ConfigFileError) as refused:
        load_daemon_config(path)
    told = "\n".join(refused.value.problems)
    assert ":3: recorder.when: 'sometimes' cannot be used; expected input should be 'alarm'" in told
    assert ":4: recorder.pre_roll: is no setting; did you mean pre_roll_s?" in told
    assert ":5: watchdog.restarts" in told
    assert ":6: http:" in told


@pytest.mark.parametrize("name", ["record", "results", "arrays", "video"])
def test_files_of_one_run_are_not_the_daemons(name):
    with pytest.raises(ValueError, match="the daemon writes what recorder and outputs say"):
        DaemonConfig.model_validate({"source": "a", name: "x.aedat4"})


def test_the_schema_describes_all_sections():
    schema = daemon_schema()
    assert {"source", "recorder", "outputs", "mqtt", "http", "watchdog", "logging"} <= set(
        schema["properties"]
    )
    assert json.loads(json.dumps(schema)) == schema


def test_the_command_checks_describes_and_refuses(installed, tmp_path):
    def ask(*arguments: str):
        return CliRunner().invoke(app, ["daemon", *arguments])

    assert "is fine" in ask("--check", "-c", str(installed / SETTINGS)).output
    assert ask("--sample").output == (installed / SETTINGS).read_text()
    assert json.loads(ask("--schema").output)["title"] == "DaemonConfig"
    (tmp_path / "bad.yaml").write_text("sorce: a\n")
    with pytest.raises(ConfigError, match="did you mean source"):
        raise ask("--check", "-c", str(tmp_path / "bad.yaml")).exception
    with pytest.raises(ConfigError, match="--sample prints one"):
        raise ask().exception
