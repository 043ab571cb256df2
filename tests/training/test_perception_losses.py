"""Losses of boxes, surfaces and distances on cases that can be worked out."""

from __future__ import annotations

import math

import pytest
import torch

from eventvision.training.losses import (
    assign,
    boxes_at,
    detection_loss,
    distance_loss,
    pairwise_iou,
    places_of,
    surface_loss,
)

STRIDES = (8, 16, 32)
CLASSES = 4


def grid(height=64, width=96):
    return places_of(height, width, STRIDES)


def silent(places, count=1):
    """Return outputs that say nothing is there."""
    outputs = torch.zeros(count, len(places.x), 5 + CLASSES)
    outputs[..., 4:] = -6
    return outputs


def saying(places, place, box, kind):
    """Return outputs in which one place says that there is a box."""
    outputs = silent(places)
    x, y, w, h = box
    stride = places.stride[place]
    outputs[0, place, 0] = (x + w / 2 - places.x[place]) / stride
    outputs[0, place, 1] = (y + h / 2 - places.y[place]) / stride
    outputs[0, place, 2] = math.log(w / stride)
    outputs[0, place, 3] = math.log(h / stride)
    outputs[0, place, [4, 5 + kind]] = 6.0
    return outputs


def closest(places, x, y, stride):
    """Return the place of a grid that is closest to a point."""
    far = (places.x - x) ** 2 + (places.y - y) ** 2 + 1e6 * (places.stride != stride)
    return int(far.argmin())


def test_places_go_row_by_row_through_the_grids():
    places = grid()
    assert len(places.x) == 8 * 12 + 4 * 6 + 2 * 3
    assert (places.x[0], places.y[0], places.x[1], places.y[12]) == (4, 4, 12, 12)
    assert (places.x[96], places.y[96], places.stride[96]) == (8, 8, 16)
    assert (places.x[-1], places.y[-1], places.stride[-1]) == (80, 48, 32)


def test_outputs_turn_into_the_boxes_they_were_made_from():
    places = grid()
    box = (20.0, 12.0, 30.0, 18.0)
    outputs = saying(places, 30, box, 2)
    torch.testing.assert_close(boxes_at(outputs, places)[0, 30], torch.tensor(box))


def test_overlap_is_intersection_over_union():
    a = torch.tensor([[0.0, 0, 10, 10], [20, 20, 4, 4]])
    b = torch.tensor([[5.0, 0, 10, 10], [0, 0, 10, 10], [20, 20, 4, 2]])
    expected = torch.tensor([[50 / 150, 1, 0], [0, 0, 0.5]])
    torch.testing.assert_close(pairwise_iou(a, b), expected)


def test_the_place_that_is_right_answers():
    places = grid()
    box = torch.tensor([[20.0, 12.0, 30.0, 18.0]])
    near = closest(places, 35, 21, 16)
    outputs = saying(places, near, box[0].tolist(), 1)
    found = boxes_at(outputs, places)
    owner, overlap = assign(outputs[0], found[0], places, box, torch.tensor([1]))
    assert owner[near] == 0
    assert overlap[near].item() == pytest.approx(1)
    distance = (places.x - 35).abs() + (places.y - 21).abs()
    assert (distance[owner >= 0] < 60).all()


def test_a_place_answers_for_one_object_only_and_each_object_is_answered_for():
    places = grid()
    boxes = torch.tensor([[10.0, 10, 20, 20], [34, 36, 20, 20], [60, 30, 30, 30]])
    outputs = silent(places)
    found = boxes_at(outputs, places)
    owner, _ = assign(outputs[0], found[0], places, boxes, torch.tensor([0, 1, 2]))
    assert {0, 1, 2} <= set(owner.tolist())


def test_without_objects_nobody_answers():
    places = grid()
    outputs = silent(places)
    empty = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    owner, _ = assign(outputs[0], boxes_at(outputs, places)[0], places, *empty)
    assert (owner == -1).all()
    parts = detection_loss(outputs, places, torch.zeros(1, 2, 4), torch.full((1, 2), -1))
    assert (parts["box"], parts["class"]) == (0, 0)
    assert parts["objectness"] > 0


def total(outputs, places, box, kind, ignored=None):
    boxes = torch.tensor([[box]])
    return sum(detection_loss(outputs, places, boxes, torch.tensor([[kind]]), ignored).values())


def agreed(places, box, kind):
    """Return outputs in which all places know the box, and those that answer say so."""
    outputs = silent(places)
    for place in range(len(places.x)):
        outputs[0, place, :4] = saying(places, place, box, kind)[0, place, :4]
    wanted = torch.tensor([box]), torch.tensor([kind])
    owner, _ = assign(outputs[0], boxes_at(outputs, places)[0], places, *wanted)
    outputs[0, owner >= 0, 4] = outputs[0, owner >= 0, 5 + kind] = 6
    return outputs


def test_being_right_costs_least():
    places = grid()
    box = [20.0, 12.0, 30.0, 18.0]
    right = agreed(places, box, 1)
    invented = right.clone()
    invented[0, 95, 4] = 6
    best = total(right, places, box, 1)
    assert best < 0.5
    for worse in (
        agreed(places, [26.0, 12.0, 30.0, 18.0], 1),
        agreed(places, box, 3),
        silent(places),
        invented,
    ):
        assert total(worse, places, box, 1) > best + 0.3


def test_what_could_not_be_seen_need_not_be_found_but_may_be():
    places = grid()
    box = [20.0, 12.0, 30.0, 18.0]
    ignored = torch.tensor([[True]])
    missed = total(silent(places), places, box, 1, ignored)
    inside = saying(places, closest(places, 35, 21, 16), box, 1)
    found = total(inside, places, box, 1, ignored)
    assert missed.item() == pytest.approx(found.item(), abs=0.05)
    elsewhere = silent(places)
    elsewhere[0, 95, 4] = 6
    assert total(elsewhere, places, box, 1, ignored) > missed + 3


def test_the_detection_loss_can_be_learned_from():
    torch.manual_seed(0)
    places = grid()
    outputs = (0.1 * torch.randn(2, len(places.x), 5 + CLASSES)).requires_grad_()
    boxes = torch.tensor([[[10.0, 10, 20, 20]], [[50, 20, 30, 36]]])
    kinds = torch.tensor([[0], [2]])
    optimiser = torch.optim.Adam([outputs], 0.1)
    for _ in range(150):
        loss = sum(detection_loss(outputs, places, boxes, kinds).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    best = outputs[..., 4].argmax(dim=1)
    for n in range(2):
        found = boxes_at(outputs[n].detach(), places)[best[n]]
        assert pairwise_iou(found[None], boxes[n]).item() > 0.9
        assert outputs[n, best[n], 5:].argmax() == kinds[n, 0]


def test_surfaces_cost_nothing_when_certain_and_right():
    classes = torch.tensor([[[0, 1], [2, 255]]])
    logits = torch.full((1, 3, 2, 2), -20.0)
    logits[0, 0, 0, 0] = logits[0, 1, 0, 1] = logits[0, 2, 1, 0] = 20
    assert surface_loss(logits, classes, unlabelled=255).item() < 1e-3
    assert surface_loss(-logits, classes, unlabelled=255).item() > 1
    changed = logits.clone()
    changed[0, :, 1, 1] = torch.tensor([9.0, -3, 5])
    torch.testing.assert_close(
        surface_loss(changed, classes, unlabelled=255),
        surface_loss(logits, classes, unlabelled=255),
    )
    assert surface_loss(logits, torch.full((1, 2, 2), 255), unlabelled=255) == 0


def distances(depth, log_error=0.0):
    return torch.stack([-depth.log(), torch.full_like(depth, log_error)], dim=1)


def test_distances_may_be_off_by_a_factor_but_not_in_shape():
    depth = torch.linspace(1, 30, 12 * 16).reshape(1, 12, 16)
    valid = torch.ones_like(depth, dtype=torch.bool)
    right = distance_loss(distances(depth), depth, valid)
    farther = distance_loss(distances(1.2 * depth), depth, valid)
    flipped = distance_loss(distances(depth.flip(2).flip(1)), depth, valid)
    assert right < farther < flipped
    assert farther - right < 0.25 * (flipped - right)


def test_distances_that_are_not_known_do_not_count():
    depth = torch.full((1, 4, 4), 5.0)
    valid = torch.zeros(1, 4, 4, dtype=torch.bool)
    assert distance_loss(distances(depth), depth, valid) == 0
    valid[0, :2] = True
    wild = depth.clone()
    wild[0, 2:] = 500
    torch.testing.assert_close(
        distance_loss(distances(wild), depth, valid), distance_loss(distances(depth), depth, valid)
    )


def test_knowing_ones_error_pays():
    depth = torch.full((1, 8, 8), 5.0)
    valid = torch.ones_like(depth, dtype=torch.bool)
    off = 5 * torch.exp(0.5 * torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0)))
    error = float((off / depth).log().abs().mean())
    at = {k: distance_loss(distances(off, k), depth, valid) for k in (-4.0, math.log(error), 2.0)}
    assert min(at, key=at.get) == math.log(error)
