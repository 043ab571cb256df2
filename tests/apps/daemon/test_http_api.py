"""What the API says, and what it says to nonsense."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from eventvision.core import ConfigError

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")

from eventvision_apps.daemon.http import HttpServer, HttpSettings
from eventvision_apps.daemon.http.machine import temperatures_c


def test_status_results_and_settings_are_those_of_the_daemon(open_site):
    site = open_site()
    assert site.get("/api/status").json()["slices"] == 1
    assert site.get("/api/results").json()["counts"]["lines"][0]["name"] == "gate"
    assert site.get("/api/config").json()["source"] == "camera:"
    site.daemon.index = 0
    assert site.get("/api/results").json() is None
    assert site.get("/api/picture.jpg").status == 404


def test_health_and_readiness_are_told_by_status(open_site):
    site = open_site()
    assert (site.get("/healthz").status, site.get("/readyz").status) == (200, 200)
    site.daemon.is_healthy = site.daemon.is_ready = False
    assert (site.get("/healthz").status, site.get("/readyz").status) == (503, 503)


def test_tasks_and_recording_are_switched(open_site):
    site = open_site()
    assert site.send("PUT", "/api/tasks/tracking", {"on": False}).json()["on"] is False
    assert {"name": "tracking", "on": False} in site.get("/api/tasks").json()
    assert site.send("PUT", "/api/recording", {"on": True}).status == 200
    again = site.send("PUT", "/api/recording", {"on": True})
    assert (again.status, "recorded already" in again.json()["detail"]) == (409, True)


NONSENSE = [
    ("PUT", "/api/tasks/nothing", b'{"on": true}', 404),
    ("PUT", "/api/tasks/..%2f..%2fetc", b'{"on": true}', 404),
    ("PUT", "/api/recording", b'{"on": 1}', 422),
    ("PUT", "/api/recording", b'{"on": true, "path": "/etc/passwd"}', 422),
    ("PUT", "/api/recording", b"{", 422),
    ("PUT", "/api/recording", b"\xff\xfe", 422),
    ("PUT", "/api/recording", None, 422),
    ("POST", "/api/recording", b"{}", 405),
    ("POST", "/api/login", b'{"user": {}, "password": []}', 422),
    ("GET", "/api/nothing", None, 404),
    ("DELETE", "/", None, 405),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), NONSENSE)
def test_nonsense_is_refused(site, method, path, body, status):
    headers = {"Content-Type": "application/json"}
    assert site.ask(method, path, body, headers).status == status


def test_a_refusal_does_not_repeat_what_was_sent(site):
    answer = site.send("POST", "/api/login", {"user": "eva", "password": ["secret"]})
    assert answer.status == 422
    assert "password" in answer.json()["detail"]
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    "path",
    ["/../settings.py", "/..%2f..%2fsettings.py", "/%2e%2e/settings.py", "/./live.js/../serve.py",
     "/serve.py", "/__init__.py", "//etc/passwd", "/login.js%00.html", "/style.css/"],
)  # fmt: skip
def test_no_other_file_can_be_asked_for(site, path):
    answer = site.get(path)
    assert answer.status == 404
    assert b"import" not in answer.body


def test_every_answer_tells_browsers_to_trust_nothing_but_us(site):
    for path in ("/", "/api/status", "/nothing", "/healthz"):
        headers = site.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_a_picture_shows_the_latest_result(site):
    answer = site.get("/api/picture.jpg")
    picture = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] > 600
    assert picture.std() > 10


def test_metrics_are_what_prometheus_reads(site):
    answer = site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.decode().splitlines()
    name = r"eventvision_[a-z0-9_]+"
    label = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
    sample = re.compile(rf"{name}(?:\{{{label}(?:,{label})*\}})? (?:[-+]?[0-9.e+-]+|NaN|[+-]Inf)")
    about = re.compile(rf"# (?:HELP {name} .+|TYPE {name} (?:counter|gauge|histogram))")
    for line in lines:
        assert (about if line.startswith("#") else sample).fullmatch(line), line
    assert 'eventvision_dropped_total{cause="odd \\"cause\\"\\n"} 2' in lines
    assert 'eventvision_temperature_celsius{zone="sensor"} 41.5' in lines
    assert 'eventvision_task_missed_total{task="tracking"} 7' in lines
    assert 'eventvision_device_up{model="nano",device="onnx",artifact="onnx"} 0' in lines
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(set(types)) == len(types)


def test_latency_histograms_only_grow(site):
    text = site.get("/metrics").body.decode()
    found = re.findall(r'latency_seconds_bucket\{stage="total",le="([^"]+)"\} (\d+)', text)
    bounds = [float(bound) for bound, _ in found]
    counts = [int(count) for _, count in found]
    assert bounds == sorted(bounds)
    assert bounds[-1] == float("inf")
    assert counts == sorted(counts)
    assert 'eventvision_latency_seconds_count{stage="total"} 100' in text


def test_temperatures_are_those_of_the_system(tmp_path):
    for number, (name, value) in enumerate([("cpu", "45125\n"), ("odd", "warm")]):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "type").write_text(name)
        (zone / "temp").write_text(value)
    assert temperatures_c(tmp_path) == {"cpu": 45.125}


def test_a_port_that_is_taken_is_told(site):
    with pytest.raises(ConfigError, match="free"):
        HttpServer(site.daemon, HttpSettings(port=site.port))


def test_a_certificate_that_is_none_is_told(site, tmp_path):
    (tmp_path / "a.pem").write_text("nothing")
    settings = HttpSettings(port=0, certificate=tmp_path / "a.pem", key=tmp_path / "a.pem")
    with pytest.raises(ConfigError, match="certificate"):
        HttpServer(site.daemon, settings)


def test_a_server_can_be_closed_twice_and_its_port_is_free_again(open_site):
    site = open_site()
    port = site.port
    site.server.close()
    site.server.close()
    assert not site.server.is_running
    HttpServer(site.daemon, HttpSettings(port=port)).close()
