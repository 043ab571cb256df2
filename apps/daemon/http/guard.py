"""What every request goes through before the API, and every answer after it.

Before: it must name this machine (else a foreign page could reach us under its own name), come
from our own page where it changes anything, and be here in time and in bounded size. After: the
headers that tell browsers to trust nothing but us; an answer that nobody reads is given up.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import HttpSettings

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_SEND_S = 15.0

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000"


class Guard:
    """ASGI middleware around an application.

    Args:
        app: What answers.
        settings: Names and limits.
    """

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app, self._settings = app, settings
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local", *map(str.lower, settings.names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        answer = self._decorated(scope, send)
        headers = Headers(scope=scope)
        problem = self._problem(scope["method"], headers)
        if problem is not None:
            await _refuse(answer, 403, problem)
            return
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                body = await self._body(headers, receive)
        except TimeoutError:
            await _refuse(answer, 408, "the request did not arrive in time")
            return
        if body is None:
            await _refuse(answer, 413, f"at most {self._settings.most_body_bytes} bytes")
            return
        await self._app(scope, _replayed(body, receive), answer)

    def _problem(self, method: str, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return "this name is not ours; add it to http.names in the configuration"
        if method in _SAFE_METHODS:
            return None
        if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
            return "only our own page may do this"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "only our own page may do this"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def _body(self, headers: Headers, receive: Receive) -> bytes | None:
        """Read a request's body; None if it is too large."""
        most = self._settings.most_body_bytes
        told = headers.get("content-length", "0")
        if not told.isdecimal() or len(told) > 18 or int(told) > most:
            return None
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return bytes(body)
            body += message.get("body", b"")
            if len(body) > most:
                return None
            if not message.get("more_body", False):
                return bytes(body)

    def _decorated(self, scope: Scope, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _HSTS
            async with asyncio.timeout(_SEND_S):
                await send(message)

        return answer


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
