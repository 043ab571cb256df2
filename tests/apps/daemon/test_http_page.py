"""The live page in a real browser: on a desk, on a phone, for operators, for viewers."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")

from chromium import PROGRAM, Browser
from eventvision_apps.daemon.http import User, hash_password, passwords

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")

KEEP = os.environ.get("EVENTVISION_SCREENSHOTS")
"""Folder for what the browser showed, for whoever wants to look."""


def seen(browser: Browser, name: str) -> np.ndarray:
    png = browser.screenshot()
    if KEEP:
        Path(KEEP).mkdir(parents=True, exist_ok=True)
        Path(KEEP, f"{name}.png").write_bytes(png)
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    ("name", "width", "height", "is_phone"),
    [("desk", 1280, 800, False), ("phone", 390, 844, True)],
)
def test_the_page_shows_events_charts_tasks_and_counts(
    open_site, tmp_path, name, width, height, is_phone
):
    site = open_site(live_fps=5)
    with Browser(tmp_path, width, height, is_phone=is_phone) as browser:
        browser.open(site.server.address)
        browser.until("document.getElementById('picture').naturalWidth > 600")
        browser.until("rate.samples.length > 3")
        assert browser.value("document.querySelectorAll('#tasks .row').length") == 3
        assert "gate" in browser.value("document.getElementById('counts').textContent")
        assert browser.value("document.getElementById('state').textContent") == "running"
        assert browser.value("document.documentElement.scrollWidth <= window.innerWidth")
        picture = seen(browser, f"live-{name}")
        assert browser.log == []
    for colour in ((84, 176, 255), (255, 150, 72)):
        near = np.abs(picture.astype(int) - colour).max(axis=2) < 40
        assert near.sum() > 50, "events of both polarities are to be seen"


def test_an_operator_switches_tasks_and_recording(open_site, tmp_path):
    site = open_site()
    with Browser(tmp_path, 1000, 700) as browser:
        browser.open(site.server.address)
        browser.until("!!document.querySelector('#tasks button:not(:disabled)')")
        browser.value("document.querySelectorAll('#tasks button')[1].click()")
        browser.until("document.querySelectorAll('#tasks button')[1].textContent === 'off'")
        assert site.daemon.tasks == {"detection": True, "tracking": False, "counting": True}
        browser.value("document.getElementById('record').click()")
        browser.until("document.getElementById('record').textContent.startsWith('Recording')")
        assert site.daemon.recording


def test_a_viewer_logs_in_sees_and_switches_nothing(open_site, tmp_path, monkeypatch):
    monkeypatch.setattr(passwords, "ROUNDS", 1000)
    site = open_site(users=[User(name="vic", password=hash_password("battery"))])
    with Browser(tmp_path, 1000, 700) as browser:
        browser.open(site.server.address)
        browser.until("location.pathname === '/login'")

        def log_in(password: str) -> None:
            browser.value(f"document.getElementById('password').value = '{password}'")
            browser.value("document.querySelector('button').click()")

        browser.value("document.getElementById('user').value = 'vic'")
        log_in("wrong")
        browser.until("document.getElementById('problem').textContent.includes('wrong')")
        seen(browser, "log-in")
        log_in("battery")
        browser.until("location.pathname === '/' && !!document.querySelector('#tasks button')")
        assert browser.value(
            "[...document.querySelectorAll('#tasks button')].every(b => b.disabled)"
        )
        assert browser.value("document.getElementById('record').disabled")
        browser.until("!document.getElementById('logout').hidden")
        browser.value("document.getElementById('logout').click()")
        browser.until("location.pathname === '/login'")
    assert site.daemon.tasks["detection"]


def test_the_page_tells_when_the_camera_does_not_answer(open_site, tmp_path):
    site = open_site()
    with Browser(tmp_path, 1000, 700) as browser:
        browser.open(site.server.address)
        browser.until("document.getElementById('state').textContent === 'running'")
        site.server.close()
        browser.until("document.getElementById('state').textContent === 'no answer'")
