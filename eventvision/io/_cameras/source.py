"""A live camera as a source: it waits through unplugging, and never makes anybody else wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from eventvision.core import (
    Damage,
    Packet,
    SourceError,
    SourceInfo,
)
from eventvision.io._live import IDLE_S, LiveStream

from .buffer import Arrival, Lost, Opened
from .clock import CameraClock
from .driver import CameraDescription, CameraDriver, DriverSession
from .drivers import DRIVERS
from .feed import CameraFeed, CameraState
from .models import CameraName, choose, discover
from .settings import CameraSettings, default_settings, load_settings


class CameraSource(LiveStream):
    """Events of an attached camera, as they come; iteration ends when `close` is called.

    A thread of its own reads the camera, so that whoever iterates slowly loses the oldest events
    (counted in `dropped`) and never holds the camera back. When the camera is unplugged, fails or
    hangs, `state` turns to `waiting`; the source looks for the same camera until it is back and
    opens it with the same settings. Meanwhile, and while the camera is silent, an empty packet
    comes every 100 ms and says how far time has come, so that slices end.

    Times are those of the camera's clock at first opening; after an interruption they go on as
    the wall clock says. Each gap is told in `damage` and marked in the stream by a trigger of
    source `GAP_SOURCE` at the first time after it.

    Args:
        name: `camera:`, `camera:MODEL` or `camera:MODEL/SERIAL`, then `?settings=FILE` if wanted.
        settings: What to open it with, or a file that says so; the camera's defaults if neither
            this nor the name says anything.
        drivers: How cameras are reached; the built-in drivers if not given.

    Attributes:
        settings_file: The file of settings that it was opened with; None if there was none.
        reconnects: How often the camera came back.

    Raises:
        SourceNotFoundError: If no such camera is attached, or the file of settings is missing.
        SourceError: If the name is wrong or the camera cannot be opened.
        ConfigError: If the settings are wrong or for another model.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: CameraSettings | Path | str | None = None,
        drivers: Sequence[CameraDriver] | None = None,
    ) -> None:
        wanted = CameraName.parse(name)
        used = DRIVERS if drivers is None else drivers
        self.settings_file = _file_of(wanted, settings)
        given = load_settings(self.settings_file) if self.settings_file else settings
        camera = choose(wanted, discover(used))
        chosen = given if isinstance(given, BaseModel) else default_settings(camera.model)
        session = _opened(used, camera, chosen)
        super().__init__(_described(wanted, camera, session))
        self._clock = CameraClock(session.sensor, self._damage)
        self._feed = CameraFeed(used, camera, session, chosen)
        self._gap = False
        self._stall_told = False
        self.reconnects = 0

    @property
    def state(self) -> CameraState:
        """`open`, `waiting` for the camera to come back or to answer, or `closed`."""
        return self._feed.state

    @property
    def stalled_s(self) -> float:
        """How long the driver has not answered; 0 while it does, or may still."""
        return self._feed.stalled_s

    @property
    def settings(self) -> CameraSettings:
        """The settings in force."""
        return self._feed.settings

    @property
    def dropped(self) -> dict[str, int]:
        """What was lost between the camera and whoever iterates, by cause."""
        return self._feed.dropped

    def apply(self, settings: CameraSettings) -> None:
        """Change the settings while the camera runs; they are kept for reconnecting.

        Raises:
            ConfigError: If they are for another model or the camera refuses them.
            SourceError: If the camera does not answer.
        """
        self._feed.apply(settings)

    def _packets(self) -> Iterator[Packet]:
        """Yield packets as they come from now on, until `close`."""
        self._feed.forget()
        while self._feed.state != "closed":
            complete_ns = self._feed.complete_ns  # looked at first: what follows is in the buffer
            item = self._feed.take(IDLE_S)
            if isinstance(item, Arrival):
                yield self._packet(item)
            elif isinstance(item, Lost):
                yield from self._lost(item)
            elif isinstance(item, Opened):
                self.reconnects += 1
            else:
                self._tell_stall()
                yield self._clock.silence(complete_ns)

    def close(self) -> None:
        """Release the camera, from any thread; may be called twice."""
        self._feed.close()

    def _packet(self, arrival: Arrival) -> Packet:
        if arrival.after_drop:
            self._gap = True
        packet = self._clock.admit(arrival.batch, arrival.arrived_ns)
        self._stall_told = False
        if self._gap and len(packet):
            self._gap = False
            return packet.after_gap()
        return packet

    def _lost(self, lost: Lost) -> Iterator[Packet]:
        message = f"the camera is gone ({lost.message}); it is used again once it is back"
        self._damage.add(Damage(kind="disconnected", message=message))
        self._gap = True
        rest = self._clock.interrupt()
        if rest is not None:
            yield rest

    def _tell_stall(self) -> None:
        if self._feed.is_stalled and not self._stall_told:
            self._stall_told = self._gap = True
            message = "the camera's driver does not answer"
            self._damage.add(Damage(kind="stalled", message=message))


def _file_of(name: CameraName, settings: CameraSettings | Path | str | None) -> Path | None:
    if isinstance(settings, BaseModel):
        return None
    file = name.settings or settings
    return Path(file) if file else None


def _opened(
    drivers: Sequence[CameraDriver], camera: CameraDescription, settings: CameraSettings
) -> DriverSession:
    driver = next(driver for driver in drivers if driver.name == camera.driver)
    if settings.model != camera.model:
        problem = f"the settings are for {settings.model}"
        raise SourceError(camera.name, problem, f"give settings for {camera.model}")
    return driver.open(camera, settings)


def _described(wanted: CameraName, camera: CameraDescription, session: DriverSession) -> SourceInfo:
    return SourceInfo(
        name=wanted.text,
        format=f"live camera, {camera.driver}",
        sensor=session.sensor,
        sensor_from="header",
        camera=str(camera),
        notes=(),
    )
