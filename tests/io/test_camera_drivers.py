"""The two drivers, against stand-ins for the libraries and, where installed, the real ones.

What only hardware can show is listed in docs/cameras.md.
"""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import dv_processing as dv
import numpy as np
import pytest

from eventvision.core import ConfigError, SensorSize, SourceError
from eventvision.io import camera_drivers, default_settings, list_cameras
from eventvision.io._cameras import driver_dv, driver_nd
from eventvision.io._cameras.driver import CameraDescription, CameraLostError
from eventvision.io._cameras.driver_dv import DvDriver, DvSession
from eventvision.io._cameras.driver_nd import (
    NeuromorphicDriver,
    NeuromorphicSession,
    configuration_for,
)
from eventvision.io._cameras.settings import (
    DavisSettings,
    Dvs128Settings,
    DvxplorerSettings,
    Evk4Settings,
    Region,
)

ND_EVENT = np.dtype([("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")])
ND_TRIGGER = np.dtype([("t", "<u8"), ("id", "u1"), ("rising", "?")])
ND_IMU = np.dtype(
    [("t", "<u8"), *((f"{kind}_{axis}", "<f4") for kind in ("accelerometer", "gyroscope")
                     for axis in "xyz"), ("temperature", "<f4")]
)  # fmt: skip


def dv_camera(kind: type, **streams) -> Mock:
    """A stand-in that has the methods of the real class and no others."""
    camera = Mock(spec=kind)
    camera.getEventResolution.return_value = (640, 480)
    camera.isRunning.return_value = True
    reads = {"Event": "EventBatch", "Frame": "Frame", "Imu": "ImuBatch", "Trigger": "TriggerBatch"}
    for stream, method in reads.items():
        getattr(camera, f"is{stream}StreamAvailable").return_value = True
        getattr(camera, f"getNext{method}").return_value = streams.get(stream)
    return camera


def dv_events(*rows) -> dv.EventStore:
    store = dv.EventStore()
    for row in rows:
        store.push_back(*row)
    return store


def test_looking_for_cameras_never_fails():
    assert isinstance(list_cameras(), list)


def test_every_model_has_a_driver_and_every_driver_only_known_models():
    models = {model for driver in camera_drivers() for model in driver.models}
    assert {default_settings(model).model for model in models} == models
    assert models == {
        "centuryarks-vga", "davis", "dvs128", "dvxplorer", "dvxplorer-mini", "evk3-hd", "evk4",
        "triton",
    }  # fmt: skip


def test_dv_batches_hold_what_the_library_said():
    imu = dv.IMUPacket.ImuVector()
    imu.append(dv.IMU(70, 30, 0.1, 0.2, 1.0, 4, 5, 6, 7, 8, 9))
    triggers = [
        dv.Trigger(80, dv.TriggerType.EXTERNAL_SIGNAL_FALLING_EDGE),
        dv.Trigger(81, dv.TriggerType.APS_FRAME_START),
    ]
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    frame = SimpleNamespace(
        timestamp=90, exposure=timedelta(microseconds=20), image=image, positionX=1, positionY=2
    )
    events = dv_events((60, 5, 6, True), (61, 7, 8, False))
    camera = dv_camera(dv.io.camera.DAVIS, Event=events, Imu=imu, Trigger=triggers, Frame=frame)
    session = DvSession(camera, DavisSettings())
    batch = session.read(0.01)
    assert session.sensor == SensorSize(640, 480)
    assert batch.events.tolist() == [(60, 5, 6, True), (61, 7, 8, False)]
    assert batch.imu["t"].tolist() == [70]
    assert batch.imu["accelerometer"][0].tolist() == pytest.approx([0.1, 0.2, 1.0])
    assert batch.triggers.tolist() == [(80, 0, False)]
    (taken,) = batch.frames
    assert (taken.t_us, taken.exposure_us, taken.x, taken.y) == (100, 20, 1, 2)
    assert np.array_equal(taken.pixels, image)


def test_dv_silence_is_no_batch_and_an_end_is_an_unplugged_camera():
    camera = dv_camera(dv.io.camera.DVXplorer)
    session = DvSession(camera, DvxplorerSettings())
    assert session.read(0.005) is None
    camera.isRunning.return_value = False
    with pytest.raises(CameraLostError):
        session.read(0.005)
    session.close()
    session.close()
    with pytest.raises(CameraLostError):
        session.read(0.005)


@pytest.mark.parametrize(
    ("kind", "settings", "calls"),
    [
        (
            "DVXplorer",
            DvxplorerSettings(contrast_threshold_on=4, readout_fps="variable_5000", imu=False),
            {
                "setContrastThresholdOn": (4,),
                "setReadoutFPS": (dv.io.camera.DVXplorer.ReadoutFPS.VARIABLE_5000,),
                "setImuRunningGyroscope": (False,),
                "setCropArea": ((0, 0, 640, 480),),
            },
        ),
        (
            "DAVIS",
            DavisSettings(
                bias_on=(5, 6),
                exposure_us=4_000,
                frame_interval_us=40_000,
                roi=Region(x=1, y=2, width=3, height=4),
            ),
            {
                "setDavis346BiasCoarseFine": (dv.io.camera.DAVIS.Davis346BiasCF.On, 5, 6),
                "setAutoExposure": (False,),
                "setExposureDuration": (timedelta(microseconds=4_000),),
                "setFrameInterval": (timedelta(microseconds=40_000),),
                "setFramesRunning": (True,),
                "setCropArea": ((1, 2, 3, 4),),
            },
        ),
        (
            "DVS128",
            Dvs128Settings(bias_pr=77),
            {"setBias": (dv.io.camera.DVS128.Bias.PR, 77)},
        ),
    ],
)
def test_dv_settings_reach_methods_that_the_library_has(kind, settings, calls):
    camera = dv_camera(getattr(dv.io.camera, kind))
    if kind == "DAVIS":
        camera.getSensorModel.return_value = dv.io.camera.DAVIS.SensorModel.DAVIS346
    DvSession(camera, settings)
    for method, arguments in calls.items():
        getattr(camera, method).assert_called_once_with(*arguments)


def test_dv_settings_that_are_not_given_leave_the_camera_as_it_is():
    camera = dv_camera(dv.io.camera.DVXplorer)
    DvSession(camera, DvxplorerSettings())
    camera.setContrastThresholdOn.assert_not_called()
    camera.setReadoutFPS.assert_not_called()


def test_dv_refusals_are_errors_about_settings():
    camera = dv_camera(dv.io.camera.DVXplorer)
    camera.setContrastThresholdOn.side_effect = ValueError("must be between 0 and 17")
    with pytest.raises(ConfigError, match="between 0 and 17"):
        DvSession(camera, DvxplorerSettings(contrast_threshold_on=3))


def test_dv_cameras_are_found_and_opened_by_serial_number(monkeypatch):
    found = SimpleNamespace(
        cameraModel=dv.io.camera.CameraModel.DVXPLORER_M,
        serialNumber="DXM00042",
        busNumber=2,
        devAddress=5,
    )
    monkeypatch.setattr(driver_dv, "_descriptors", lambda: [found])
    (camera,) = DvDriver().discover()
    assert camera.name == "camera:dvxplorer-mini/DXM00042"
    monkeypatch.setattr(dv.io.camera, "open", Mock(side_effect=RuntimeError("busy")))
    with pytest.raises(SourceError, match="busy"):
        DvDriver().open(camera, default_settings(camera.model))
    monkeypatch.setattr(driver_dv, "_descriptors", list)
    with pytest.raises(SourceError, match="is gone"):
        DvDriver().open(camera, default_settings(camera.model))


def nd_device(*answers) -> Mock:
    device = Mock()
    device.properties.return_value = SimpleNamespace(width=1280, height=720)
    device.__next__ = Mock(side_effect=answers)
    return device


def nd_answer(packet, *, current_t=100, dropped_packets=0):
    ring = SimpleNamespace(current_t=current_t, dropped_packets=dropped_packets)
    return SimpleNamespace(ring=ring), packet


def test_nd_batches_hold_what_the_library_said():
    packet = SimpleNamespace(
        polarity_events=np.array([(60, 5, 6, True), (61, 7, 8, False)], ND_EVENT),
        trigger_events=np.array([(80, 3, False)], ND_TRIGGER),
        imu_events=np.array([(70, 9.80665, 0, 0, np.pi, 0, 0, 30)], ND_IMU),
        frames=[
            SimpleNamespace(
                t=99, exposure_start_t=80, exposure_end_t=90, pixels=np.full((2, 3), 0xFF3F)
            )
        ],
    )
    silent = SimpleNamespace(polarity_events=None, trigger_events=None)
    answers = [
        nd_answer(packet, dropped_packets=4),
        nd_answer(silent, current_t=300, dropped_packets=6),
        (SimpleNamespace(ring=None), None),
    ]
    session = NeuromorphicSession(SimpleNamespace(), nd_device(*answers))
    batch = session.read(0.05)
    assert session.sensor == SensorSize(1280, 720)
    assert batch.events.tolist() == [(60, 5, 6, True), (61, 7, 8, False)]
    assert batch.triggers.tolist() == [(80, 3, False)]
    assert batch.imu["accelerometer"][0].tolist() == pytest.approx([1, 0, 0])
    assert batch.imu["gyroscope"][0].tolist() == pytest.approx([180, 0, 0])
    assert (batch.frames[0].t_us, batch.frames[0].exposure_us) == (85, 10)
    assert batch.frames[0].pixels.tolist() == [[255] * 3] * 2
    assert (batch.until_us, batch.packets_lost) == (100, 4)
    batch = session.read(0.05)
    assert (batch.events.size, batch.until_us, batch.packets_lost) == (0, 300, 2)
    assert session.read(0.05) is None
    session.close()
    session.close()
    with pytest.raises(CameraLostError):
        session.read(0.05)


@pytest.mark.parametrize("error", [RuntimeError("Other error"), None])
def test_nd_cameras_are_listed_with_what_stands_in_the_way(monkeypatch, error):
    listed = SimpleNamespace(
        name=SimpleNamespace(value="Prophesee EVK4"),
        connection=SimpleNamespace(value="USB 3.0"),
        serial=None,
        error="Access denied",
    )
    library = SimpleNamespace(list_devices=Mock(side_effect=error, return_value=[listed]))
    monkeypatch.setattr(driver_nd, "_library", lambda: library)
    monkeypatch.setattr(NeuromorphicDriver, "missing", "")
    found = NeuromorphicDriver().discover()
    assert [(camera.name, camera.problem) for camera in found] == (
        [] if error else [("camera:evk4", "Access denied")]
    )


def test_nd_is_not_asked_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr(driver_nd.importlib.util, "find_spec", lambda _: None)
    driver = NeuromorphicDriver()
    assert "eventvision[camera]" in driver.missing
    assert driver.discover() == []


@pytest.fixture(scope="module")
def nd():
    return pytest.importorskip("neuromorphic_drivers")


@pytest.mark.parametrize("model", ["evk4", "evk3-hd", "centuryarks-vga", "triton"])
def test_nd_default_settings_are_those_of_the_library(nd, model):
    configuration = configuration_for(nd, default_settings(model))
    assert configuration == type(configuration)()
    assert configuration.serialize()


def test_nd_settings_become_a_configuration(nd):
    roi = Region(x=100, y=50, width=200, height=80)
    settings = Evk4Settings(bias_diff_off=-10, event_rate_limit_evps=10_000_000, roi=roi)
    configuration = configuration_for(nd, settings)
    assert configuration.biases.diff_off == -10
    limiter = configuration.rate_limiter
    assert limiter.maximum_events_per_period / limiter.reference_period_us == 10
    mask = nd.RowColumnMask(width=1280, height=720, set=True)
    mask.clear_rectangle(100, 720 - 50 - 80, 200, 80)
    rows, columns = np.nonzero(mask.pixels())
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (50, 129, 100, 299)
    assert (configuration.x_mask, configuration.y_mask) == (mask.x_mask(), mask.y_mask())
    assert configuration.serialize()


def test_nd_refuses_what_it_cannot_set(nd):
    outside = Evk4Settings(roi=Region(x=1200, y=0, width=100, height=10))
    with pytest.raises(ConfigError, match="within 1280x720"):
        configuration_for(nd, outside)
    with pytest.raises(ConfigError, match="only dv-processing"):
        configuration_for(nd, DavisSettings(frames=False))
    assert configuration_for(nd, DavisSettings()) is None


def test_nd_opening_without_a_camera_is_one_clear_error(nd):
    if NeuromorphicDriver().discover():
        pytest.skip("a camera is attached")
    camera = CameraDescription(driver="", model="evk4", title="EVK4", serial="00000000")
    with pytest.raises(SourceError, match="EVK4 00000000 cannot be opened"):
        NeuromorphicDriver().open(camera, Evk4Settings())
