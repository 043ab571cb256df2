"""The drawing of clouds, against its definition in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.cloud import draw_cloud
from eventvision.kernels.words import as_words

NOW_US, SPAN_US = 10_000, 8_000
COLOURS = np.arange(512, dtype=np.uint32).reshape(2, 256) + 1


def events(count: int) -> np.ndarray:
    random = np.random.default_rng(count)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = np.sort(random.integers(0, 12_000, count))
    data["x"], data["y"] = random.integers(0, 40, count), random.integers(0, 30, count)
    data["on"] = random.random(count) < 0.5
    return data


def reference(data, every, view, size):
    rows, columns = 24, 32
    depth = np.full((rows, columns), np.inf, np.float32)
    picture = np.zeros((rows, columns), np.uint32)
    for event in data[::every]:
        age = np.float32(NOW_US - event["t"]) * np.float32(1 / SPAN_US)
        if not 0 <= NOW_US - event["t"] < SPAN_US:
            continue
        point = np.array([event["x"], event["y"], age, 1], np.float32)
        across, down, w = view @ point
        if w <= 0:
            continue
        left, top = across / w, down / w
        if not (0 <= left < columns and 0 <= top < rows):
            continue
        place = np.s_[int(top) : int(top) + size, int(left) : int(left) + size]
        nearer = w < depth[place]
        depth[place][nearer] = w
        picture[place][nearer] = COLOURS[int(event["on"]), int(age * np.float32(255))]
    return picture


FLAT = np.array([[0.5, 0, 4, 2], [0, 0.5, 3, 2], [0, 0, 0.5, 1]], np.float32)
FROM_BEHIND = np.array([[0.5, 0, 4, 2], [0, 0.5, 3, 2], [0.05, 0, 0, -1]], np.float32)


@pytest.mark.parametrize("view", [FLAT, FROM_BEHIND], ids=["in front", "partly behind"])
@pytest.mark.parametrize("count", [0, 1, 300])
@pytest.mark.parametrize(("every", "size"), [(1, 1), (3, 2)])
def test_the_kernel_agrees_with_its_definition(view, count, every, size):
    data = events(count)
    depth = np.full((24, 32), np.inf, np.float32)
    picture = np.zeros((24, 32), np.uint32)
    draw_cloud(as_words(data), every, NOW_US, SPAN_US, view, COLOURS, size, depth, picture)
    different = np.count_nonzero(picture != reference(data, every, view, size))
    assert different <= count // 100  # rounding may move a point at the edge of a pixel


def test_a_nearer_event_hides_a_farther_one_whichever_comes_first():
    data = np.zeros(2, EVENT_DTYPE)
    data["t"] = [NOW_US - 7_000, NOW_US]
    view = np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]], np.float32)
    pictures = []
    for order in (data, data[::-1]):
        depth, picture = np.full((2, 2), np.inf, np.float32), np.zeros((2, 2), np.uint32)
        draw_cloud(as_words(order), 1, NOW_US, SPAN_US, view, COLOURS, 1, depth, picture)
        pictures.append(picture.max())
    assert pictures == [COLOURS[0, 0], COLOURS[0, 0]]
