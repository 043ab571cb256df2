"""The settings of a run, checked once, the same for every application."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from eventvision.core import ConfigError, SensorSize, one_line
from eventvision.devices import DeviceChoice, parse_devices
from eventvision.filters import parse_filters
from eventvision.slicing import parse_slicer
from eventvision.tasks import parse_tasks

FASTEST_SPEED = 1000
DEFAULT_TASKS = ("reconstruction", "detection", "tracking")
_NONE = "none"
_ANY_SENSOR = SensorSize(346, 260)
_FILTERS_OF_PLACES = ("roi", "crop")


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
    if not isinstance(value, str):
        return value
    try:
        return parse_devices(value)
    except ConfigError as error:
        named = "" if error.value == value else f", not {error.value!r}"
        raise ValueError(f"{error.expected}{named}") from error


def _task_list(value: object) -> object:
    """Take tasks one by one, or as a text with commas; `none` and nothing for no tasks."""
    if value is None:
        return ()
    if isinstance(value, str):
        return () if value.strip().lower() == _NONE else tuple(_words(value))
    return value


def _filter_text(value: object) -> object:
    """Take filters as a text with commas, or one by one; `none` and nothing for no filters."""
    if value is None or (isinstance(value, str) and value.strip().lower() == _NONE):
        return ""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


_TEXT = PlainSerializer(str, when_used="unless-none")


class RunConfig(BaseModel):
    """What to read, how to cut it, what to look for, where to put it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    source: str
    """A recording, a camera (`camera:`), a simulated one (`sim:SCENE`) or a peer (`tcp://…`)."""

    sensor: Annotated[
        SensorSize | None,
        BeforeValidator(_sensor),
        _TEXT,
        WithJsonSchema({"type": ["string", "null"], "pattern": r"^\d{1,5}[xX]\d{1,5}$"}),
    ] = None
    """Size of the pixel array as in 346x260, where the recording does not say or is wrong."""

    read: dict[str, str] = Field(default_factory=dict)
    """What the reader should not find out by itself, as in `open_source`."""

    settings: Path | None = None
    """File with the settings of a camera; changes to it take effect meanwhile."""

    strict: bool = False
    """Whether damage ends the run with an error."""

    start_s: float = Field(0.0, ge=0, allow_inf_nan=False)
    """Where to begin, in seconds after the first event."""

    end_s: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Where to end, likewise; null for the end of the recording."""

    speed: Annotated[Literal["max"] | float, BeforeValidator(_speed)] = "max"
    """Recording seconds per wall second, or `max`."""

    filters: Annotated[
        str,
        BeforeValidator(_filter_text),
        WithJsonSchema({"type": ["string", "array", "null"], "items": {"type": "string"}}),
    ] = "background"
    """Filters in order, as in `background:2ms,refractory:500us` or a list; `none` for none."""

    slicer: str = "time:10ms"
    """When a slice ends: `time:10ms`, `count:20000`, `activity:…` or `trigger:…`."""

    representation: str | None = None
    """Array rendered per slice, as in `voxel:5`; null for none."""

    tasks: Annotated[
        tuple[str, ...],
        BeforeValidator(_task_list),
        WithJsonSchema({"type": ["array", "string", "null"], "items": {"type": "string"}}),
    ] = DEFAULT_TASKS
    """Tasks as `eventvision.tasks.parse_task` reads them; those they need are added."""

    device: Annotated[
        DeviceChoice, BeforeValidator(_device), _TEXT, WithJsonSchema({"type": "string"})
    ] = DeviceChoice()
    """Where learned tasks run, as `eventvision.devices.parse_devices` reads it."""

    video: Path | None = None
    """Where to write an annotated MP4."""

    video_fps: float = Field(30.0, ge=1, le=240, allow_inf_nan=False)
    """Its frames per second; each slice is one frame."""

    results: Path | None = None
    """Where to write results as JSON lines."""

    arrays: Path | None = None
    """Folder for one .npz a slice."""

    record: Path | None = None
    """Where to record what the source says, unfiltered: a new .aedat4 or .raw file."""

    pre_roll_s: float = Field(0.0, ge=0, le=600, allow_inf_nan=False)
    """How much of the past is kept in memory, for recordings that begin meanwhile."""

    @field_validator("filters")
    @classmethod
    def _filters_exist(cls, text: str) -> str:
        for item in map(str.strip, text.split(",") if text.strip() else ()):
            if item.partition(":")[0] in _FILTERS_OF_PLACES:
                continue  # whether they are on the sensor is known with the source
            try:
                parse_filters(item, _ANY_SENSOR)
            except ConfigError as error:
                raise ValueError(f"{error.expected}, not {item!r}") from error
        return text

    @field_validator("slicer")
    @classmethod
    def _slicer_exists(cls, text: str) -> str:
        if text.partition(":")[0].strip() == "trigger":
            return text  # its model may have settings of its own
        try:
            parse_slicer(text, _ANY_SENSOR)
        except ConfigError as error:
            raise ValueError(error.expected) from error
        return text

    @field_validator("tasks")
    @classmethod
    def _tasks_exist(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        try:
            parse_tasks(texts)
        except ConfigError as error:
            raise ValueError(f"{error.expected}, not {error.value!r}") from error
        return texts

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
            if not first["loc"]:
                option, value = "options", "their combination"
            else:
                option, value = str(first["loc"][0]), first["input"]
            raise ConfigError(option, value, expectation(first)) from None


def expectation(error: Mapping[str, Any]) -> str:
    """Return what would be right, of an error that pydantic tells, as the end of a sentence."""
    text = one_line(str(error["msg"]).removeprefix("Value error, "))
    return text[:1].lower() + text[1:]
