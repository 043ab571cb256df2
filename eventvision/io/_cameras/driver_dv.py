"""iniVation cameras through dv-processing, the maker's own library.

It reports inertial samples in g and degrees per second and stamps everything with the wall clock
in microseconds.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable
from datetime import timedelta
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
    BiasCurrent,
    CameraSettings,
    DavisSettings,
    Dvs128Settings,
    DvxplorerMiniSettings,
    DvxplorerSettings,
)

POLL_S = 0.001

_MODELS = {
    "DAVIS": "davis",
    "DAVIS_GEN2": "davis",
    "DVS128": "dvs128",
    "DVXPLORER": "dvxplorer",
    "DVXPLORER_GEN2": "dvxplorer",
    "DVXPLORER_S": "dvxplorer",
    "DVXPLORER_M": "dvxplorer-mini",
}
_TRIGGERS = {
    "TIMESTAMP_RESET": (-1, True),
    "EXTERNAL_SIGNAL_RISING_EDGE": (0, True),
    "EXTERNAL_SIGNAL_FALLING_EDGE": (0, False),
    "EXTERNAL_SIGNAL_PULSE": (3, True),
    "EXTERNAL_GENERATOR_RISING_EDGE": (4, True),
    "EXTERNAL_GENERATOR_FALLING_EDGE": (4, False),
}
"""Source and edge by kind, as for AEDAT4 files; marks of frames are left out."""


class DvDriver:
    """Cameras that dv-processing knows."""

    name = "dv-processing"
    models = ("davis", "dvxplorer", "dvxplorer-mini", "dvs128")

    @property
    def missing(self) -> str:
        """The library, where the extra is not installed."""
        if importlib.util.find_spec("dv_processing") is None:
            return "not installed; pip install 'eventvision[camera]'"
        return ""

    def discover(self) -> list[CameraDescription]:
        """Return the attached cameras; none where the library or USB is missing."""
        if self.missing:
            return []
        return [
            CameraDescription(
                driver=self.name,
                model=_MODELS[found.cameraModel.name],
                title=f"iniVation {found.cameraModel.name}",
                serial=str(found.serialNumber),
                connection=f"USB bus {found.busNumber} device {found.devAddress}",
            )
            for found in _descriptors()
            if found.cameraModel.name in _MODELS
        ]

    def open(self, camera: CameraDescription, settings: CameraSettings) -> DriverSession:
        """Open a camera.

        Raises:
            SourceError: If it is gone, or another program holds it.
            ConfigError: If it refuses a setting.
        """
        import dv_processing as dv

        for found in _descriptors():
            if str(found.serialNumber) == camera.serial:
                try:
                    return DvSession(dv.io.camera.open(found), settings)
                except (RuntimeError, IndexError, ValueError) as error:
                    remedy = "close other programs that use it, or plug it in again"
                    problem = f"{camera} cannot be opened ({error})"
                    raise SourceError(camera.name, problem, remedy) from error
        raise SourceError(camera.name, f"{camera} is gone", "plug it in again")


class DvSession:
    """An open camera of dv-processing."""

    def __init__(self, camera: Any, settings: CameraSettings) -> None:
        self._camera = camera
        width, height = camera.getEventResolution()
        self.sensor = SensorSize(int(width), int(height))
        self.apply(settings)

    def read(self, timeout_s: float) -> Batch | None:
        """Return what has come; the library has to be asked again and again."""
        give_up_s = time.monotonic() + timeout_s
        while True:
            if not self._camera.isRunning():
                raise CameraLostError("it was unplugged")
            batch = self._take()
            if batch is not None:
                return batch
            if time.monotonic() > give_up_s:
                return None
            time.sleep(POLL_S)

    def apply(self, settings: CameraSettings) -> None:
        """Change the settings."""
        try:
            self._set_region(settings)
            if isinstance(settings, DvxplorerSettings | DvxplorerMiniSettings):
                self._set_dvxplorer(settings)
            elif isinstance(settings, DavisSettings):
                self._set_davis(settings)
            elif isinstance(settings, Dvs128Settings):
                self._set_dvs128(settings)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ConfigError("camera settings", str(error), "what the camera accepts") from error

    def close(self) -> None:
        """Release the camera, which the library does when nobody holds it any longer."""
        self._camera = _Gone()

    def _take(self) -> Batch | None:
        camera = self._camera
        events = camera.getNextEventBatch() if camera.isEventStreamAvailable() else None
        frame = camera.getNextFrame() if camera.isFrameStreamAvailable() else None
        imu = camera.getNextImuBatch() if camera.isImuStreamAvailable() else None
        triggers = camera.getNextTriggerBatch() if camera.isTriggerStreamAvailable() else None
        if events is None and frame is None and imu is None and triggers is None:
            return None
        return Batch(
            events=np.empty(0, EVENT_DTYPE) if events is None else events.numpy().view(EVENT_DTYPE),
            frames=() if frame is None else (_frame(frame),),
            imu=_imu(imu or ()),
            triggers=_triggers(triggers or ()),
        )

    def _set_region(self, settings: CameraSettings) -> None:
        roi = getattr(settings, "roi", None)
        area = (0, 0, self.sensor.width, self.sensor.height)
        if roi is not None:
            area = (roi.x, roi.y, roi.width, roi.height)
        self._camera.setCropArea(area)

    def _set_dvxplorer(self, settings: DvxplorerSettings | DvxplorerMiniSettings) -> None:
        from dv_processing.io.camera import DVXplorer

        if settings.contrast_threshold_on is not None:
            self._camera.setContrastThresholdOn(settings.contrast_threshold_on)
        if settings.contrast_threshold_off is not None:
            self._camera.setContrastThresholdOff(settings.contrast_threshold_off)
        if settings.readout_fps is not None:
            rate = getattr(DVXplorer.ReadoutFPS, settings.readout_fps.upper())
            self._camera.setReadoutFPS(rate)
        self._set_imu(settings.imu)

    def _set_davis(self, settings: DavisSettings) -> None:
        camera = self._camera
        camera.setFramesRunning(settings.frames)
        camera.setAutoExposure(settings.exposure_us is None)
        if settings.exposure_us is not None:
            camera.setExposureDuration(timedelta(microseconds=settings.exposure_us))
        if settings.frame_interval_us is not None:
            camera.setFrameInterval(timedelta(microseconds=settings.frame_interval_us))
        self._set_imu(settings.imu)
        for name, current in {
            "On": settings.bias_on,
            "Off": settings.bias_off,
            "Diff": settings.bias_diff,
            "Photoreceptor": settings.bias_photoreceptor,
            "Refractory": settings.bias_refractory,
        }.items():
            if current is not None:
                self._set_davis_bias(name, current)

    def _set_davis_bias(self, name: str, current: BiasCurrent) -> None:
        from dv_processing.io.camera import DAVIS

        if self._camera.getSensorModel().name.startswith("DAVIS240"):
            bias = getattr(DAVIS.Davis240BiasCF, name)
            self._camera.setDavis240BiasCoarseFine(bias, *current)
        else:
            bias = getattr(DAVIS.Davis346BiasCF, name)
            self._camera.setDavis346BiasCoarseFine(bias, *current)

    def _set_dvs128(self, settings: Dvs128Settings) -> None:
        from dv_processing.io.camera import DVS128

        for name, value in {
            "DIFF_ON": settings.bias_diff_on,
            "DIFF_OFF": settings.bias_diff_off,
            "DIFF": settings.bias_diff,
            "PR": settings.bias_pr,
            "REFR": settings.bias_refr,
        }.items():
            if value is not None:
                self._camera.setBias(getattr(DVS128.Bias, name), value)

    def _set_imu(self, run: bool) -> None:
        self._camera.setImuRunningAccelerometer(run)
        self._camera.setImuRunningGyroscope(run)
        self._camera.setImuRunningTemperature(run)


class _Gone:
    """Stands where a camera was."""

    def isRunning(self) -> bool:  # noqa: N802 - the library's name
        return False


def _descriptors() -> list[Any]:
    import dv_processing as dv

    try:
        return list(dv.io.camera.discover())
    except RuntimeError:  # no USB here
        return []


def _frame(frame: Any) -> Frame:
    exposure_us = round(frame.exposure / timedelta(microseconds=1))
    pixels = np.ascontiguousarray(frame.image, np.uint8)
    middle_us = int(frame.timestamp) + exposure_us // 2
    return Frame(middle_us, exposure_us, pixels, int(frame.positionX), int(frame.positionY))


def _imu(samples: Iterable[Any]) -> NDArray[np.void]:
    rows = [
        (
            sample.timestamp,
            sample.temperature,
            (sample.accelerometerX, sample.accelerometerY, sample.accelerometerZ),
            (sample.gyroscopeX, sample.gyroscopeY, sample.gyroscopeZ),
            (sample.magnetometerX, sample.magnetometerY, sample.magnetometerZ),
        )
        for sample in samples
    ]
    return np.array(rows, IMU_DTYPE)


def _triggers(found: Iterable[Any]) -> NDArray[np.void]:
    rows = [
        (trigger.timestamp, *_TRIGGERS[trigger.type.name])
        for trigger in found
        if trigger.type.name in _TRIGGERS
    ]
    return np.array(rows, TRIGGER_DTYPE)
