"""The example of many boxes fits the daemon it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from eventvision_apps.daemon.settings import load_daemon_config
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FLEET = ROOT / "examples" / "fleet"


def test_the_settings_of_the_daemons_can_be_used(monkeypatch):
    monkeypatch.setenv("EVENTVISION_SOURCE", "sim:street")
    monkeypatch.setenv("EVENTVISION_NAME", "gate")
    monkeypatch.setenv("EVENTVISION_TOKEN", "0123456789abcdef")
    monkeypatch.setenv("MQTT_PASSWORD", "p")
    config = load_daemon_config(FLEET / "eventvision.yaml")
    assert config.mqtt is not None
    assert config.mqtt.name == "gate"
    assert config.http is not None
    assert config.http.asks_who_it_is


@pytest.mark.parametrize("name", ["compose.yaml", "prometheus.yml", "grafana/sources.yaml"])
def test_files_are_yaml_and_name_files_that_are_there(name):
    text = (FLEET / name).read_text()
    assert YAML(typ="safe").load(text)
    for path in re.findall(r"- \./([\w./-]+):", text):
        assert (FLEET / path).is_file(), path


def test_no_secret_is_written_down():
    for path in FLEET.rglob("*"):
        if path.is_file():
            for line in re.findall(r"(?i)(?:password|token):? ?[=:] ?(.*)", path.read_text()):
                assert not line or line.startswith(("$", "${", '"$', "set ")), (path, line)


def test_the_dashboard_asks_for_metrics_that_the_daemon_has():
    source = (ROOT / "apps" / "daemon" / "http" / "metrics.py").read_text()
    known = set(re.findall(r'"([a-z_]+)"', source)) | {
        "task_share", "recorder_bytes", "latency_seconds_bucket", "latency_seconds_sum",
        "latency_seconds_count",
    }  # fmt: skip
    board = json.loads((FLEET / "grafana" / "eventvision.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"eventvision_([a-z_]+)", target["expr"])
    }
    assert len(board["panels"]) == 12
    assert asked <= known
