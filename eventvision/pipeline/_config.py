"""The settings of a run, checked once, the same for every application."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from eventvision.core import ConfigError, SensorSize
from eventvision.devices import DeviceChoice, parse_devices

FASTEST_SPEED = 1000
DEFAULT_TASKS = ("reconstruction", "detection", "tracking")


def _sensor(value: object) -> object:
    return SensorSize.parse(value) if isinstance(value, str) else value


def _speed(value: object) -> object:
    if value == "max":
        return value
    try:
        factor = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        factor = 0.0
    if not 0 < factor <= FASTEST_SPEED:
        raise ValueError(f"max, or a factor above 0 and up to {FASTEST_SPEED}, such as 1 or 0.1")
    return factor


def _device(value: object) -> object:
    return parse_devices(value) if isinstance(value, str) else value


class RunConfig(BaseModel):
    """What to read, how to cut it, what to look for, where to put it.

    Attributes:
        source: Path of a recording.
        sensor: Size of the pixel array, where the recording does not say or is wrong.
        read: What the reader should not find out by itself, as in `open_source`.
        settings: File with the settings of a camera; changes to it take effect meanwhile.
        strict: Whether damage ends the run with an error.
        start_s: Where to begin, in seconds after the first event.
        end_s: Where to end, likewise; None for the end of the recording.
        speed: Recording seconds per wall second, or `max`.
        filters: Filters in order, as in `background:2ms,refractory:500us`; empty for none.
        slicer: `time:10ms`, `count:20000`, `activity:…` or `trigger:…`.
        representation: Array rendered per slice, as in `voxel:5`; None for none.
        tasks: Tasks as `eventvision.tasks.parse_task` reads them; those they need are added.
        device: Where learned tasks run, as `eventvision.devices.parse_devices` reads it.
        video: Where to write an annotated MP4.
        video_fps: Its frames per second; each slice is one frame.
        results: Where to write results as JSON lines.
        arrays: Folder for one .npz a slice.
        record: Where to record what the source says, unfiltered: a new .aedat4 or .raw file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    source: str
    sensor: Annotated[SensorSize | None, BeforeValidator(_sensor)] = None
    read: dict[str, str] = Field(default_factory=dict)
    settings: Path | None = None
    strict: bool = False
    start_s: float = Field(0.0, ge=0, allow_inf_nan=False)
    end_s: float | None = Field(None, gt=0, allow_inf_nan=False)
    speed: Annotated[Literal["max"] | float, BeforeValidator(_speed)] = "max"
    filters: str = "background"
    slicer: str = "time:10ms"
    representation: str | None = None
    tasks: tuple[str, ...] = DEFAULT_TASKS
    device: Annotated[DeviceChoice, BeforeValidator(_device)] = DeviceChoice()
    video: Path | None = None
    video_fps: float = Field(30.0, ge=1, le=240, allow_inf_nan=False)
    results: Path | None = None
    arrays: Path | None = None
    record: Path | None = None

    @model_validator(mode="after")
    def _end_follows_start(self) -> RunConfig:
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s ({self.end_s:g}) must lie after start_s ({self.start_s:g})")
        return self

    @model_validator(mode="after")
    def _outputs_differ(self) -> RunConfig:
        wanted = (self.video, self.results, self.arrays, self.record)
        outputs = [path for path in wanted if path is not None]
        if len(set(outputs)) != len(outputs):
            raise ValueError("video, results, arrays and record must go to different places")
        return self

    @classmethod
    def checked(cls, **values: Any) -> RunConfig:
        """Build a configuration.

        Raises:
            ConfigError: Names the first option that is wrong and what would be right.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            expected = first["msg"].removeprefix("Value error, ")
            expected = expected[:1].lower() + expected[1:]
            if not first["loc"]:
                raise ConfigError("options", "their combination", expected) from None
            raise ConfigError(str(first["loc"][0]), first["input"], expected) from None
