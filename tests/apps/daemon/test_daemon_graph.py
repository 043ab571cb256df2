"""An event graph watches a region in the daemon: in its results, over HTTP, switched off and on."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from live_sources import LiveSource
from supervised import Daemon, wait_until

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")

from eventvision_apps.daemon.http import HttpServer, HttpSettings
from http_site import Site

TASKS = "['graph:score=0:every=10ms', 'alarm:region=64x48+0+0:score=0']"


def test_an_alarm_of_the_graph_is_told_over_http_and_written(tmp_path, monkeypatch):
    daemon = Daemon(tmp_path, monkeypatch, [LiveSource(events=300)])
    daemon.edit("slicer: time:20ms", "slicer: time:5ms")
    daemon.edit("tasks: [detection]", f"tasks: {TASKS}")
    with daemon.running() as supervisor:
        wait_until(lambda: supervisor.state.results() is not None)
        server = HttpServer(supervisor.state, HttpSettings(port=0))
        server.start()
        with closing(server):
            site = Site(server, supervisor.state)
            wait_until(lambda: site.get("/api/results").json()["alarm"]["objects"])
            wait_until(lambda: site.get("/api/results").json()["detections"])
            site.send("PUT", "/api/tasks/graph", {"on": False})
            wait_until(lambda: "detections" not in site.get("/api/results").json())
            site.send("PUT", "/api/tasks/graph", {"on": True})
            site.send("PUT", "/api/tasks/alarm", {"on": True})
            wait_until(lambda: site.get("/api/results").json().get("alarm"))
    lines = [json.loads(line) for line in daemon.results()]
    assert any(line["alarm"]["began"] for line in lines if "alarm" in line)
