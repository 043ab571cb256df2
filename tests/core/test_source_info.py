from __future__ import annotations

from dataclasses import replace

from eventvision.core import SensorSize, SourceInfo


def test_what_a_file_calls_itself_cannot_reach_the_terminal_as_it_is():
    info = SourceInfo(
        name="a.raw",
        format="EVT3",
        sensor=SensorSize(2, 2),
        sensor_from="header",
        camera="cam\x1b[2J",
        notes=("topic \0.",),
    )
    assert info.camera == "cam\\x1b[2J"
    assert info.notes == ("topic \\x00.",)
    assert replace(info, camera=info.camera) == info
