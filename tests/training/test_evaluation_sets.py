"""Frozen sets: made again bit for bit, cut by any slicer, scored for any method."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from eventvision.core import (
    ConfigError,
    Events,
    FormatError,
    Image,
    SensorSize,
    SourceNotFoundError,
)
from eventvision.simulation import Paced, PixelModel
from eventvision.training.evaluation import (
    ModulePredictor,
    Network,
    baselines,
    evaluate,
    make_set,
    open_set,
)
from eventvision.training.evaluation import _sets as sets
from eventvision.training.evaluation._making import make_sequence, slice_edges, truth_times
from eventvision.training.evaluation._scenarios import Scenario, scenarios
from eventvision.training.evaluation._scoring import SEEN
from eventvision.training.evaluation._sequence import without_noise

SENSOR = SensorSize(64, 48)


def scenario(scene="street", **changes):
    plan = Scenario(
        name=f"00-{scene}-drawn-0.2-1x",
        scene=scene,
        image=None,
        seed=3,
        camera=PixelModel(on_threshold=0.2, off_threshold=0.2),
        speed=1.0,
        start_us=0,
        duration_us=350_000,
        slice_us=20_000,
        by_count=True,
    )
    return replace(plan, **changes)


@pytest.fixture(scope="module")
def street():
    return make_sequence(scenario(), SENSOR)


@pytest.fixture(scope="module")
def small_set(tmp_path_factory):
    """A set of three short, small sequences, made as the command makes them."""
    plans = [scenario("street"), scenario("room", by_count=False), scenario("shapes", speed=2.0)]
    plans = [replace(plan, name=f"{k:02d}{plan.name[2:]}") for k, plan in enumerate(plans)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sets, "scenarios", lambda name, images, for_prior=False: iter(plans))
        patch.setattr(sets, "make_sequence", lambda plan: make_sequence(plan, SENSOR))
        folder = tmp_path_factory.mktemp("sets")
        return [make_set("procedural", folder / name) for name in ("one", "two")]


def test_a_set_is_made_again_bit_for_bit(small_set):
    one, two = small_set
    assert one.digest == two.digest
    assert one.files == two.files
    assert len(set(one.files.values())) == 3


def test_a_set_is_read_as_it_was_made(small_set):
    made = small_set[0]
    found = open_set(made.folder)
    assert (found.name, found.digest, found.files) == (made.name, made.digest, made.files)
    assert np.array_equal(found.class_counts, made.class_counts)


def test_what_is_stored_is_what_was_simulated(small_set, street):
    stored = next(iter(small_set[0]))
    assert stored.sensor == street.sensor
    assert np.array_equal(stored.events.data, street.events.data)
    assert np.array_equal(stored.edges_us, street.edges_us)
    for kept, truth in zip(stored.truths, street.truths, strict=True):
        assert kept.t_us == truth.t_us
        assert np.abs(kept.shade - truth.shade).max() <= 0.51 / 255
        assert np.array_equal(kept.classes, truth.classes)
        assert np.array_equal(np.isnan(kept.depth_m), np.isnan(truth.depth_m))
        np.testing.assert_allclose(kept.depth_m, truth.depth_m, rtol=0.005)
        assert np.array_equal(kept.objects.boxes, truth.objects.boxes)
        assert np.array_equal(kept.objects.needed, truth.objects.needed)


def test_a_changed_file_is_noticed(small_set, tmp_path, street):
    made = small_set[1]
    name = next(iter(made.files))
    sets.save_sequence(made.folder / name, replace(street, edges_us=street.edges_us + 1))
    with pytest.raises(FormatError, match="make it again"):
        list(open_set(made.folder))


@pytest.mark.parametrize("content", [b"", b"PK nonsense"])
def test_a_damaged_file_is_one_clear_error(tmp_path, content):
    path = tmp_path / "00.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged"):
        sets.load_sequence(path)


def test_a_folder_without_a_set_says_how_to_make_one(tmp_path):
    with pytest.raises(SourceNotFoundError, match="evaluate --make"):
        open_set(tmp_path)


def test_the_mixed_set_needs_images(tmp_path):
    with pytest.raises(ConfigError, match="folder of images"):
        make_set("mixed", tmp_path)


def test_the_procedural_set_mixes_thresholds_and_speeds():
    plans = list(scenarios("procedural"))
    assert len(plans) == 30
    assert {plan.camera.on_threshold for plan in plans} == {0.15, 0.3, 0.6}
    assert {plan.speed for plan in plans} == {0.5, 1.0, 2.0}
    assert len({plan.name for plan in plans}) == len({plan.seed for plan in plans}) == 30


def test_the_prior_is_learned_from_other_scenes():
    shown = {plan.seed for plan in scenarios("procedural")}
    assert not shown & {plan.seed for plan in scenarios("procedural", for_prior=True)}


def test_slices_of_equally_many_events_vary_in_length(street):
    counts = np.diff(np.searchsorted(street.events.t, street.edges_us))
    assert np.ptp(np.diff(street.edges_us)) > 5_000
    assert np.ptp(counts) < 0.2 * counts.mean()


def test_no_slice_is_longer_than_100_ms(street):
    edges = slice_edges(street.events, scenario(duration_us=2_000_000, by_count=True))
    assert np.diff(edges).max() == 100_000
    assert edges[-1] == 2_000_000


def test_instants_of_truth_are_ends_of_slices():
    edges = np.arange(0, 2_000_001, 33_333)
    times = truth_times(edges)
    assert set(times) <= set(edges[1:].tolist())
    assert times[:4] == [66_666, 99_999, 166_665, 333_330]


def test_time_in_a_paced_scene_goes_faster():
    scene = make_scene()
    fast = Paced(scene, speed=2.0, start_us=100_000)
    assert np.array_equal(fast.render(50_000).copy(), scene.render(200_000))
    ratio = fast.truth(50_000).flow_px_s / scene.truth(200_000).flow_px_s
    assert np.nanmedian(ratio) == pytest.approx(2)


def make_scene():
    from eventvision.simulation import named_scene

    return named_scene("texture", sensor=SENSOR, seed=1)


@pytest.mark.parametrize("slicer", [None, "time:7ms", "count:300", "activity"])
def test_every_slicer_shows_all_events_once_and_ends_at_each_truth(street, slicer):
    slices = list(street.slices(slicer))
    whole = np.concatenate([slice_.events.data for slice_, _ in slices])
    last_us = street.edges_us[-1] if slicer is None else street.truths[-1].t_us
    assert np.array_equal(whole, street.events.between(0, last_us).data)
    assert [truth.t_us for _, truth in slices if truth] == [t.t_us for t in street.truths]
    for slice_, truth in slices:
        assert slice_.t0_us < slice_.t1_us
        assert truth is None or slice_.t1_us == truth.t_us
    assert all(a.t1_us == b.t0_us for (a, _), (b, _) in pairwise(slices))


def test_walls_that_show_a_picture_have_neither_class_nor_distance():
    truth = make_sequence(scenario("shapes"), SENSOR).truths[-1]
    assert set(np.unique(truth.classes)) == {8, 255}
    assert np.isnan(truth.depth_m).all()


def test_objects_that_made_no_events_need_not_be_found():
    dull = PixelModel(on_threshold=9.0, off_threshold=9.0)
    truth = make_sequence(scenario("shapes", camera=dull), SENSOR).truths[-1]
    assert len(truth.objects.classes)
    assert not truth.objects.needed.any()


class Oracle:
    """Knows the truth of one sequence."""

    name = "oracle"

    def __init__(self, sequence):
        from eventvision.core import Depth, Detections, Image, Segmentation
        from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

        def results(truth):
            there = truth.objects
            sure = np.ones(len(there.classes), np.float32)
            depth = np.nan_to_num(truth.depth_m, nan=1.0)
            classes = np.where(truth.classes == 255, 0, truth.classes).astype(np.uint8)
            return {
                "reconstruction": Image(truth.shade),
                "detection": Detections(there.boxes, sure, there.classes, DETECTION_CLASSES),
                "segmentation": Segmentation(classes, SEGMENTATION_CLASSES),
                "depth": Depth(depth, depth, metric=True),
            }

        self._answers = {truth.t_us: results(truth) for truth in sequence.truths}

    def start(self, sensor):
        pass

    def step(self, slice_):
        return self._answers.get(slice_.t1_us, {})


def test_who_knows_the_truth_scores_best_of_all(street):
    (scores,) = evaluate([street], [Oracle(street)], rounds=0)
    settled = {
        task: {k: v.value for k, v in found.items()} for task, found in scores.settled.items()
    }
    assert settled["reconstruction"] == pytest.approx({"mse": 0, "ssim": 1, "correlation": 1})
    assert settled["segmentation"]["miou"] == 1
    assert settled["depth"]["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert settled["detection"]["ap50 any class"] in (1, pytest.approx(np.nan, nan_ok=True))
    assert scores.start["reconstruction"]["ssim"].value == pytest.approx(1)


def test_all_baselines_are_scored_and_grouped(small_set):
    found = evaluate(small_set[0], baselines(small_set[0].class_counts), rounds=3)
    by_name = {scores.name: scores for scores in found}
    assert {name: set(s.settled) for name, s in by_name.items()} == {
        "grey": {"reconstruction", SEEN},
        "accumulated frame": {"reconstruction", SEEN},
        "FIBAR": {"reconstruction", SEEN},
        "clusters": {"detection"},
        "median": {"depth"},
        "ground plane": {"depth"},
        "class prior": {"segmentation"},
    }
    assert by_name["grey"].settled["reconstruction"]["correlation"].value == 0
    assert set(by_name["FIBAR"].groups) == {
        "scene street-drawn", "scene room-drawn", "scene shapes-drawn",
        "threshold 0.2", "speed 1x",
    }  # fmt: skip


class Half:
    """Knows the left half of every picture; the right one is black."""

    name = "half"

    def __init__(self, sequence):
        self._shades = {truth.t_us: truth.shade for truth in sequence.truths}

    def start(self, sensor):
        pass

    def step(self, slice_):
        if slice_.t1_us not in self._shades:
            return {}
        shade = self._shades[slice_.t1_us].copy()
        shade[:, shade.shape[1] // 2 :] = 0
        return {"reconstruction": Image(shade)}


def test_pictures_are_scored_apart_where_there_have_been_events(street):
    left = np.repeat(street.events.data[street.events.x < SENSOR.width // 2 - 4], 4)
    half = replace(street, events=Events(left, SENSOR))
    (scores,) = evaluate([half], [Half(half)], rounds=0)
    assert scores.settled[SEEN]["mse"].value < 0.3 * scores.settled["reconstruction"]["mse"].value


def test_events_that_filters_take_out_are_seen_by_nobody(street):
    less = without_noise(street, "roi:20x20+0+0")
    assert 0 < len(less.events) < len(street.events)
    assert less.events.x.max() < 20
    assert (less.truths, without_noise(street, "")) == (street.truths, street)
    with pytest.raises(ConfigError, match="size of the sensor"):
        without_noise(street, "crop:20x20+0+0")


class Countdown(torch.nn.Module):
    """Says how many slices it has seen."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, events):
        return torch.sigmoid(events.sum(1, keepdim=True) + self.weight)


def test_a_torch_network_is_scored_and_left_as_it_was(street):
    network = Countdown().train()
    seen = []
    predictor = ModulePredictor(network, prepare=lambda x: seen.append(x.shape) or x)
    (scores,) = evaluate([street], [Network("sum of events", predictor)], rounds=0)
    assert set(scores.settled) == {"reconstruction", SEEN}
    assert set(seen) == {(1, 5, 64, 64)}
    assert network.training
