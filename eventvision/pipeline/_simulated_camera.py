"""A camera for everybody: `sim:SCENE`, simulated live at the pace of the wall clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from eventvision.core import (
    ConfigError,
    Events,
    Packet,
    SensorSize,
    SourceError,
    SourceInfo,
)
from eventvision.io import LiveStream
from eventvision.simulation import (
    CAMERAS,
    SCENES,
    SENSOR_SIZES,
    EventCamera,
    Flicker,
    Scene,
    open_scene,
    pixel_model,
)

from ._simulate import DEFAULT_CAMERA
from ._simulated_feed import SimulatedFeed

DEFAULT_SCENE = "shapes"
OPTIONS = ("camera", "sensor", "seed", "fps", "flicker")
IDLE_S = 0.1


class SimulatedCamera(LiveStream):
    """Events of a simulated camera, as they would come from a real one.

    Time runs from 0 when iteration begins. A thread of its own renders the scene; where it cannot
    keep up, it looks less often (counted in `dropped` as sub-frames), so that events are less
    exact but never late by more than one rendering. Whoever iterates slowly loses the oldest
    events, counted and marked as gaps, as with a real camera. Iteration ends with `close`.

    Args:
        name: `sim:SCENE`, `sim:` for the scene `shapes`, or `sim:` and the path of a video or a
            folder of images, which begins anew when it ends. Options follow a question mark:
            `camera=` (one of `CAMERAS`), `sensor=WxH` or the name of a camera, `seed=`, `fps=`
            (of images), `flicker=` (of the light, in Hz).
        sensor: Size of the pixel array, instead of the one in the name.

    Raises:
        SourceError: If the name is wrong or the scene cannot be opened.
    """

    def __init__(self, name: str, *, sensor: SensorSize | None = None) -> None:
        wanted = _Wanted.parse(name)
        size = sensor or wanted.sensor
        chosen = size or SENSOR_SIZES.get(wanted.camera, SENSOR_SIZES[DEFAULT_CAMERA])
        scene = _opened(wanted, name, chosen)
        model = pixel_model(wanted.camera, seed=wanted.seed)
        super().__init__(
            SourceInfo(
                name=name,
                format="live simulation",
                sensor=chosen,
                sensor_from="user" if size else "header",
                camera=f"simulated {wanted.camera}",
                notes=(f"Scene: {wanted.scene}, {SCENES.get(wanted.scene, 'pictures')}.",),
            )
        )
        self._feed = SimulatedFeed(scene, EventCamera(chosen, model, seed=wanted.seed))

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was lost or left out, by cause."""
        return {
            "events: read too slowly": self._feed.dropped_events,
            "sub-frames: rendered too slowly": self._feed.left_out,
        }

    def close(self) -> None:
        """End the simulation, from any thread; may be called twice."""
        self._feed.close()

    def _packets(self) -> Iterator[Packet]:
        self._feed.start()
        while True:
            packet = self._feed.take(IDLE_S)
            if packet is None and self._feed.is_closed:
                return
            yield packet or Packet(Events.empty(self._info.sensor))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a name asks for."""

    scene: str
    camera: str
    sensor: SensorSize | None
    seed: int
    fps: float | None
    flicker_hz: float

    @classmethod
    def parse(cls, name: str) -> _Wanted:
        scene, _, query = name.removeprefix("sim:").partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        for option in given:
            if option not in OPTIONS:
                known = ", ".join(OPTIONS)
                raise SourceError(name, f"has no option {option!r}", f"known options: {known}")
        sensor = given.get("sensor", "")
        camera = given.get("camera") or (sensor if sensor in SENSOR_SIZES else DEFAULT_CAMERA)
        if camera not in CAMERAS:
            raise SourceError(name, f"there is no camera {camera!r}", f"use {', '.join(CAMERAS)}")
        try:
            return cls(
                scene or DEFAULT_SCENE,
                camera,
                SENSOR_SIZES.get(sensor) or (SensorSize.parse(sensor) if sensor else None),
                int(given.get("seed", 0)),
                float(given["fps"]) if "fps" in given else None,
                float(given.get("flicker", 0)),
            )
        except ValueError as error:
            raise SourceError(name, str(error), "write sensor=346x260, seed=1, fps=240") from None


def _opened(wanted: _Wanted, name: str, sensor: SensorSize) -> Scene:
    try:
        scene = open_scene(wanted.scene, sensor=sensor, seed=wanted.seed, fps=wanted.fps)
        return Flicker(scene, hz=wanted.flicker_hz) if wanted.flicker_hz else scene
    except ConfigError as error:
        problem = f"{error.option} {error.value!r} cannot be used"
        raise SourceError(name, problem, f"give {error.expected}") from error
    except ValueError as error:
        raise SourceError(name, str(error), "correct the options in the name") from error
