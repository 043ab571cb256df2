"""Serve the page: addresses are listed, not looked up, so no other file can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

_OPEN = {
    "/login": ("login.html", "text/html; charset=utf-8"),
    "/login.js": ("login.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""What somebody needs to log in."""

_CLOSED = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/live.js": ("live.js", "text/javascript; charset=utf-8"),
    "/charts.js": ("charts.js", "text/javascript; charset=utf-8"),
}


def add_page(app: FastAPI, is_known: Callable[[Request], bool]) -> None:
    """Add the page to an application; who is not known has to log in first."""
    for address, (name, kind) in {**_OPEN, **_CLOSED}.items():
        body = files(__package__).joinpath(name).read_bytes()
        _add(app, address, body, kind, None if address in _OPEN else is_known)


def _add(
    app: FastAPI,
    address: str,
    body: bytes,
    kind: str,
    is_known: Callable[[Request], bool] | None,
) -> None:
    @app.get(address, include_in_schema=False)
    async def file(request: Request) -> Response:
        if is_known is not None and not is_known(request):
            return RedirectResponse("/login", 303)
        return Response(body, media_type=kind)
