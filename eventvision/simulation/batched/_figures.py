"""Painters of people, bicycles, cars and other things that move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

from ._sheets import SHEET_PX, Array, Easel, Sheet, smooth_noise

STEP_PHASES = 20
_VEHICLE, _PEDESTRIAN, _CYCLIST, _OTHER = range(len(DETECTION_CLASSES))
_SEGMENTS = {name: SEGMENTATION_CLASSES.index(name) for name in ("vehicle", "person", "other")}


def walker(random: np.random.Generator) -> Sheet:
    """Paint someone who walks to the right, or towards or away from the camera."""
    easel = Easel(STEP_PHASES, random)
    swing = 2 * np.pi * np.arange(STEP_PHASES, dtype=np.float32) / STEP_PHASES
    frontal = random.random() < 0.35
    reach = random.uniform(0.16, 0.36) * (0.25 if frontal else 1)
    lean, bob = random.uniform(-0.02, 0.06), 0.02 * np.cos(2 * swing)
    hip, shoulder = 0.05 + random.normal(0, 0.03), -0.55 + random.normal(0, 0.03)
    stout = random.uniform(0.85, 1.35)
    skin, top, legs, shoe = random.uniform(0.05, 0.95, 4)
    parts = [_leg(easel, swing, hip + bob, reach, side, 0.085 * stout, legs, shoe, frontal)
             for side in (-1, 1)]  # fmt: skip
    arms = [_arm(easel, swing, shoulder + bob, lean, reach, side, 0.055 * stout, top, skin, frontal)
            for side in (-1, 1)]  # fmt: skip
    arms[0]()
    parts[0]()
    parts[1]()
    width = (0.17 if frontal else 0.12) * stout
    easel.capsule((0.0, hip + bob), (lean, shoulder + 0.06 + bob), width, top, thin=width * 1.1)
    if random.random() < 0.35:
        easel.capsule((0.0, hip + 0.25 + bob), (0.0, hip + bob), width * 1.3, top, thin=width)
    if random.random() < 0.4:
        easel.capsule((lean - 0.2, shoulder + 0.12 + bob), (lean - 0.16, hip - 0.12 + bob), 0.08,
                      random.random())  # fmt: skip
    arms[1]()
    easel.capsule((lean, shoulder + bob), (lean * 1.5, -0.74 + bob), 0.05, skin)
    easel.disc(lean * 1.6, -0.83 + bob, 0.12, skin)
    if random.random() < 0.7:
        easel.disc(lean * 1.6 - (0 if frontal else 0.03), -0.88 + bob, 0.11, random.random())
    return Sheet(easel.frames(), _PEDESTRIAN, _SEGMENTS["person"], stride=0.85)


def _leg(
    easel: Easel,
    swing: Array,
    hip: Array,
    reach: float,
    side: int,
    width: float,
    shade: float,
    shoe: float,
    frontal: bool,
) -> Callable[[], None]:
    """Return what paints a leg; `side` -1 is the far one."""
    phase = swing + (np.pi if side > 0 else 0)
    aside = 0.09 * side if frontal else 0.0
    lift = 0.12 * np.clip(np.cos(phase), 0, None)
    foot = aside + reach * np.sin(phase), 0.95 - lift
    knee = aside + 0.55 * reach * np.sin(phase) + 0.3 * lift, 0.5 - 0.35 * lift
    dim = shade * (0.75 if side < 0 else 1.0)

    def paint() -> None:
        easel.capsule((aside, hip), knee, width, dim, thin=width * 0.8)
        easel.capsule(knee, foot, width * 0.8, dim, thin=width * 0.55)
        easel.capsule(foot, (foot[0] + (0.0 if frontal else 0.1), foot[1] + 0.01), 0.05, shoe)

    return paint


def _arm(
    easel: Easel,
    swing: Array,
    shoulder: Array,
    lean: float,
    reach: float,
    side: int,
    width: float,
    shade: float,
    skin: float,
    frontal: bool,
) -> Callable[[], None]:
    phase = swing + (0 if side > 0 else np.pi)
    aside = 0.2 * side if frontal else 0.0
    elbow = lean + aside + 0.4 * reach * np.sin(phase), shoulder + 0.3
    hand = lean + aside * 1.1 + 0.9 * reach * np.sin(phase) + 0.04, shoulder + 0.56
    dim = shade * (0.7 if side < 0 else 0.9)

    def paint() -> None:
        easel.capsule((lean + aside * 0.9, shoulder + 0.04), elbow, width, dim)
        easel.capsule(elbow, hand, width * 0.9, dim, thin=width * 0.7)
        easel.disc(hand[0], hand[1], width * 0.9, skin)

    return paint


def cyclist(random: np.random.Generator) -> Sheet:
    """Paint someone who rides a bicycle to the right."""
    easel = Easel(STEP_PHASES, random)
    turn = 2 * np.pi * np.arange(STEP_PHASES, dtype=np.float32) / STEP_PHASES
    tyre, frame, top, legs, skin = random.uniform(0.05, 0.95, 5)
    radius, lean = random.uniform(0.3, 0.36), random.uniform(0.1, 0.4)
    axle = 0.98 - radius
    pedal_x, pedal_y, saddle = -0.08, axle + 0.03, (-0.25, 0.1)
    far, near = turn + np.pi, turn
    for wheel in (-0.55, 0.55):
        easel.ring(wheel, axle, radius - 0.03, 0.07, tyre)
        for spoke in range(3):
            angle = turn + spoke * np.pi / 3
            dx, dy = (radius - 0.05) * np.cos(angle), (radius - 0.05) * np.sin(angle)
            easel.capsule((wheel - dx, axle - dy), (wheel + dx, axle + dy), 0.014, frame)
    _ride(easel, far, (pedal_x, pedal_y), saddle, 0.07, legs * 0.7)
    for start, end in (
        ((-0.55, axle), (pedal_x, pedal_y)), ((pedal_x, pedal_y), (0.4, 0.15)),
        (saddle, (pedal_x, pedal_y)), (saddle, (0.4, 0.15)), ((0.4, 0.02), (0.55, axle)),
        ((-0.55, axle), saddle),
    ):  # fmt: skip
        easel.capsule(start, end, 0.028, frame)
    shoulder = saddle[0] + lean, -0.5
    _ride(easel, near, (pedal_x, pedal_y), saddle, 0.085, legs)
    easel.capsule(saddle, shoulder, 0.14, top, thin=0.15)
    easel.capsule(shoulder, (0.25, -0.2), 0.055, top * 0.85)
    easel.capsule((0.25, -0.2), (0.42, 0.0), 0.05, skin)
    easel.disc(shoulder[0] + 0.08, -0.78, 0.13, skin)
    if random.random() < 0.6:
        easel.capsule((shoulder[0] - 0.02, -0.86), (shoulder[0] + 0.16, -0.86), 0.1,
                      random.random())  # fmt: skip
    return Sheet(easel.frames(), _CYCLIST, _SEGMENTS["person"], stride=2.2)


def _ride(
    easel: Easel, turn: Array, pedals: tuple[float, float], saddle: tuple[float, float],
    width: float, shade: float,
) -> None:  # fmt: skip
    foot = pedals[0] + 0.13 * np.cos(turn), pedals[1] + 0.13 * np.sin(turn)
    knee = (saddle[0] + foot[0]) / 2 + 0.22, (saddle[1] + foot[1]) / 2 - 0.1
    easel.capsule(saddle, knee, width, shade)
    easel.capsule(knee, foot, width * 0.8, shade, thin=width * 0.6)


def vehicle(random: np.random.Generator) -> Sheet:
    """Paint a car, a van, a bus or a lorry from the side, or any of them from its end."""
    easel = Easel(1, random)
    if random.random() < 0.4:
        _vehicle_end(easel, random)
    else:
        _vehicle_side(easel, random)
    return Sheet(easel.frames(), _VEHICLE, _SEGMENTS["vehicle"])


def _vehicle_side(easel: Easel, random: np.random.Generator) -> None:
    paint, glass, tyre = random.uniform(0.05, 0.95), random.uniform(0.03, 0.6), 0.05
    kind = random.choice(3, p=(0.65, 0.2, 0.15))
    wheel = random.uniform(0.13, 0.17) if kind == 0 else random.uniform(0.1, 0.14)
    if kind == 0:
        roof, belt = random.uniform(0.12, 0.3), random.uniform(0.45, 0.55)
        rear, front = random.uniform(-0.85, -0.5), random.uniform(0.3, 0.6)
        easel.box(rear, roof, front, belt + 0.1, paint, corner=0.06, lean=random.uniform(0.1, 0.25))
        easel.box(-0.97, belt, 0.97, 0.88, paint, corner=0.08, grain=0.3)
        middle = (rear + front) / 2
        easel.box(rear + 0.1, roof + 0.05, middle - 0.02, belt + 0.02, glass, lean=0.08)
        easel.box(middle + 0.02, roof + 0.05, front - 0.08, belt + 0.02, glass, lean=0.08)
    else:
        roof = random.uniform(-0.25, 0.1)
        easel.box(-0.97, roof, 0.95, 0.88, paint, corner=0.04, grain=0.3)
        panes = int(random.integers(1, 7))
        left = random.uniform(-0.85, 0.4) if kind == 1 else -0.9
        for pane in range(panes):
            x0 = left + (0.88 - left) * pane / panes
            x1 = left + (0.88 - left) * (pane + 0.85) / panes
            easel.box(x0, roof + 0.1, x1, roof + 0.42, glass)
        easel.box(-0.97, 0.5, 0.95, 0.55, random.random(), corner=0.0)
    for x in (random.uniform(-0.68, -0.55), random.uniform(0.55, 0.68)):
        easel.disc(x, 0.98 - wheel, wheel, tyre)
        easel.disc(x, 0.98 - wheel, wheel * 0.55, random.uniform(0.2, 0.8))
    easel.box(0.88, 0.6, 0.96, 0.68, 0.95)


def _vehicle_end(easel: Easel, random: np.random.Generator) -> None:
    paint, glass = random.uniform(0.05, 0.95), random.uniform(0.03, 0.6)
    tall = random.random() < 0.3
    roof, belt = (random.uniform(-0.9, -0.6), -0.1) if tall else (random.uniform(-0.55, -0.3), 0.1)
    half = random.uniform(0.7, 0.9)
    for side in (-1, 1):
        easel.box(side * half * 0.8 - 0.12, 0.6, side * half * 0.8 + 0.12, 0.98, 0.04)
    lean = random.uniform(0.02, 0.08) if tall else random.uniform(0.12, 0.22)
    easel.box(-half, roof, half, belt + 0.15, paint, corner=0.08, lean=lean)
    easel.box(-half, belt, half, 0.8, paint, corner=0.08, grain=0.3)
    easel.box(-half + 0.12, roof + 0.1, half - 0.12, belt, glass, lean=lean * 0.9)
    light = random.uniform(0.5, 1.0)
    for side in (-1, 1):
        easel.box(side * half * 0.78 - 0.1, 0.25, side * half * 0.78 + 0.1, 0.38, light)
    easel.box(-0.2, 0.5, 0.2, 0.6, random.uniform(0.6, 1.0))
    easel.box(-half + 0.05, 0.68, half - 0.05, 0.74, random.uniform(0.05, 0.4))


def thing(random: np.random.Generator) -> Sheet:
    """Paint something else: a ball, a box, a star, a blob, with some pattern on it."""
    x = np.linspace(-1, 1, SHEET_PX, dtype=np.float32)
    radius, angle = np.hypot(x[None], x[:, None]), np.arctan2(x[:, None], x[None])
    kind = random.choice(4)
    if kind == 0:
        edge = np.full_like(radius, 0.9)
    elif kind == 1:
        tall, wide = random.uniform(0.3, 0.9, 2)
        edge = radius + np.minimum(wide - np.abs(x[None]), tall - np.abs(x[:, None]))
    elif kind == 2:
        points, deep = random.integers(3, 8), random.uniform(0.05, 0.4)
        edge = 0.9 - deep * (0.5 + 0.5 * np.cos(points * angle))
    else:
        edge = np.full_like(radius, 0.65) + sum(
            random.uniform(0, 0.25 / n) * np.cos(n * angle + random.uniform(0, 6.3))
            for n in (1, 2, 3, 4)
        )
    opacity = np.clip((edge - radius) * (SHEET_PX / 4) + 0.5, 0, 1)
    shade = pattern(random, x) * (1 - random.uniform(0, 0.5) * radius**2)
    frames = np.stack([np.clip(shade, 0.02, 1) * opacity, opacity])[None]
    return Sheet(np.rint(255 * frames).astype(np.uint8), _OTHER, _SEGMENTS["other"])


def pattern(random: np.random.Generator, axis: Array) -> Array:
    """Draw a pattern over the square spanned by an axis: plain, striped, chequered, mottled."""
    low, high = np.sort(random.uniform(0.03, 1.0, 2))
    kind = random.choice(4, p=(0.2, 0.25, 0.2, 0.35))
    turned = random.uniform(0, np.pi)
    u = axis[None] * np.cos(turned) + axis[:, None] * np.sin(turned)
    v = axis[:, None] * np.cos(turned) - axis[None] * np.sin(turned)
    rate = random.uniform(2, 9)
    if kind == 0:
        waves = np.full_like(u, random.random())
    elif kind == 1:
        waves = 0.5 + 0.5 * np.clip(3 * np.sin(rate * u), -1, 1)
    elif kind == 2:
        waves = 0.5 + 0.5 * np.clip(4 * np.sin(rate * u) * np.sin(rate * v), -1, 1)
    else:
        waves = smooth_noise(random, int(random.integers(3, 24)), axis.size)
        waves = np.clip(0.5 + random.uniform(1, 3) * (waves - 0.5), 0, 1)
    shade: Array = (low + (high - low) * waves).astype(np.float32)
    return shade
