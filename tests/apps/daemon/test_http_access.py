"""Who may do what over HTTP: every address, every kind of visitor."""

from __future__ import annotations

import socket

import pytest
from pydantic import ValidationError

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")

from eventvision_apps.daemon.http import HttpSettings, User, hash_password, passwords
from eventvision_apps.daemon.http.access import Access, Failures, TooManyFailuresError

TOKEN, VIEWER_TOKEN = "operator-token-0123456789", "viewer-token-0123456789"


@pytest.fixture(scope="module", autouse=True)
def quick_hashes():
    """Hashes of passwords that cost little."""
    before, passwords.ROUNDS = passwords.ROUNDS, 1000
    yield
    passwords.ROUNDS = before


@pytest.fixture
def closed_site(open_site):
    """A server that asks who one is."""
    users = (
        User(name="eva", password=hash_password("right horse"), role="operator"),
        User(name="vic", password=hash_password("battery"), role="viewer"),
    )
    return open_site(token=TOKEN, viewer_token=VIEWER_TOKEN, users=users)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def log_in(site, user: str, password: str):
    return site.send("POST", "/api/login", {"user": user, "password": password})


def session_of(site, user: str, password: str) -> dict[str, str]:
    return {"Cookie": log_in(site, user, password).headers["set-cookie"].partition(";")[0]}


VIEWS = ["/api/session", "/api/status", "/api/results", "/api/config", "/api/tasks", "/metrics",
         "/openapi.json", "/api/picture.jpg"]  # fmt: skip
SWITCHES = [("PUT", "/api/tasks/detection"), ("PUT", "/api/recording")]
OPEN = ["/healthz", "/readyz", "/login", "/login.js", "/style.css", "/icon.svg"]


@pytest.mark.parametrize("path", OPEN)
def test_health_and_the_log_in_are_open(closed_site, path):
    assert closed_site.get(path).status == 200


@pytest.mark.parametrize("path", [*VIEWS, "/live.mjpg"])
def test_what_is_seen_is_for_those_who_are_known(closed_site, path):
    assert closed_site.get(path).status == 401
    assert closed_site.get(path, bearer("wrong-token-0123456789")).status == 401
    if path != "/live.mjpg":
        assert closed_site.get(path, bearer(VIEWER_TOKEN)).status == 200
        assert closed_site.get(path, bearer(TOKEN)).status == 200


@pytest.mark.parametrize(("method", "path"), SWITCHES)
def test_what_is_switched_is_for_operators(closed_site, method, path):
    wanted = {"on": True}
    assert closed_site.send(method, path, wanted).status == 401
    assert closed_site.send(method, path, wanted, bearer(VIEWER_TOKEN)).status == 403
    assert closed_site.send(method, path, wanted, bearer(TOKEN)).status == 200


@pytest.mark.parametrize("path", ["/", "/live.js", "/charts.js"])
def test_the_page_sends_strangers_to_the_log_in(closed_site, path):
    answer = closed_site.get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert closed_site.get(path, bearer(VIEWER_TOKEN)).status == 200


def test_people_log_in_and_out(closed_site):
    eva, vic = (
        session_of(closed_site, "eva", "right horse"),
        session_of(closed_site, "vic", "battery"),
    )
    assert closed_site.get("/api/session", eva).json() == {"user": "eva", "role": "operator"}
    assert closed_site.get("/api/session", vic).json() == {"user": "vic", "role": "viewer"}
    assert closed_site.send("PUT", "/api/recording", {"on": True}, vic).status == 403
    assert closed_site.ask("POST", "/api/logout", headers=eva).status == 204
    assert closed_site.get("/api/session", eva).status == 401
    assert closed_site.get("/api/session", vic).status == 200


def test_the_cookie_is_for_nobody_but_us(closed_site):
    told = log_in(closed_site, "eva", "right horse").headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    assert log_in(closed_site, "eva", "wrong").headers.get("set-cookie") is None


def test_who_guesses_has_to_wait_even_with_the_right_password(closed_site):
    answers = [log_in(closed_site, "eva", f"guess {n}").status for n in range(6)]
    assert answers == [401] * 5 + [429]
    late = log_in(closed_site, "eva", "right horse")
    assert late.status == 429
    assert 1 <= int(late.headers["retry-after"]) <= 60


def test_who_tries_tokens_has_to_wait_too(closed_site):
    tried = [closed_site.get("/api/status", bearer(f"guess-{n}")).status for n in range(6)]
    assert tried == [401] * 5 + [429]
    assert closed_site.get("/healthz").status == 200


@pytest.mark.parametrize("user", ["eva", "nobody", "", "a" * 64])
def test_a_wrong_user_looks_like_a_wrong_password(closed_site, user):
    answer = log_in(closed_site, user, "x")
    assert (answer.status, answer.json()) == (401, {"detail": "user or password is wrong"})


def test_without_token_and_users_this_machine_is_trusted(open_site):
    site = open_site()
    assert site.get("/api/session").json() == {"user": "", "role": "operator"}
    assert site.send("PUT", "/api/recording", {"on": True}).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:80"}, 200),
        ({"Host": socket.gethostname()}, 200),
        ({"Host": "192.168.1.7:8088"}, 200),
        ({"Host": "[::1]:8088"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Host": ""}, 403),
    ],
)
def test_a_page_cannot_reach_us_under_its_own_name(site, headers, status):
    assert site.get("/api/status", headers).status == status


def test_further_names_can_be_given(open_site):
    site = open_site(names=["Camera.Example"])
    assert site.get("/api/status", {"Host": "camera.example:8088"}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_pages_cannot_switch_anything(open_site, headers):
    site = open_site()
    assert site.send("PUT", "/api/recording", {"on": True}, headers).status == 403
    assert not site.daemon.recording
    same = {"Origin": f"http://127.0.0.1:{site.port}", "Sec-Fetch-Site": "same-origin"}
    assert site.send("PUT", "/api/recording", {"on": True}, same).status == 200


REFUSED = [
    ({"host": "0.0.0.0"}, "set a token or users"),
    ({"host": "192.168.1.5", "token": TOKEN}, "set certificate and key"),
    ({"host": "::", "token": TOKEN}, "set certificate and key"),
    ({"host": "camera.example", "token": TOKEN}, "set certificate and key"),
    ({"token": "short"}, "16 to 256"),
    ({"token": "with spaces in it, and long"}, "no spaces"),
    ({"certificate": "a.pem"}, "come together"),
    ({"users": [{"name": "eva", "password": "right horse"}]}, "a hash, not a password"),
    ({"users": [{"name": "e v", "password": "x"}]}, "name"),
    ({"live_fps": 0}, "live_fps"),
    ({"prot": 1}, "prot"),
]


@pytest.mark.parametrize(("values", "told"), REFUSED)
def test_settings_that_are_unsafe_or_wrong_are_refused(values, told):
    with pytest.raises(ValidationError, match=told):
        HttpSettings(**values)


def test_other_machines_are_let_in_with_token_and_encryption():
    behind = HttpSettings(host="0.0.0.0", token=TOKEN, behind_proxy=True)
    itself = HttpSettings(host="0.0.0.0", token=TOKEN, certificate="a.pem", key="b.pem")
    assert (behind.host, itself.host) == ("0.0.0.0", "0.0.0.0")


def test_secrets_are_shown_nowhere():
    user = User(name="eva", password=hash_password("right horse"))
    settings = HttpSettings(token=TOKEN, users=[user])
    shown = f"{settings} {settings!r} {settings.model_dump_json()}"
    assert TOKEN not in shown
    assert "pbkdf2" not in shown


def test_hashes_of_a_password_differ_and_all_fit():
    one, other = hash_password("right horse"), hash_password("right horse")
    assert one != other
    assert passwords.check_password("right horse", one)
    assert not passwords.check_password("right horse ", one)
    assert not passwords.check_password("x" * 5000, other)


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_some_passwords_are_none(password):
    with pytest.raises(ValueError, match="1 to 1024"):
        hash_password(password)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_failures_are_forgiven_after_a_minute_and_forgotten_in_bounded_memory():
    clock = Clock()
    failures = Failures(clock)
    for _ in range(5):
        failures.check("10.0.0.1")
        failures.note("10.0.0.1")
    with pytest.raises(TooManyFailuresError):
        failures.check("10.0.0.1")
    failures.check("10.0.0.2")
    clock.now += 61
    failures.check("10.0.0.1")
    for n in range(10_000):
        clock.now += 10
        failures.note(f"2001:db8:{n:x}::1")
    assert len(failures._of) <= 4096


def test_addresses_of_one_network_fail_together():
    failures = Failures(Clock())
    for n in range(5):
        failures.note(f"2001:db8::{n}")
    with pytest.raises(TooManyFailuresError):
        failures.check("2001:db8::ffff")
    failures.check("2001:db8:0:1::1")


async def logged_in(access: Access):
    outcome = await access.log_in("eva", "right horse", "10.0.0.1")
    assert outcome is not None
    return outcome[0]


def test_sessions_end_and_their_number_is_bounded():
    import asyncio

    clock = Clock()
    user = User(name="eva", password=hash_password("right horse"))
    access = Access(HttpSettings(users=[user], session_hours=1), clock)
    cookie = asyncio.run(logged_in(access))
    assert access.visitor(None, cookie, "10.0.0.1") is not None
    assert access.visitor(None, cookie + "x", "10.0.0.1") is None
    clock.now += 3601
    assert access.visitor(None, cookie, "10.0.0.1") is None
    assert not access._sessions
