"""From names to tasks."""

from __future__ import annotations

import pytest

from eventvision import tasks
from eventvision.core import ConfigError, SensorSize
from eventvision.tasks import DetectionSettings, build_tasks

SENSOR = SensorSize(64, 48)
UNTRAINED = ("reconstruction", "detection", "tracking")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["reconstruction"], ["reconstruction"]),
        (["tracking"], ["detection", "tracking"]),
        (["tracking", "detection"], ["detection", "tracking"]),
        (["detection", "reconstruction"], ["detection", "reconstruction"]),
        (["tracking", "tracking", "reconstruction"], ["detection", "tracking", "reconstruction"]),
    ],
)
def test_tasks_come_once_each_with_what_they_need_before_them(names, expected):
    assert [task.name for task in build_tasks(names, SENSOR)] == expected


def test_every_task_that_needs_no_network_can_be_built():
    assert [task.name for task in build_tasks(UNTRAINED, SENSOR)] == list(UNTRAINED)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'flow'.*reconstruction.*detection.*tracking"):
        build_tasks(["detection", "flow"], SENSOR)


def test_settings_reach_their_task(scene):
    events = scene.lamp(until_us=10_000)
    (detection,) = build_tasks(
        ["detection"], scene.sensor, detection=DetectionSettings(most_objects=1, least_score=1)
    )
    (found,) = (detection.step(slice_, {}) for slice_ in scene.slices(events, until_us=10_000))
    assert len(found) == 0


def test_built_tasks_have_seen_nothing(scene, mover):
    moving = mover(centre=(40, 60), velocity=(200, 0))
    slices = list(scene.slices(scene.movers([moving], until_us=60_000), until_us=60_000))
    (built,) = build_tasks(["detection"], scene.sensor)
    fresh = tasks.Detection(scene.sensor)
    for slice_ in slices:
        assert built.step(slice_, {}).boxes.tobytes() == fresh.step(slice_, {}).boxes.tobytes()


@pytest.mark.parametrize("name", UNTRAINED)
@pytest.mark.parametrize("size", [SensorSize(1, 1), SensorSize(3, 200), SensorSize(1280, 720)])
def test_tasks_work_on_any_sensor(name, size, empty_slice):
    given = {}
    for task in build_tasks([name], size):
        given[task.name] = task.step(empty_slice(size), given)
    assert name in given
