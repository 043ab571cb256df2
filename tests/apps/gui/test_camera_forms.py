"""Camera settings as controls, the desk that holds them, and the watch for cameras."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from eventvision_apps.gui.camera_desk import CameraDesk
from eventvision_apps.gui.camera_form import (
    GROUPS,
    changed_settings,
    controls_of,
    sensor_of,
    within,
)
from eventvision_apps.gui.camera_watch import CameraWatch

from eventvision.core import ConfigError, SensorSize
from eventvision.io import (
    CAMERA_MODELS,
    CameraDescription,
    default_settings,
    load_settings,
    save_settings,
)


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_every_setting_of_every_model_has_a_control(model):
    names = {control.name for control in controls_of(model)}
    assert names == set(default_settings(model).model_dump()) - {"model"}


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_every_control_has_a_title_a_group_and_help(model):
    for control in controls_of(model):
        assert control.title[:1].isupper()
        assert control.group in GROUPS
        assert control.help


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_both_ends_of_every_slider_are_accepted_and_nothing_beyond(model):
    settings = default_settings(model)
    for control in controls_of(model):
        if control.kind != "slider":
            continue
        for number in (control.low, control.high):
            assert changed_settings(settings, {control.name: number})
        for number in (control.low - 1, control.high + 1):
            with pytest.raises(ConfigError, match=control.name):
                changed_settings(settings, {control.name: number})


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_sliders_lead_back_to_the_number_they_stand_for(model):
    for control in controls_of(model):
        if control.kind == "slider":
            assert control.at(0) == control.low
            assert control.at(1) == control.high
            assert control.at(control.place(control.high)) == control.high


def test_kinds_of_controls_follow_from_the_model():
    kinds = {control.name: control.kind for control in controls_of("davis")}
    assert kinds["bias_on"] == "pair"
    assert kinds["frames"] == "switch"
    assert kinds["exposure_us"] == "slider"
    assert kinds["roi"] == "region"
    readout = next(c for c in controls_of("dvxplorer") if c.name == "readout_fps")
    assert (readout.kind, readout.optional) == ("choice", True)


def test_a_region_is_kept_on_the_sensor():
    inside = within({"x": 340, "y": -5, "width": 99, "height": 0}, SensorSize(346, 260))
    assert inside == {"x": 340, "y": 0, "width": 6, "height": 1}
    assert sensor_of("davis") == SensorSize(346, 260)


class Camera:
    def __init__(self, model: str, refuses: bool = False) -> None:
        self.settings = default_settings(model)
        self.refuses = refuses
        self.applied = threading.Event()

    def apply(self, settings) -> None:
        if self.refuses:
            raise ConfigError("bias_fo", settings.bias_fo, "less, says the camera")
        self.settings = settings
        self.applied.set()


@pytest.fixture
def desk(tmp_path):
    told: list[str] = []
    place = SimpleNamespace(camera=None, told=told, folder=tmp_path)
    place.desk = CameraDesk(tmp_path, lambda: place.camera, told.append)
    yield place
    place.desk.close()


def test_a_change_reaches_the_open_camera_and_its_file(desk):
    desk.camera = Camera("evk4")
    desk.desk.choose("evk4", "00/12")
    desk.desk.change("bias_fo", 20)
    assert desk.camera.applied.wait(120)
    desk.desk.close()
    assert desk.camera.settings.bias_fo == 20
    assert load_settings(desk.folder / "evk4-00_12.json").bias_fo == 20
    assert not desk.told


def test_a_camera_comes_back_with_the_settings_it_had(desk):
    desk.desk.choose("evk4", "1")
    desk.desk.change("bias_fo", 20)
    desk.desk.close()
    again = CameraDesk(desk.folder, lambda: None, desk.told.append)
    assert again.choose("evk4", "1").bias_fo == 20
    assert again.choose("evk4", "2").bias_fo == 0
    again.close()


def test_a_camera_of_another_model_is_left_alone(desk):
    desk.camera = Camera("davis")
    desk.desk.choose("evk4")
    desk.desk.change("bias_fo", 20)
    desk.desk.close()
    assert not desk.camera.applied.is_set()


def test_what_a_camera_refuses_is_told(desk):
    desk.camera = Camera("evk4", refuses=True)
    desk.desk.choose("evk4")
    desk.desk.change("bias_fo", 20)
    desk.desk.close()
    assert "less, says the camera" in desk.told[0]


@pytest.mark.parametrize("broken", ["{", '{"model": "davis"}', '{"model": "evk4", "bias_fo": 900}'])
def test_a_broken_file_of_settings_is_told_and_the_usual_ones_are_used(desk, broken):
    (desk.folder / "evk4.json").write_text(broken)
    assert desk.desk.choose("evk4") == default_settings("evk4")
    assert bool(desk.told) == ("davis" not in broken)


def test_settings_of_another_model_are_refused(desk, tmp_path):
    path = tmp_path / "davis.json"
    save_settings(default_settings("davis"), path)
    desk.desk.choose("evk4")
    with pytest.raises(ConfigError, match="settings of a evk4"):
        desk.desk.load(path)


def test_settings_go_through_a_file(desk, tmp_path):
    desk.desk.choose("evk4")
    desk.desk.change("bias_hpf", 33)
    desk.desk.save(tmp_path / "mine.json")
    desk.desk.reset()
    assert desk.desk.settings == default_settings("evk4")
    assert desk.desk.load(tmp_path / "mine.json").bias_hpf == 33


def test_nothing_can_be_changed_before_a_camera_is_chosen(desk):
    with pytest.raises(ConfigError, match="a camera to be chosen first"):
        desk.desk.change("bias_fo", 1)


def camera(serial: str) -> CameraDescription:
    return CameraDescription(driver="test", model="evk4", title="EVK4", serial=serial)


def test_plugging_in_and_out_is_noticed_and_told_once():
    attached: list[CameraDescription] = []
    told: list[tuple[int, str]] = []
    heard = threading.Event()

    def hear(cameras, problem):
        told.append((len(cameras), problem))
        heard.set()

    watch = CameraWatch(hear, lambda: list(attached), every_s=0.01)
    watch.start()
    assert heard.wait(120)
    for change in (lambda: attached.append(camera("1")), attached.clear):
        heard.clear()
        change()
        assert heard.wait(120)
    watch.stop()
    assert [count for count, _ in told] == [0, 1, 0]
    assert not watch.is_running


def test_a_driver_that_fails_is_told_and_looking_goes_on():
    looks = []
    told: list[str] = []
    recovered = threading.Event()

    def look():
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("Other error")
        return []

    def hear(cameras, problem):
        told.append(problem)
        if not problem:
            recovered.set()

    watch = CameraWatch(hear, look, every_s=0.01)
    watch.start()
    assert recovered.wait(120)
    watch.stop()
    assert "RuntimeError: Other error" in told[0]
