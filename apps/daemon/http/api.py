"""The API: what there is to see and to switch, for programs and for the live page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from eventvision.core import ConfigError, EventVisionError
from eventvision.sinks import as_object

from .access import COOKIE, Access, TooManyFailuresError, Visitor
from .metrics import CONTENT_TYPE, Counters, exposition
from .page import add_page
from .pictures import Pictures, part
from .settings import HttpSettings, Role
from .state import State

BOUNDARY = "picture"


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Switch(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid")

    on: StrictBool


class LogIn(BaseModel):
    """Who somebody says they are."""

    model_config = ConfigDict(extra="forbid")

    user: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=1024)]


class Session(BaseModel):
    """Who somebody is."""

    user: str
    role: Role


class TaskState(BaseModel):
    """Whether a task runs."""

    name: str
    on: bool


_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in (
        (400, "The request is not what it should be"),
        (401, "Say first who you are"),
        (403, "That is for operators, or for our own page"),
        (404, "There is no such thing"),
        (408, "The request did not arrive in time"),
        (409, "That cannot be done now"),
        (413, "The request is too large"),
        (422, "The request does not say what it should"),
        (429, "Too many failures; see Retry-After"),
    )
}


def build_app(
    state: State,
    settings: HttpSettings,
    access: Access,
    counters: Counters,
    is_stopping: Callable[[], bool],
) -> FastAPI:
    """Return the application for a daemon.

    Args:
        state: The daemon.
        settings: What is shown.
        access: Who may see it.
        counters: What the server counts itself.
        is_stopping: Whether streams should end.
    """
    app = FastAPI(
        title="eventvision",
        version=version("eventvision"),
        summary="A camera that perceives: status, results, switches.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(TooManyFailuresError, _wait)
    app.add_exception_handler(EventVisionError, _cannot)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    _add_health(app, state)
    _add_log_in(app, access)
    seen = APIRouter(responses=_REFUSALS, dependencies=[Depends(_needed(access, "viewer"))])
    _add_views(seen, app, state, counters)
    if settings.live:
        _add_pictures(seen, settings, Pictures(state, settings.live_fps), counters, is_stopping)
    switched = APIRouter(responses=_REFUSALS, dependencies=[Depends(_needed(access, "operator"))])
    _add_switches(switched, state)
    app.include_router(seen)
    app.include_router(switched)
    add_page(app, lambda request: _visitor(access, request) is not None)
    return app


def _visitor(access: Access, request: Request) -> Visitor | None:
    headers = request.headers
    cookie = request.cookies.get(COOKIE)
    return access.visitor(headers.get("authorization"), cookie, _address(request))


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host


def _needed(access: Access, role: Role) -> Callable[[Request], Any]:
    async def check(request: Request) -> None:
        visitor = _visitor(access, request)
        if visitor is None:
            raise HTTPException(401, "say first who you are", {"WWW-Authenticate": "Bearer"})
        if not visitor.may(role):
            raise HTTPException(403, "that is for operators")
        request.state.visitor = visitor

    return check


async def _wait(_: Request, error: Exception) -> Response:
    seconds = getattr(error, "seconds", 60.0)
    return JSONResponse(
        {"detail": str(error)}, 429, headers={"Retry-After": str(max(1, round(seconds)))}
    )


async def _cannot(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 409)


async def _misunderstood(_: Request, error: Exception) -> Response:
    """Say what is wrong and where, without repeating what was sent: it may be a password."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    places = (".".join(str(part) for part in one["loc"]) for one in found)
    told = "; ".join(f"{place}: {one['msg']}" for place, one in zip(places, found, strict=True))
    return JSONResponse({"detail": told}, 422)


def _add_health(app: FastAPI, state: State) -> None:
    @app.get("/healthz", response_class=PlainTextResponse, responses={503: {}}, tags=["health"])
    def healthy() -> Response:
        """Whether everything runs, or is on its way to."""
        return _said(is_so=state.healthy())

    @app.get("/readyz", response_class=PlainTextResponse, responses={503: {}}, tags=["health"])
    def ready() -> Response:
        """Whether events are being looked at."""
        return _said(is_so=state.ready())


def _said(*, is_so: bool) -> Response:
    return PlainTextResponse("ok\n" if is_so else "not ok\n", 200 if is_so else 503)


def _add_log_in(app: FastAPI, access: Access) -> None:
    @app.post("/api/login", responses=_REFUSALS, tags=["session"])
    async def log_in(request: Request, response: Response, given: LogIn) -> Session:
        """Begin a session; its cookie comes with the answer."""
        outcome = await access.log_in(given.user, given.password, _address(request))
        if outcome is None:
            raise HTTPException(401, "user or password is wrong")
        secret, visitor = outcome
        response.set_cookie(
            COOKIE,
            secret,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return Session(user=visitor.name, role=visitor.role)

    @app.post("/api/logout", status_code=204, responses=_REFUSALS, tags=["session"])
    async def log_out(request: Request, response: Response) -> None:
        """End the session."""
        access.log_out(request.cookies.get(COOKIE))
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _add_views(router: APIRouter, app: FastAPI, state: State, counters: Counters) -> None:
    @router.get("/api/session", tags=["session"])
    async def session(request: Request) -> Session:
        """Who we take you for."""
        visitor: Visitor = request.state.visitor
        return Session(user=visitor.name, role=visitor.role)

    @router.get("/api/status", tags=["state"])
    def status() -> dict[str, Any]:
        """Numbers about the run."""
        return dict(state.status())

    @router.get("/api/results", tags=["state"])
    def results() -> dict[str, Any] | None:
        """What was found in the latest slice, as in a results file; null before the first."""
        result = state.results()
        return None if result is None else as_object(result)

    @router.get("/api/config", tags=["state"])
    def config() -> dict[str, Any]:
        """The configuration, without secrets."""
        return dict(state.config())

    @router.get("/api/tasks", tags=["tasks"])
    def tasks() -> list[TaskState]:
        """All tasks, and whether they run."""
        return [TaskState(name=name, on=on) for name, on in _task_states(state).items()]

    @router.get("/metrics", response_class=PlainTextResponse, tags=["state"])
    def metrics() -> Response:
        """Numbers for Prometheus."""
        return Response(exposition(state.status(), counters), media_type=CONTENT_TYPE)

    @router.get("/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return app.openapi()


def _add_switches(router: APIRouter, state: State) -> None:
    @router.put("/api/tasks/{name}", tags=["tasks"])
    def switch_task(name: str, switch: Switch) -> TaskState:
        """Switch a task on or off."""
        if name not in _task_states(state):
            raise HTTPException(404, "there is no such task; see /api/tasks")
        try:
            state.set_task(name, switch.on)
        except ConfigError as error:
            raise HTTPException(409, str(error)) from None
        return TaskState(name=name, on=switch.on)

    @router.put("/api/recording", tags=["recording"])
    def switch_recording(switch: Switch) -> Switch:
        """Begin or end a recording."""
        state.record(switch.on)
        return switch


def _add_pictures(
    router: APIRouter,
    settings: HttpSettings,
    pictures: Pictures,
    counters: Counters,
    is_stopping: Callable[[], bool],
) -> None:
    @router.get(
        "/api/picture.jpg",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
        tags=["pictures"],
    )
    def picture() -> Response:
        """What is seen now."""
        _, jpeg = pictures.latest()
        if jpeg is None:
            raise HTTPException(404, "nothing was seen yet")
        return Response(jpeg, media_type="image/jpeg")

    async def parts() -> AsyncIterator[bytes]:
        counters.viewers += 1
        try:
            shown = 0
            while not is_stopping():
                number, jpeg = await asyncio.to_thread(pictures.latest)
                if jpeg is not None and number != shown:
                    shown = number
                    yield part(jpeg, BOUNDARY)
                await asyncio.sleep(0.5 / settings.live_fps)
        finally:
            counters.viewers -= 1

    @router.get("/live.mjpg", include_in_schema=False)
    async def live() -> Response:
        if counters.viewers >= settings.most_viewers:
            raise HTTPException(409, f"{settings.most_viewers} others are watching already")
        kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        return StreamingResponse(parts(), media_type=kind)


def _task_states(state: State) -> dict[str, bool]:
    return {name: bool(task["on"]) for name, task in state.status()["tasks"].items()}
