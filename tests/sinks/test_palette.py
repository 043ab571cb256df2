"""Colours: stable, distinct, legible under dark text."""

from __future__ import annotations

import numpy as np

from eventvision.sinks import class_colour, number_colour
from eventvision.sinks._palette import _CLASSES, GROUND, INK, event_colours


def luminance(colour: tuple[int, int, int]) -> float:
    linear = [
        value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4
        for value in colour
    ]
    return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]


def test_the_next_dozen_numbers_differ_in_colour():
    colours = np.array([number_colour(number) for number in range(200)], int)
    for step in range(1, 13):
        apart = np.abs(colours[step:] - colours[:-step]).sum(axis=1)
        assert apart.min() > 25


def test_dark_text_is_legible_on_every_colour():
    colours = [*map(number_colour, range(500)), *_CLASSES.values()]
    for colour in colours:
        assert (luminance(colour) + 0.05) / (luminance(INK) + 0.05) > 7


def test_known_classes_have_their_own_colours_and_others_those_of_their_number():
    assert class_colour("sky", 4) != number_colour(4)
    assert class_colour("person", 6) == class_colour("pedestrian", 1)
    assert class_colour("teapot", 4) == number_colour(4)
    surfaces = {name: colour for name, colour in _CLASSES.items() if name != "pedestrian"}
    colours = np.array(list(surfaces.values()), int)
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=2)
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 50


def test_events_grow_brighter_with_strength_from_the_ground_on():
    colours = event_colours()[:, 0].astype(int)
    assert colours[128].tolist() == list(GROUND)
    for side in (colours[128:], colours[128:0:-1]):
        assert (np.diff(side.sum(axis=1)) >= 0).all()
        assert side[-1].sum() > 500
