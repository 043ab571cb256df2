"""Where what can be made again is kept, on every system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eventvision.core import CACHE_VARIABLE, cache_folder

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, HOME / ".cache/eventvision"),
        ("linux", {"XDG_CACHE_HOME": "/var/cache"}, Path("/var/cache/eventvision")),
        ("linux", {"XDG_CACHE_HOME": "relative"}, HOME / ".cache/eventvision"),
        ("darwin", {"XDG_CACHE_HOME": "/var/cache"}, HOME / "Library/Caches/eventvision"),
        ("win32", {}, HOME / "AppData/Local/eventvision"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/eventvision")),
        ("win32", {CACHE_VARIABLE: "/mine"}, Path("/mine")),
        ("linux", {CACHE_VARIABLE: "mine"}, Path.cwd() / "mine"),
    ],
)
def test_caches_go_where_the_system_keeps_them(platform, variables, expected, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", CACHE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: HOME)
    assert cache_folder() == expected
