"""Learned tasks share a network, read its outputs, and place them on the sensor."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import (
    ConfigError,
    Events,
    ModelError,
    SensorSize,
    Slice,
    SliceDroppedError,
    load_card,
)
from eventvision.devices import open_session
from eventvision.representations import parse_representation
from eventvision.tasks import (
    Frame,
    LearnedDepth,
    LearnedDetection,
    LearnedReconstruction,
    LearnedSegmentation,
    Network,
    build_tasks,
)

SENSORS = [SensorSize(1, 1), SensorSize(100, 70), SensorSize(346, 260), SensorSize(1280, 720)]


class FakeSession:
    """Answers with what it is told to; counts what is asked."""

    def __init__(self, **outputs):
        self.outputs, self.inputs, self.resets, self.failures = outputs, [], 0, []

    def step(self, inputs):
        if self.failures and self.failures.pop(0):
            raise SliceDroppedError("fake", "unplugged", "plug it in")
        self.inputs.append({name: array.copy() for name, array in inputs.items()})
        return dict(self.outputs)

    def reset(self):
        self.resets += 1

    def close(self):
        pass


def network_of(folder, sensor, session=None):
    card = load_card(folder)
    frame = Frame.of(card, sensor)
    session = session or open_session(card, "onnx", sizes=frame.sizes(card))
    return Network(card, session, parse_representation(card.representation, frame.filled), frame)


def fake_perception(sensor, card):
    sizes = Frame.of(card, sensor).sizes(card)
    return FakeSession(
        **{name: np.zeros(spec.shape_for(sizes), "f4") for name, spec in card.outputs.items()}
    )


def slice_of(sensor, count=500, index=0, seed=0):
    rng = np.random.default_rng(seed)
    t0_us = index * 10_000
    events = Events.from_columns(
        np.sort(rng.integers(t0_us, t0_us + 10_000, count)),
        rng.integers(0, sensor.width, count),
        rng.integers(0, sensor.height, count),
        rng.random(count) < 0.5,
        sensor=sensor,
    )
    return Slice(index, events, t0_us, t0_us + 10_000, "time")


@pytest.mark.parametrize("sensor", SENSORS, ids=str)
def test_every_result_has_the_size_of_the_sensor(toy_models, sensor):
    network = network_of(toy_models.perception, sensor)
    slice_ = slice_of(sensor)
    boxes = LearnedDetection(network).step(slice_, {}).boxes
    assert np.all(boxes[:, :2] >= 0)
    assert np.all(boxes[:, :2] + boxes[:, 2:] <= [sensor.width + 1e-3, sensor.height + 1e-3])
    assert LearnedSegmentation(network).step(slice_, {}).mask.shape == sensor.shape
    depth = LearnedDepth(network).step(slice_, {})
    assert depth.depth.shape == depth.confidence.shape == sensor.shape
    assert np.isfinite(depth.depth).all()
    assert depth.depth.min() > 0
    assert 0 <= depth.confidence.min() <= depth.confidence.max() <= 1
    picture = LearnedReconstruction(network_of(toy_models.reconstruction, sensor))
    pixels = picture.step(slice_, {}).pixels
    assert pixels.shape == sensor.shape
    assert 0 <= pixels.min() < pixels.max() <= 1 or sensor.pixels == 1


def test_tasks_of_one_network_share_one_step(toy_models):
    sensor = SensorSize(100, 70)
    session = fake_perception(sensor, load_card(toy_models.perception))
    network = network_of(toy_models.perception, sensor, session)
    tasks = [kind(network) for kind in (LearnedDetection, LearnedSegmentation, LearnedDepth)]
    for index in range(3):
        slice_ = slice_of(sensor, index=index)
        for task in tasks:
            task.step(slice_, {})
    assert len(session.inputs) == network.steps == 3


def test_a_silent_slice_keeps_state_and_results(toy_models):
    sensor = SensorSize(64, 64)
    session = fake_perception(sensor, load_card(toy_models.perception))
    task = LearnedSegmentation(network_of(toy_models.perception, sensor, session))
    first = task.step(slice_of(sensor), {})
    assert task.step(slice_of(sensor, count=0, index=1), {}) is first
    assert (len(session.inputs), session.resets) == (1, 0)


def test_silence_before_the_first_event_leaves_the_network_fresh(toy_models):
    sensor = SensorSize(64, 64)
    late, fresh = (network_of(toy_models.perception, sensor) for _ in range(2))
    for index in range(3):
        assert LearnedSegmentation(late).step(slice_of(sensor, 0, index), {}).mask.shape == (64, 64)
    after = LearnedDepth(late).step(slice_of(sensor, index=3), {})
    expected = LearnedDepth(fresh).step(slice_of(sensor, index=3), {})
    np.testing.assert_array_equal(after.depth, expected.depth)


def test_after_a_reset_the_same_stream_gives_the_same_again(toy_models):
    sensor = SensorSize(100, 70)
    task = LearnedDetection(network_of(toy_models.perception, sensor))
    slices = [slice_of(sensor, index=index, seed=index) for index in range(4)]
    first = [task.step(slice_, {}).boxes for slice_ in slices]
    task.reset()
    for expected, slice_ in zip(first, slices, strict=True):
        np.testing.assert_array_equal(task.step(slice_, {}).boxes, expected)


def test_a_failed_device_gives_no_result_to_any_task_of_a_slice_and_goes_on(toy_models):
    sensor = SensorSize(64, 64)
    session = fake_perception(sensor, load_card(toy_models.perception))
    session.failures = [False, True]
    network = network_of(toy_models.perception, sensor, session)
    tasks = [LearnedDetection(network), LearnedDepth(network)]
    slices = [slice_of(sensor, index=index) for index in range(3)]
    tasks[0].step(slices[0], {})
    for task in tasks:
        with pytest.raises(SliceDroppedError):
            task.step(slices[1], {})
    assert tasks[0].step(slices[2], {}).class_names == ("vehicle", "pedestrian")
    assert len(session.inputs) == 2


def test_large_sensors_are_seen_through_larger_pixels(toy_models):
    sensor = SensorSize(1280, 720)
    card = load_card(toy_models.perception)
    frame = Frame.of(card, sensor)
    assert (frame.binning, frame.seen, frame.filled) == (
        2, SensorSize(640, 360), SensorSize(640, 384),
    )  # fmt: skip
    session = fake_perception(sensor, card)
    network = network_of(toy_models.perception, sensor, session)
    events = Events.from_columns([5, 6], [1278, 1279], [2, 3], [1, 1], sensor=sensor)
    network.step(Slice(0, events, 0, 10, "time"))
    grid = session.inputs[0]["events"][0].sum(axis=0)
    assert grid[1, 639] == 2
    assert grid.sum() == 2


def test_what_is_missing_to_a_multiple_stays_empty(toy_models):
    sensor = SensorSize(100, 70)
    session = fake_perception(sensor, load_card(toy_models.perception))
    network_of(toy_models.perception, sensor, session).step(slice_of(sensor))
    grid = session.inputs[0]["events"]
    assert grid.shape == (1, 5, 96, 128)
    assert grid[..., :70, :100].any()
    assert not grid[..., 70:, :].any()
    assert not grid[..., 100:].any()


def test_classes_cover_the_pixels_that_they_were_found_at(toy_models):
    sensor = SensorSize(70, 66)
    session = fake_perception(sensor, load_card(toy_models.perception))
    session.outputs["segmentation"][0, 1, 2, 3] = 1
    found = LearnedSegmentation(network_of(toy_models.perception, sensor, session)).step(
        slice_of(sensor), {}
    )
    expected = np.zeros(sensor.shape, np.uint8)
    expected[8:12, 12:16] = 1
    np.testing.assert_array_equal(found.mask, expected)
    assert found.class_names == ("sky", "road", "other")


def test_distances_are_metres_and_errors_lower_the_confidence(toy_models):
    sensor = SensorSize(64, 64)
    session = fake_perception(sensor, load_card(toy_models.perception))
    session.outputs["depth"][0, 0] = np.log(1 / 8.0)
    session.outputs["depth"][0, 1] = np.log(0.1)
    depth = LearnedDepth(network_of(toy_models.perception, sensor, session)).step(
        slice_of(sensor), {}
    )
    np.testing.assert_allclose(depth.depth, 8.0, rtol=1e-5)
    np.testing.assert_allclose(depth.confidence, np.exp(-0.1), rtol=1e-5)
    assert depth.metric


@pytest.mark.parametrize("value", [-1e30, 1e30])
def test_absurd_outputs_give_finite_distances(toy_models, value):
    sensor = SensorSize(64, 64)
    session = fake_perception(sensor, load_card(toy_models.perception))
    session.outputs["depth"][:] = value
    depth = LearnedDepth(network_of(toy_models.perception, sensor, session)).step(
        slice_of(sensor), {}
    )
    assert np.isfinite(depth.depth).all()
    assert np.isfinite(depth.confidence).all()


def test_a_model_without_the_output_is_refused(toy_models):
    network = network_of(toy_models.reconstruction, SensorSize(64, 64))
    with pytest.raises(ModelError, match="has no output detection"):
        LearnedDetection(network)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"21*height*width/1024"', '"height"', "output detection has the shape"),
        ('"21*height*width/1024"', '"places"', "output detection: .* needs a size for places"),
        ('classes = ["vehicle", "pedestrian"]', "", "for the classes it knows"),
        ('"voxel:5"', '"voxel:3"', "but voxel:3 is"),
        ('shape = [1, 5, "height", "width"]', 'shape = [5, "height", "width"]', "its input is not"),
        ('sensor = "any"', 'sensor = "34x34"', "takes events of a sensor of 34x34"),
        ('[1, 5, "height", "width"]', '[1, 5, "height", 34]', "takes pictures of 34xheight"),
    ],
)
def test_a_model_whose_card_does_not_fit_is_refused(toy_models, tmp_path, old, new, said):
    text = (toy_models.perception / "card.toml").read_text()
    assert old in text
    (tmp_path / "card.toml").write_text(text.replace(old, new))
    with pytest.raises(ModelError, match=said):
        LearnedDetection(network_of(tmp_path, SensorSize(64, 64), FakeSession()))


def test_learned_tasks_are_built_with_the_network_of_their_model(toy_models):
    sensor = SensorSize(64, 64)
    asked = []

    def opened(form):
        asked.append((form.name, form.model))
        return network_of(toy_models.perception, sensor)

    names = ["tracking", f"detection:model={toy_models.perception}", "depth"]
    built = build_tasks(names, sensor, network=opened)
    assert [type(task).__name__ for task in built] == [
        "LearnedDetection", "Tracking", "LearnedDepth",
    ]  # fmt: skip
    assert asked == [("detection", str(toy_models.perception)), ("depth", "perception-nano")]


def test_learned_tasks_need_somebody_to_open_networks():
    with pytest.raises(ConfigError, match="tasks that need no network"):
        build_tasks(["depth"], SensorSize(64, 64))
