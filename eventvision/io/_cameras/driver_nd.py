"""Prophesee cameras and their relatives through neuromorphic-drivers, which decodes EVT3 itself.

It also knows two cameras of iniVation; dv-processing comes first for those, since it can set all
that they have. Times begin near 0 when a camera is opened; inertial samples are in m/s^2 and rad/s.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    IMU_DTYPE,
    TRIGGER_DTYPE,
    ConfigError,
    Frame,
    SensorSize,
    SourceError,
)

from .driver import Batch, CameraDescription, CameraLostError, DriverSession
from .settings import (
    CameraSettings,
    CenturyArksVgaSettings,
    Evk3HdSettings,
    Evk4Settings,
    Region,
    TritonSettings,
    default_settings,
)

POLL_S = 0.05
_LIMITER_PERIOD_US = 200
_STANDARD_GRAVITY_MPS2 = 9.80665
_MODELS = {
    "Prophesee EVK4": "evk4",
    "Prophesee EVK3 HD": "evk3-hd",
    "CenturyArks VGA": "centuryarks-vga",
    "Lucid Triton": "triton",
    "iniVation DAVIS 346": "davis",
    "iniVation DVXplorer": "dvxplorer",
}


class NeuromorphicDriver:
    """Cameras that neuromorphic-drivers knows."""

    name = "neuromorphic-drivers"
    models = tuple(_MODELS.values())

    @property
    def missing(self) -> str:
        """The library, where the extra is not installed."""
        if importlib.util.find_spec("neuromorphic_drivers") is None:
            return "not installed; pip install 'eventvision[camera]'"
        return ""

    def discover(self) -> list[CameraDescription]:
        """Return the attached cameras; none where the library or USB is missing."""
        if self.missing:
            return []
        library = _library()
        try:
            listed = library.list_devices()
        except RuntimeError:  # no USB here
            return []
        return [
            CameraDescription(
                driver=self.name,
                model=_MODELS[found.name.value],
                title=found.name.value,
                serial=found.serial or "",
                connection=found.connection.value,
                problem=found.error or "",
            )
            for found in listed
            if found.name.value in _MODELS
        ]

    def open(self, camera: CameraDescription, settings: CameraSettings) -> DriverSession:
        """Open a camera.

        Raises:
            SourceError: If it is gone, or another program holds it.
            ConfigError: If it refuses a setting.
        """
        library = _library()
        configuration = configuration_for(library, settings)
        try:
            device = library.open(
                configuration=configuration,
                serial=camera.serial or None,
                iterator_timeout=POLL_S,
            )
        except RuntimeError as error:
            problem = f"{camera} cannot be opened ({error})"
            remedy = "close other programs that use it, or plug it in again"
            raise SourceError(camera.name, problem, remedy) from error
        return NeuromorphicSession(library, device)


class NeuromorphicSession:
    """An open camera of neuromorphic-drivers."""

    def __init__(self, library: ModuleType, device: Any) -> None:
        self._library = library
        self._device = device
        properties = device.properties()
        self.sensor = SensorSize(int(properties.width), int(properties.height))
        self._lost = 0

    def read(self, timeout_s: float) -> Batch | None:
        """Return what has come; the library waits `POLL_S` itself, so `timeout_s` is not used."""
        del timeout_s
        if self._device is None:
            raise CameraLostError("it was closed")
        status, packet = next(self._device)
        if packet is None or status.ring is None:
            return None
        lost = int(status.ring.dropped_packets)
        before, self._lost = self._lost, max(self._lost, lost)
        until_us = getattr(status.ring, "current_t", None)
        return Batch(
            events=_events(packet.polarity_events),
            frames=tuple(_frame(frame) for frame in getattr(packet, "frames", ())),
            imu=_imu(getattr(packet, "imu_events", None)),
            triggers=_triggers(packet.trigger_events),
            until_us=None if until_us is None else int(until_us),
            packets_lost=max(0, lost - before),
        )

    def apply(self, settings: CameraSettings) -> None:
        """Change the settings."""
        configuration = configuration_for(self._library, settings)
        if configuration is None:
            return
        try:
            self._device.update_configuration(configuration)
        except RuntimeError as error:
            raise ConfigError("camera settings", str(error), "what the camera accepts") from error

    def close(self) -> None:
        """Release the camera."""
        device, self._device = self._device, None
        if device is not None:
            device.close()


def configuration_for(library: Any, settings: CameraSettings) -> Any:
    """Return the library's configuration for settings; None for those of an iniVation camera.

    Raises:
        ConfigError: If iniVation settings are not the defaults, which this library cannot set.
    """
    if isinstance(settings, Evk4Settings):
        return _evk4(library.prophesee_evk4, library, settings)
    if isinstance(settings, Evk3HdSettings):
        return _evk3_hd(library.prophesee_evk3_hd, library, settings)
    if isinstance(settings, CenturyArksVgaSettings):
        return _centuryarks_vga(library.centuryarks_vga, library, settings)
    if isinstance(settings, TritonSettings):
        device = library.lucid_triton
        return device.Configuration(biases=device.Biases(**_imx636_biases(settings)))
    if settings != default_settings(settings.model):
        expected = f"the defaults of {settings.model}: only dv-processing can set others"
        raise ConfigError("camera settings", settings.model, expected)
    return None


def _evk4(device: Any, library: Any, settings: Evk4Settings) -> Any:
    return device.Configuration(
        biases=device.Biases(**_imx636_biases(settings)),
        enable_external_trigger=settings.external_trigger,
        rate_limiter=_limiter(device, settings.event_rate_limit_evps),
        **_masks(device, library, settings.roi),
    )


def _evk3_hd(device: Any, library: Any, settings: Evk3HdSettings) -> Any:
    return device.Configuration(
        biases=device.Biases(
            diff_on=settings.bias_diff_on,
            diff_off=settings.bias_diff_off,
            fo_p=settings.bias_fo_p,
            hpf=settings.bias_hpf,
            pr=settings.bias_pr,
            refr=settings.bias_refr,
        ),
        rate_limiter=_limiter(device, settings.event_rate_limit_evps),
        **_masks(device, library, settings.roi),
    )


def _centuryarks_vga(device: Any, library: Any, settings: CenturyArksVgaSettings) -> Any:
    return device.Configuration(
        biases=device.Biases(
            diff_on=settings.bias_diff_on,
            diff_off=settings.bias_diff_off,
            fo=settings.bias_fo,
            hpf=settings.bias_hpf,
            pr=settings.bias_pr,
            refr=settings.bias_refr,
        ),
        rate_limiter=_limiter(device, settings.event_rate_limit_evps),
        **_masks(device, library, settings.roi),
    )


def _imx636_biases(settings: Evk4Settings | TritonSettings) -> dict[str, int]:
    return {
        "diff_on": settings.bias_diff_on,
        "diff_off": settings.bias_diff_off,
        "fo": settings.bias_fo,
        "hpf": settings.bias_hpf,
        "refr": settings.bias_refr,
    }


def _limiter(device: Any, limit_evps: int | None) -> Any:
    if limit_evps is None:
        return None
    most = round(limit_evps * _LIMITER_PERIOD_US / 1e6)
    return device.RateLimiter(_LIMITER_PERIOD_US, most)


def _masks(device: Any, library: Any, roi: Region | None) -> dict[str, tuple[int, ...]]:
    """Return masks of the columns and rows to silence; rows count from the bottom."""
    if roi is None:
        return {}
    size = device.Properties()
    if roi.x + roi.width > size.width or roi.y + roi.height > size.height:
        expected = f"a rectangle within {size.width}x{size.height}"
        raise ConfigError("roi", roi.model_dump(), expected)
    mask = library.RowColumnMask(width=size.width, height=size.height, set=True)
    bottom = size.height - roi.y - roi.height
    mask.clear_rectangle(roi.x, bottom, roi.width, roi.height)
    return {"x_mask": mask.x_mask(), "y_mask": mask.y_mask()}


def _library() -> ModuleType:
    return importlib.import_module("neuromorphic_drivers")


def _events(found: NDArray[np.void] | None) -> NDArray[np.void]:
    if found is None:
        return np.empty(0, EVENT_DTYPE)
    data = np.zeros(found.size, EVENT_DTYPE)
    for field in ("t", "x", "y", "on"):
        data[field] = found[field]
    return data


def _imu(found: NDArray[np.void] | None) -> NDArray[np.void]:
    if found is None:
        return np.empty(0, IMU_DTYPE)
    samples = np.zeros(found.size, IMU_DTYPE)
    samples["t"], samples["temperature"] = found["t"], found["temperature"]
    for axis, name in enumerate("xyz"):
        acceleration = found[f"accelerometer_{name}"] / _STANDARD_GRAVITY_MPS2
        samples["accelerometer"][:, axis] = acceleration
        samples["gyroscope"][:, axis] = np.rad2deg(found[f"gyroscope_{name}"])
    return samples


def _triggers(found: NDArray[np.void] | None) -> NDArray[np.void]:
    if found is None:
        return np.empty(0, TRIGGER_DTYPE)
    triggers = np.zeros(found.size, TRIGGER_DTYPE)
    names = found.dtype.names or ()
    triggers["t"] = found["t"]
    triggers["source"] = found["id"] if "id" in names else 0
    triggers["rising"] = found["rising"] if "rising" in names else found["polarity"] != 0
    return triggers


def _frame(frame: Any) -> Frame:
    """Return an image of 8 bits from one whose 16 bits are filled from the top."""
    begin_us, end_us = frame.exposure_start_t, frame.exposure_end_t
    pixels = (np.asarray(frame.pixels, np.uint16) >> 8).astype(np.uint8)
    if begin_us is None or end_us is None:
        return Frame(int(frame.t), 0, pixels)
    return Frame((int(begin_us) + int(end_us)) // 2, int(end_us) - int(begin_us), pixels)
