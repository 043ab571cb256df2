"""The settings of a camera as controls, made from the ranges that its model documents.

What a model does not have yields no control, so that a panel for it has none either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, log, log10
from typing import Any, Literal, cast

from pydantic import ValidationError

from eventvision.core import ConfigError, SensorSize
from eventvision.io import CameraSettings, default_settings

ControlKind = Literal["slider", "switch", "choice", "pair", "region"]

GROUPS = ("Biases", "Region of interest", "Limits and read-out", "Images and inertia")
_LIMITS = ("event_rate_limit_evps", "readout_fps", "external_trigger")
_OTHERS = ("frames", "exposure_us", "frame_interval_us", "imu")
_TITLES = {
    "bias_diff": "Threshold reference",
    "bias_diff_off": "Threshold, darker (OFF)",
    "bias_diff_on": "Threshold, brighter (ON)",
    "bias_fo": "Low-pass filter",
    "bias_fo_p": "Low-pass filter",
    "bias_hpf": "High-pass filter",
    "bias_off": "Threshold, darker (OFF)",
    "bias_on": "Threshold, brighter (ON)",
    "bias_photoreceptor": "Photoreceptor",
    "bias_pr": "Photoreceptor",
    "bias_refr": "Dead time of a pixel",
    "bias_refractory": "Dead time of a pixel",
    "contrast_threshold_off": "Threshold, darker (OFF)",
    "contrast_threshold_on": "Threshold, brighter (ON)",
    "event_rate_limit_evps": "Most events per second",
    "exposure_us": "Exposure in us",
    "external_trigger": "Report the trigger input",
    "frame_interval_us": "Time between images in us",
    "frames": "Report images",
    "imu": "Report inertial samples",
    "readout_fps": "Read-outs per second",
    "roi": "Only this rectangle",
}

_SIZES = {
    "centuryarks-vga": SensorSize(640, 480),
    "davis": SensorSize(346, 260),
    "dvs128": SensorSize(128, 128),
    "dvxplorer": SensorSize(640, 480),
    "dvxplorer-mini": SensorSize(640, 480),
}
_USUAL_SIZE = SensorSize(1280, 720)


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """One setting.

    Attributes:
        name: As in the settings file.
        title: In words.
        group: One of `GROUPS`.
        kind: How it is shown: a `slider` for a number, a `switch`, a `choice` of names, a `pair`
            of a coarse and a fine number, a `region` of pixels.
        help: What it does.
        optional: Whether it can be left to the camera (None).
        low: Smallest number; of a pair, of the fine one.
        high: Largest number, likewise.
        coarse_high: Largest coarse number of a pair.
        choices: Names of a choice.
    """

    name: str
    title: str
    group: str
    kind: ControlKind
    help: str
    optional: bool = False
    low: int = 0
    high: int = 0
    coarse_high: int = 0
    choices: tuple[str, ...] = ()

    @property
    def is_wide(self) -> bool:
        """Whether its numbers spread over decades, so that a slider needs a logarithm."""
        return self.kind == "slider" and self.high - self.low > 10_000

    @property
    def range_text(self) -> str:
        """Its values in words."""
        if self.kind == "slider":
            return f"{self.low:,} to {self.high:,}"
        if self.kind == "pair":
            return f"coarse 0 to {self.coarse_high}, fine {self.low} to {self.high}"
        return ", ".join(self.choices)

    def at(self, share: float) -> int:
        """Return the number at a place of the slider, 0 to 1."""
        if not self.is_wide:
            return round(self.low + share * (self.high - self.low))
        if share <= 0:
            return self.low
        low = max(self.low, 1)
        number = low * (self.high / low) ** share
        return min(self.high, max(self.low, _two_digits(number)))

    def place(self, number: int) -> float:
        """Return the place of a number on the slider, 0 to 1."""
        if not self.is_wide:
            return (number - self.low) / max(1, self.high - self.low)
        low = max(self.low, 1)
        return log(max(number, low) / low) / log(self.high / low)


def _two_digits(number: float) -> int:
    if number < 10:
        return round(number)
    unit = 10 ** (floor(log10(number)) - 1)
    return int(round(number / unit) * unit)


def controls_of(model: str) -> tuple[Control, ...]:
    """Return the controls of a camera model, in the order of its settings.

    Raises:
        ConfigError: If there is no such model.
    """
    schema = type(default_settings(model)).model_json_schema()
    entries = cast("dict[str, dict[str, Any]]", schema["properties"])
    controls = (_control(name, entry) for name, entry in entries.items() if name != "model")
    return tuple(sorted(controls, key=lambda control: GROUPS.index(control.group)))


def _control(name: str, entry: dict[str, Any]) -> Control:
    options = [entry, *entry.get("anyOf", [])]
    optional = any(option.get("type") == "null" for option in options)
    group = _group(name)
    shared: dict[str, Any] = {
        "name": name,
        "title": _TITLES.get(name, name.replace("_", " ")),
        "group": group,
        "help": entry.get("description", ""),
        "optional": optional,
    }
    for option in options:
        if "enum" in option:
            return Control(kind="choice", choices=tuple(option["enum"]), **shared)
        if "$ref" in option:
            return Control(kind="region", **shared)
        if "prefixItems" in option:
            coarse, fine = option["prefixItems"]
            return Control(
                kind="pair",
                low=fine["minimum"],
                high=fine["maximum"],
                coarse_high=coarse["maximum"],
                **shared,
            )
        if option.get("type") == "integer":
            return Control(kind="slider", low=option["minimum"], high=option["maximum"], **shared)
    return Control(kind="switch", **shared)


def _group(name: str) -> str:
    if name == "roi":
        return GROUPS[1]
    if name in _LIMITS:
        return GROUPS[2]
    return GROUPS[3] if name in _OTHERS else GROUPS[0]


def changed_settings(settings: CameraSettings, values: Mapping[str, object]) -> CameraSettings:
    """Return settings with other values.

    Raises:
        ConfigError: Names the first value that the model does not take.
    """
    try:
        return type(settings).model_validate({**settings.model_dump(), **values})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            name, first["input"], first["msg"][:1].lower() + first["msg"][1:]
        ) from None


def sensor_of(model: str) -> SensorSize:
    """Return the size of a model's pixel array, as long as no camera has told its own."""
    return _SIZES.get(model, _USUAL_SIZE)


def whole_sensor(sensor: SensorSize) -> dict[str, int]:
    """Return the region of all pixels, as settings hold it."""
    return {"x": 0, "y": 0, "width": sensor.width, "height": sensor.height}


def within(region: Mapping[str, int], sensor: SensorSize) -> dict[str, int]:
    """Return the part of a region that lies on the sensor; at least one pixel."""
    x = min(max(0, region["x"]), sensor.width - 1)
    y = min(max(0, region["y"]), sensor.height - 1)
    width = min(max(1, region["width"]), sensor.width - x)
    height = min(max(1, region["height"]), sensor.height - y)
    return {"x": x, "y": y, "width": width, "height": height}
