"""Clips of the named scenes for training."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch

from eventvision.core import SensorSize
from eventvision.simulation import named_scene
from eventvision.simulation.batched import UNLABELLED
from eventvision.training import (
    NO_OBJECT,
    SequenceGenerator,
    Sequences,
    SequenceSettings,
    StagedGenerator,
)
from eventvision.training._scene_truth import known_classes, known_depth_m
from eventvision.training.scenes._pool import MixedGenerator

SIZE = {"slices": 3, "batch": 3, "height": 64, "width": 96, "seed": 5}


@pytest.fixture(scope="module")
def generator() -> StagedGenerator:
    return StagedGenerator(SequenceSettings(**SIZE))


@pytest.fixture(scope="module")
def batch(generator: StagedGenerator) -> Sequences:
    return generator.batch(1)


def test_a_batch_has_the_form_of_those_of_the_batched_simulator(batch: Sequences) -> None:
    other = SequenceGenerator(SequenceSettings(**SIZE)).batch(0)
    for field in fields(Sequences):
        ours, theirs = getattr(batch, field.name), getattr(other, field.name)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), field.name


def test_a_number_always_gives_the_same_batch(generator: StagedGenerator, batch: Sequences) -> None:
    again = generator.batch(1)
    for field in fields(Sequences):
        torch.testing.assert_close(getattr(again, field.name), getattr(batch, field.name))


def test_another_number_gives_another_batch(generator: StagedGenerator, batch: Sequences) -> None:
    assert not torch.equal(generator.batch(2).intensity, batch.intensity)


def test_there_are_events_and_no_more_than_their_number_in_the_planes(batch: Sequences) -> None:
    assert batch.activity.sum() > 100
    sums = batch.events.sum(dim=2).abs()
    assert bool((sums <= batch.activity + 1e-3).all())


def test_boxes_hold_as_many_pixels_as_are_said(batch: Sequences) -> None:
    there = batch.box_classes != NO_OBJECT
    assert bool(there.any())
    x, y, w, h = batch.boxes[there].T
    assert bool((w * h >= batch.box_pixels[there]).all())
    assert bool(((x >= 0) & (y >= 0) & (x + w <= 96) & (y + h <= 64)).all())
    assert bool((batch.box_ids[there] > 0).all())
    assert bool((batch.box_ids[~there] == NO_OBJECT).all())


def test_distances_are_positive_where_they_are_known(batch: Sequences) -> None:
    assert bool((batch.depth_m[batch.depth_valid] > 0).all())
    assert bool((batch.depth_m[~batch.depth_valid] == 0).all())


@pytest.mark.parametrize(("scene", "known"), [("street", True), ("shapes", False)])
def test_a_picture_on_a_wall_has_no_surfaces_and_no_distances(scene: str, known: bool) -> None:
    truth = named_scene(scene, sensor=SensorSize(96, 64), seed=3).truth(0)
    classes, depth_m = known_classes(truth, scene, photo=False), known_depth_m(truth, scene)
    wall = truth.mask == 0
    assert bool((classes[wall] != UNLABELLED).any()) is known
    assert bool(np.isfinite(depth_m).any()) is known


def test_batches_are_mixed_as_asked_for() -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        def batch(self, number: int) -> str:
            return f"{self.name} {number}"

    mixed = MixedGenerator(Named("batched"), Named("staged"), 0.25, seed=3)  # type: ignore[arg-type]
    found = [str(mixed.batch(number)) for number in range(400)]
    staged = sum(text.startswith("staged") for text in found)
    assert 70 < staged < 130
    assert [text.split()[1] for text in found] == [str(number) for number in range(400)]
    assert [str(mixed.batch(number)) for number in range(400)] == found
