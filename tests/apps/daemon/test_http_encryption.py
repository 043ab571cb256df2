"""HTTPS with a real certificate: passwords and cookies travel encrypted only."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
import warnings
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")

from eventvision_apps.daemon.http import User, hash_password, passwords

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for 127.0.0.1 that signs itself; its key lies beside it."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=camera",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ),
            *("-keyout", path.with_name("key.pem"), "-out", path),
        ],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def site(open_site, certificate, monkeypatch):
    """A server that asks for a password, at the full price of its hash."""
    assert passwords.ROUNDS >= 600_000
    eva = User(name="eva", password=hash_password("right horse"), role="operator")
    return open_site(users=[eva], certificate=certificate, key=certificate.with_name("key.pem"))


def ask(
    site, trust: ssl.SSLContext, method: str, path: str, body: object = None, **headers: str
) -> http.client.HTTPResponse:
    connection = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=120, context=trust)
    try:
        told = None if body is None else json.dumps(body)
        kind = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, told, {**kind, **headers})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def test_people_log_in_over_https_and_their_cookie_goes_nowhere_else(site, certificate):
    trust = ssl.create_default_context(cafile=certificate)
    assert ask(site, trust, "GET", "/healthz").status == 200
    assert ask(site, trust, "GET", "/api/status").status == 401
    wrong = ask(site, trust, "POST", "/api/login", {"user": "eva", "password": "battery"})
    assert wrong.status == 401
    right = ask(site, trust, "POST", "/api/login", {"user": "eva", "password": "right horse"})
    cookie = right.getheader("set-cookie", "")
    assert right.status in {200, 204}
    assert "secure" in cookie.lower()
    assert right.getheader("strict-transport-security") == "max-age=31536000"
    name_and_value = cookie.partition(";")[0]
    assert ask(site, trust, "GET", "/api/status", Cookie=name_and_value).status == 200
    switched = ask(site, trust, "PUT", "/api/recording", {"on": True}, Cookie=name_and_value)
    assert switched.status == 200
    assert site.daemon.recording


def test_who_does_not_trust_the_certificate_says_nothing(site):
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(site, ssl.create_default_context(), "GET", "/healthz")


def test_nothing_is_answered_in_the_clear_or_by_old_protocols(site, certificate):
    with pytest.raises((http.client.HTTPException, OSError)):
        site.get("/healthz")
    old = ssl.create_default_context(cafile=certificate)
    with warnings.catch_warnings(action="ignore"):  # Python warns of these protocols, too
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):  # noqa: PT011 - either side may refuse
        ask(site, old, "GET", "/healthz")
