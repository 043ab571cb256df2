from __future__ import annotations

import json
from pathlib import Path

import pytest
from streams import cut_at, random_events

from eventvision.core import SensorSize
from eventvision.filters import parse_filters
from eventvision.pipeline import RunConfig, replay
from eventvision.pipeline._warmup import warm_up
from eventvision.representations import parse_representation
from eventvision.slicing import parse_slicer
from eventvision.tasks import build_tasks

FILTERS = "background,refractory,hot_pixels,rotate:90"


@pytest.mark.parametrize("slicer", ["time:10ms", "count:500", "activity"])
def test_warming_up_leaves_no_trace_in_filters_and_slices(slicer):
    sensor = SensorSize(32, 24)
    packets = cut_at(random_events(5000, sensor=sensor), (1234,))

    def slices(warm: bool) -> list[tuple[int, int, int, list[int]]]:
        filters = parse_filters(FILTERS, sensor)
        cutter = parse_slicer(slicer, filters[-1].sensor)
        if warm:
            warm_up(sensor, filters, cutter, None, [])
        passed = []
        for packet in packets:
            for stage in filters:
                packet = stage.process(packet)  # noqa: PLW2901
            passed += list(cutter.push(packet))
        passed += list(cutter.flush())
        assert filters[0].removed > 0
        return [(s.index, s.t0_us, s.t1_us, s.events.t.tolist()) for s in passed]

    assert slices(warm=True) == slices(warm=False)


@pytest.mark.parametrize("name", ["voxel:5", "histogram", "surface:50ms", "accumulation"])
def test_warming_up_leaves_no_trace_in_representations_and_tasks(name):
    sensor = SensorSize(64, 48)
    events = random_events(5000, sensor=sensor)
    slices = list(parse_slicer("time:10ms", sensor).push(cut_at(events, ())[0]))

    def outcome(warm: bool) -> list[bytes]:
        representation = parse_representation(name, sensor)
        tasks = build_tasks(("reconstruction", "detection", "tracking"), sensor)
        if warm:
            warm_up(sensor, [], parse_slicer("time:10ms", sensor), representation, tasks)
        seen = []
        for slice_ in slices:
            results: dict[str, object] = {}
            for task in tasks:
                results[task.name] = task.step(slice_, results)  # type: ignore[arg-type]
            seen.append(representation.render(slice_).tobytes())
            seen.append(results["reconstruction"].pixels.tobytes())  # type: ignore[attr-defined]
            seen.append(results["tracking"].boxes.tobytes())  # type: ignore[attr-defined]
            seen.append(results["tracking"].ids.tobytes())  # type: ignore[attr-defined]
        return seen

    assert outcome(warm=True) == outcome(warm=False)


def test_track_numbers_begin_at_one_in_a_replay(tmp_path):
    sample = Path(__file__).parents[2] / "recordings" / "mixed_speed.aedat4"
    results = tmp_path / "r.jsonl"
    replay(RunConfig(source=str(sample), end_s=0.3, results=results))
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert min(track["id"] for line in lines for track in line["tracks"]) == 1
