"""Names of simulated cameras and network streams."""

from __future__ import annotations

import pytest
from eventvision_apps.gui.stream_forms import (
    CAMERA_TITLES,
    SCENE_TITLES,
    NetworkForm,
    SimulatorForm,
)

from eventvision.core import ConfigError
from eventvision.io import open_source
from eventvision.simulation import CAMERAS, SCENES


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "sim:shapes"),
        ({"scene": "street", "seed": 3}, "sim:street?seed=3"),
        ({"camera": "evk4", "flicker_hz": 100.0}, "sim:shapes?camera=evk4&flicker=100"),
        ({"sensor": "64x48"}, "sim:shapes?sensor=64x48"),
    ],
)
def test_a_simulated_camera_has_a_name(fields, name):
    assert SimulatorForm(**fields).name() == name


def test_the_name_of_a_simulated_camera_opens_it():
    with open_source(SimulatorForm(scene="juggle", sensor="64x48", seed=2).name()) as source:
        assert str(source.info.sensor) == "64x48"


def test_every_scene_and_camera_has_a_title():
    assert set(SCENE_TITLES) == set(SCENES)
    assert set(CAMERA_TITLES) == set(CAMERAS)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "tcp://localhost:7777"),
        ({"scheme": "tls", "authority": "a.pem"}, "tls://localhost:7777?ca=a.pem"),
        ({"token_file": "t", "sensor": "2x3"}, "tcp://localhost:7777?sensor=2x3&token_file=t"),
        ({"scheme": "udp", "sensor": "2x3", "token_file": "t"}, "udp://localhost:7777?sensor=2x3"),
        (
            {"scheme": "udp", "sensor": "2x3", "wire": "t64_x16_y16_on8", "sender": "10.0.0.2"},
            "udp://localhost:7777?sensor=2x3&format=t64_x16_y16_on8&from=10.0.0.2",
        ),
        ({"host": "::1", "port": 80}, "tcp://[::1]:80"),
    ],
)
def test_a_stream_has_an_address(fields, name):
    assert NetworkForm(**fields).name() == name


@pytest.mark.parametrize(
    ("form", "option"),
    [
        (NetworkForm(host=""), "host"),
        (NetworkForm(host="a b"), "host"),
        (NetworkForm(port=0), "port"),
        (NetworkForm(scheme="udp"), "sensor"),
        (NetworkForm(sensor="wide"), "sensor"),
        (SimulatorForm(scene=""), "scene"),
        (SimulatorForm(camera="x"), "camera"),
        (SimulatorForm(sensor="0x0"), "sensor"),
    ],
)
def test_fields_that_cannot_be_used_are_named(form, option):
    with pytest.raises(ConfigError) as caught:
        form.name()
    assert caught.value.option == option
