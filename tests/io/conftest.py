"""What tests of streams share: patience, and names that are looked up nowhere."""

from __future__ import annotations

import socket

import pytest

PATIENCE_S = 120.0
"""How long may take what has to happen; what must not happen is tested by other limits."""


@pytest.fixture
def patient(monkeypatch):
    """Let no peer be given up because the machine is busy; tests set the limit they are about."""
    from eventvision.io._network import reception, source

    monkeypatch.setattr(reception, "GREETING_S", PATIENCE_S)
    monkeypatch.setattr(reception, "STALL_S", PATIENCE_S)
    monkeypatch.setattr(source, "PACKET_S", PATIENCE_S)
    monkeypatch.setitem(source.NetworkSource.__init__.__kwdefaults__, "timeout_s", PATIENCE_S)


@pytest.fixture(autouse=True)
def unknown_names(monkeypatch):
    """Let hosts that nobody has be unknown at once, with a network and without."""
    look_up = socket.getaddrinfo

    def known(host, *arguments, **options):
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", known)
