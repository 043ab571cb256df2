"""Who somebody is, what they may do, and how often they may try.

Programs send a token with every request; people log in and get a session, a cookie that scripts
cannot read and other sites cannot send. Whoever fails too often has to wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from .passwords import check_password, hash_password
from .settings import HttpSettings, Role

COOKIE = "eventvision-session"
MOST_SESSIONS = 1000

_WINDOW_S = 60.0
_MOST_FAILURES, _MOST_FAILURES_OF_ALL = 5, 60
_MOST_ADDRESSES = 4096

Clock = Callable[[], float]


class TooManyFailuresError(Exception):
    """Somebody has to wait; `seconds` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is known.

    Attributes:
        name: Of the user; empty for programs and where nobody is asked.
        role: What they may do.
    """

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Tell whether they may do what needs a role."""
        return self.role in {"operator", role}


class Failures:
    """Counts failed attempts by address, over the last minute, in bounded memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=_MOST_FAILURES_OF_ALL)
        self.total = 0

    def check(self, address: str) -> None:
        """Let pass who has not failed too often.

        Raises:
            TooManyFailuresError: Says how long to wait.
        """
        now_s = self._clock()
        own = self._of.get(_neighbourhood(address), deque())
        for times, most in ((own, _MOST_FAILURES), (self._all, _MOST_FAILURES_OF_ALL)):
            if len(times) >= most and now_s - times[-most] < _WINDOW_S:
                raise TooManyFailuresError(times[-most] + _WINDOW_S - now_s)

    def note(self, address: str) -> None:
        """Count a failure."""
        place, now_s = _neighbourhood(address), self._clock()
        self._of.setdefault(place, deque(maxlen=_MOST_FAILURES)).append(now_s)
        self._of.move_to_end(place)
        if len(self._of) > _MOST_ADDRESSES:
            self._of.popitem(last=False)
        self._all.append(now_s)
        self.total += 1


class Access:
    """Tokens, users and sessions of one server; used from one event loop.

    Args:
        settings: Who there is.
        clock: Seconds that only grow.
    """

    def __init__(self, settings: HttpSettings, clock: Clock = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._tokens: dict[Role, bytes] = {}
        if settings.token is not None:
            self._tokens["operator"] = settings.token.get_secret_value().encode()
        if settings.viewer_token is not None:
            self._tokens["viewer"] = settings.viewer_token.get_secret_value().encode()
        self._users = {user.name: user for user in settings.users}
        self._nobody = hash_password(secrets.token_hex(8)) if self._users else ""
        self._sessions: OrderedDict[bytes, tuple[Visitor, float]] = OrderedDict()
        self._one_check = asyncio.Lock()
        self.failures = Failures(clock)

    def visitor(
        self, authorization: str | None, cookie: str | None, address: str
    ) -> Visitor | None:
        """Return who sends a request; None if they have to say so first.

        Raises:
            TooManyFailuresError: If they tried too many tokens.
        """
        if not self._settings.asks_who_it_is:
            return Visitor("", "operator")
        if authorization is not None:
            return self._bearer(authorization, address)
        return None if cookie is None else self._session(cookie)

    async def log_in(self, name: str, password: str, address: str) -> tuple[str, Visitor] | None:
        """Begin a session; return its secret and who it is, or None if the password is wrong.

        Raises:
            TooManyFailuresError: If they tried too often.
        """
        async with self._one_check:
            self.failures.check(address)
            user = self._users.get(name)
            hashed = self._nobody if user is None else user.password.get_secret_value()
            is_right = bool(hashed) and await asyncio.to_thread(check_password, password, hashed)
        if user is None or not is_right:
            self.failures.note(address)
            return None
        visitor, secret = Visitor(user.name, user.role), secrets.token_urlsafe(32)
        ends_s = self._clock() + self._settings.session_hours * 3600
        self._sessions[_key(secret)] = visitor, ends_s
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return secret, visitor

    def log_out(self, cookie: str | None) -> None:
        """End a session, if there is one."""
        if cookie is not None:
            self._sessions.pop(_key(cookie), None)

    def _bearer(self, authorization: str, address: str) -> Visitor | None:
        self.failures.check(address)
        kind, _, token = authorization.partition(" ")
        given = token.strip().encode("utf-8", "replace")
        matches = [
            role for role, known in self._tokens.items() if hmac.compare_digest(given, known)
        ]
        if kind.lower() != "bearer" or not matches:
            self.failures.note(address)
            return None
        return Visitor("", matches[0])

    def _session(self, cookie: str) -> Visitor | None:
        key = _key(cookie)
        visitor, ends_s = self._sessions.get(key, (None, 0.0))
        if visitor is not None and self._clock() >= ends_s:
            del self._sessions[key]
            return None
        return visitor


def _key(secret: str) -> bytes:
    """Return what is kept of a session's secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _neighbourhood(address: str) -> str:
    """Return what stands for all addresses that one customer usually has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))
