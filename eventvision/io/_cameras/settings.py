"""Settings of cameras: one class per model, ranges checked, kept in one JSON file per camera.

`null` (None) leaves a setting as the camera or its driver has it. Ranges are those that the
makers document; a camera may still refuse a value, and then says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eventvision.core import ConfigError, SourceNotFoundError, complete_file

from .models import model_of

_MOST_BYTES = 1 << 20


class Region(BaseModel):
    """A rectangle of pixels: all others stay silent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: int = Field(ge=0, le=65_534, description="left column")
    y: int = Field(ge=0, le=65_534, description="top row")
    width: int = Field(ge=1, le=65_535, description="columns")
    height: int = Field(ge=1, le=65_535, description="rows")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _WithRegion(_Settings):
    roi: Region | None = Field(None, description="region of interest; null for the whole sensor")


class _RateLimited(_WithRegion):
    event_rate_limit_evps: int | None = Field(
        None,
        ge=5_000,
        le=320_000_000,
        description="events per second that the sensor sends at most (event-rate control)",
    )


class _Imx636(_Settings):
    bias_diff_on: int = Field(0, ge=-85, le=140, description="contrast threshold, brighter")
    bias_diff_off: int = Field(0, ge=-35, le=190, description="contrast threshold, darker")
    bias_fo: int = Field(0, ge=-35, le=55, description="low-pass filter")
    bias_hpf: int = Field(0, ge=0, le=120, description="high-pass filter")
    bias_refr: int = Field(0, ge=-20, le=235, description="dead time of a pixel")


class Evk4Settings(_Imx636, _RateLimited):
    """Prophesee EVK4 and cameras with its interface; biases are offsets to the factory's."""

    model: Literal["evk4"] = "evk4"
    external_trigger: bool = Field(default=True, description="report edges at the trigger input")


class Evk3HdSettings(_RateLimited):
    """Prophesee EVK3 HD; biases are values of the sensor's converters."""

    model: Literal["evk3-hd"] = "evk3-hd"
    bias_diff_on: int = Field(0x73, ge=0, le=255, description="contrast threshold, brighter")
    bias_diff_off: int = Field(0x34, ge=0, le=255, description="contrast threshold, darker")
    bias_fo_p: int = Field(0x4A, ge=0, le=255, description="low-pass filter")
    bias_hpf: int = Field(0x00, ge=0, le=255, description="high-pass filter")
    bias_pr: int = Field(0x69, ge=0, le=255, description="photoreceptor")
    bias_refr: int = Field(0x44, ge=0, le=255, description="dead time of a pixel")


class CenturyArksVgaSettings(_RateLimited):
    """CenturyArks SilkyEvCam VGA; biases in mV."""

    model: Literal["centuryarks-vga"] = "centuryarks-vga"
    bias_diff_on: int = Field(384, ge=0, le=1800, description="contrast threshold, brighter")
    bias_diff_off: int = Field(222, ge=0, le=1800, description="contrast threshold, darker")
    bias_fo: int = Field(1477, ge=0, le=1800, description="low-pass filter")
    bias_hpf: int = Field(1499, ge=0, le=1800, description="high-pass filter")
    bias_pr: int = Field(1250, ge=0, le=1800, description="photoreceptor")
    bias_refr: int = Field(1500, ge=0, le=1800, description="dead time of a pixel")


class TritonSettings(_Imx636):
    """Lucid Triton EVS; biases are offsets to the factory's."""

    model: Literal["triton"] = "triton"


ReadoutRate = Literal[
    "constant_100", "constant_200", "constant_500", "constant_1000", "constant_lossy_2000",
    "constant_lossy_5000", "constant_lossy_10000", "variable_2000", "variable_5000",
    "variable_10000", "variable_15000",
]  # fmt: skip


class _Dvxplorer(_WithRegion):
    contrast_threshold_on: int | None = Field(
        None, ge=0, le=17, description="contrast threshold, brighter"
    )
    contrast_threshold_off: int | None = Field(
        None, ge=0, le=17, description="contrast threshold, darker"
    )
    readout_fps: ReadoutRate | None = Field(
        None, description="how often the sensor is read out, per second"
    )
    imu: bool = Field(default=True, description="report inertial samples")


class DvxplorerSettings(_Dvxplorer):
    """iniVation DVXplorer and DVXplorer Lite."""

    model: Literal["dvxplorer"] = "dvxplorer"


class DvxplorerMiniSettings(_Dvxplorer):
    """iniVation DVXplorer Mini and DVXplorer Micro."""

    model: Literal["dvxplorer-mini"] = "dvxplorer-mini"


Coarse = Annotated[int, Field(ge=0, le=7)]
Fine = Annotated[int, Field(ge=0, le=255)]
BiasCurrent = tuple[Coarse, Fine]


class DavisSettings(_WithRegion):
    """iniVation DAVIS 346 and 240; biases are currents as [coarse 0 to 7, fine 0 to 255]."""

    model: Literal["davis"] = "davis"
    bias_on: BiasCurrent | None = Field(None, description="contrast threshold, brighter")
    bias_off: BiasCurrent | None = Field(None, description="contrast threshold, darker")
    bias_diff: BiasCurrent | None = Field(None, description="reference of both thresholds")
    bias_photoreceptor: BiasCurrent | None = Field(None, description="bandwidth of the pixel")
    bias_refractory: BiasCurrent | None = Field(None, description="dead time of a pixel")
    frames: bool = Field(default=True, description="report images")
    exposure_us: int | None = Field(
        None, ge=1, le=1_000_000, description="exposure of images in us; null for automatic"
    )
    frame_interval_us: int | None = Field(
        None, ge=1_000, le=8_000_000, description="time between images in us"
    )
    imu: bool = Field(default=True, description="report inertial samples")


class Dvs128Settings(_WithRegion):
    """iniVation DVS128."""

    model: Literal["dvs128"] = "dvs128"
    bias_diff_on: int | None = Field(
        None, ge=0, le=16_777_215, description="contrast threshold, brighter"
    )
    bias_diff_off: int | None = Field(
        None, ge=0, le=16_777_215, description="contrast threshold, darker"
    )
    bias_diff: int | None = Field(
        None, ge=0, le=16_777_215, description="reference of both thresholds"
    )
    bias_pr: int | None = Field(None, ge=0, le=16_777_215, description="bandwidth of the pixel")
    bias_refr: int | None = Field(None, ge=0, le=16_777_215, description="dead time of a pixel")


CameraSettings = (
    Evk4Settings
    | Evk3HdSettings
    | CenturyArksVgaSettings
    | TritonSettings
    | DvxplorerSettings
    | DvxplorerMiniSettings
    | DavisSettings
    | Dvs128Settings
)

_CLASSES: dict[str, type[CameraSettings]] = {
    kind.model_fields["model"].default: kind for kind in get_args(CameraSettings)
}


def default_settings(model: str) -> CameraSettings:
    """Return the settings with which a model is opened if none are given; aliases are known.

    Raises:
        ConfigError: If there is no such model.
    """
    known = model_of(model)
    if known not in _CLASSES:
        raise ConfigError("model", model, f"one of {', '.join(_CLASSES)}")
    return _CLASSES[known]()


def load_settings(path: str | Path) -> CameraSettings:
    """Read a file of settings.

    Raises:
        SourceNotFoundError: If it cannot be read.
        ConfigError: If it is no JSON, or names a setting or a value that the model does not have.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise SourceNotFoundError(path, problem, "check the path of the settings") from error
    try:
        if len(text) > _MOST_BYTES:
            raise ValueError("larger than 1 MB")
        values = json.loads(text)
    except ValueError as error:
        raise ConfigError(str(path), f"{error}", "camera settings as JSON") from None
    return checked_settings(values, place=str(path))


def checked_settings(values: object, *, place: str = "settings") -> CameraSettings:
    """Return settings made from plain values, as a settings file holds them.

    Raises:
        ConfigError: Names the first setting that is wrong, and the values that it may have.
    """
    model = values.get("model") if isinstance(values, dict) else None
    if model not in _CLASSES:
        raise ConfigError(f"{place}: model", model, f"one of {', '.join(_CLASSES)}")
    try:
        return _CLASSES[model].model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        ranges = {name: allowed for name, allowed, _, _ in setting_ranges(model)}
        expected = ranges.get(path, first["msg"][:1].lower() + first["msg"][1:])
        if first["type"] == "extra_forbidden":
            expected = f"one of the settings of {model}: {', '.join(ranges)}"
        raise ConfigError(f"{place}: {path}", first["input"], expected) from None


def save_settings(settings: CameraSettings, path: str | Path) -> None:
    """Write settings to a file that `load_settings` reads; replaces an existing one at once.

    Whoever follows the file sees the settings before or these, never a part of them.

    Raises:
        OutputError: If it cannot be written; an existing file stays.
    """
    values = {"model": settings.model, **settings.model_dump()}
    with complete_file(path) as part:
        part.write_text(json.dumps(values, indent=2) + "\n")


def setting_ranges(model: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, values, default and meaning of each setting of a model."""
    schema = type(default_settings(model)).model_json_schema()
    for name, entry in schema["properties"].items():
        if name != "model":
            default = json.dumps(entry.get("default"))
            yield name, _values(entry, schema), default, entry.get("description", "")


def _values(entry: dict[str, object], schema: dict[str, object]) -> str:
    """Put the values that a JSON schema allows into words."""
    options = entry.get("anyOf")
    if isinstance(options, list):
        return " or ".join(_values(option, schema) for option in options)
    if "enum" in entry and isinstance(entry["enum"], list):
        return ", ".join(str(value) for value in entry["enum"])
    if "$ref" in entry:
        return "{x, y, width, height} in pixels"
    if "prefixItems" in entry and isinstance(entry["prefixItems"], list):
        return "[" + ", ".join(_values(item, schema) for item in entry["prefixItems"]) + "]"
    if entry.get("type") == "integer":
        return f"{entry['minimum']:,} to {entry['maximum']:,}"
    return {"boolean": "true, false", "null": "null"}.get(str(entry.get("type")), "")
