"""Named scenes before a camera that stands still, or that sees the middle larger."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import ConfigError, SensorSize
from eventvision.simulation import named_scene

SENSOR = SensorSize(64, 48)


@pytest.mark.parametrize("name", ["shapes", "street"])
def test_before_a_still_camera_only_what_moves_itself_moves(name):
    poses = {}
    for still in (False, True):
        scene = named_scene(name, sensor=SENSOR, seed=1, still=still)
        poses[still] = [scene.truth(t_us).pose for t_us in (0, 100_000)]
        assert not np.array_equal(scene.render(0).copy(), scene.render(100_000))
    np.testing.assert_array_equal(poses[True][0], poses[True][1])
    np.testing.assert_array_equal(poses[True][0], poses[False][0])
    assert not np.array_equal(poses[False][0], poses[False][1])


def test_the_middle_of_the_view_is_seen_larger():
    whole = named_scene("juggle", sensor=SensorSize(128, 96), seed=1).render(0)
    near = named_scene("juggle", sensor=SENSOR, seed=1, zoom=2.0)
    assert near.truth(0).intrinsics[0] == pytest.approx(2 * 0.9 * 64, rel=0.2)
    middle = whole[24:72, 32:96]
    likeness = np.corrcoef(near.render(0).ravel(), middle.ravel())[0, 1]
    assert likeness > 0.95


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [("cells", {"still": True}, "scene"), ("flicker", {"zoom": 2.0}, "scene"),
     ("street", {"zoom": 0.5}, "zoom")],
)  # fmt: skip
def test_what_cannot_be_seen_otherwise_is_refused(name, settings, said):
    with pytest.raises(ConfigError, match=said):
        named_scene(name, sensor=SENSOR, **settings)
