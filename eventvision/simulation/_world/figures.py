"""People: flat figures with swinging limbs, on foot or on a bicycle.

A figure is a set of cards, one for each limb, a centimetre apart, so that the near arm hides the
body and the body the far arm. Joints turn about the viewing axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eventvision.simulation._surfaces import clouds
from eventvision.simulation._textures import Texture

from .atlas import AtlasBuilder
from .bodies import Body, Skin, card
from .outlines import Canvas
from .world import Move, Places

_LAYER_M = 0.012
_TEXELS = 96


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a figure stands, on the ground.

    Attributes:
        x: Metres to the right.
        z: Metres ahead.
        yaw_rad: Which way it looks: 0 to the right, half a turn to the left, negative away.
        phase: Of its gait in radians; two steps in a turn.
        swing: Share of the full stride, 0 standing still.
    """

    x: float
    z: float
    yaw_rad: float
    phase: float
    swing: float = 1.0


@dataclass(frozen=True, slots=True)
class _Limb:
    """A tapered limb that hangs from its joint."""

    length_m: float
    r0_m: float
    r1_m: float


_UPPER_ARM, _LOWER_ARM = _Limb(0.29, 0.055, 0.045), _Limb(0.3, 0.045, 0.035)
_THIGH, _SHIN = _Limb(0.42, 0.085, 0.06), _Limb(0.43, 0.06, 0.045)
_HIP_M, _SHOULDER_M, _TALL_M = 0.9, 0.5, 1.75

WALKER_PARTS = 9


def walker(
    atlas: AtlasBuilder, random: np.random.Generator, stand: Callable[[float], Stand]
) -> tuple[list[Body], Move]:
    """Return a walking figure: its bodies and how they move.

    Args:
        atlas: Takes the textures.
        random: Draws the clothes and the size.
        stand: Where it is at a time in seconds.
    """
    size = 0.88 + 0.2 * random.random()
    parts = _clothed(atlas, random)

    def move(seconds: float, places: Places) -> None:
        at = stand(seconds)
        _walk(places, at, size)
        _turn_and_place(places, at)

    return parts, move


def _clothed(atlas: AtlasBuilder, random: np.random.Generator) -> list[Body]:
    """Return trunk with head, then far and near legs, then far and near arms, far to near."""
    shirt, trousers = 0.08 + 0.7 * random.random(), 0.05 + 0.4 * random.random()
    skin = 0.25 + 0.4 * random.random()
    arm = _limb(atlas, random, _UPPER_ARM, shirt)
    forearm = _limb(atlas, random, _LOWER_ARM, skin)
    thigh = _limb(atlas, random, _THIGH, trousers)
    shin = _limb(atlas, random, _SHIN, trousers, foot=True)
    trunk = _trunk(atlas, random, shirt, skin, trousers)
    return [trunk, thigh, shin, thigh, shin, arm, forearm, arm, forearm]


def _cloth(canvas: Canvas, random: np.random.Generator, shade: float) -> Texture:
    """Return woven cloth, lighter to one side."""
    weave = clouds(256, random, cell=32)[: canvas.shape[0], : canvas.shape[1]]
    folded = shade * (0.6 + 0.8 * weave) * (1 + 0.8 * canvas.x / np.float32(canvas.width_m))
    return np.ascontiguousarray(folded, np.float32)


def _limb(
    atlas: AtlasBuilder,
    random: np.random.Generator,
    limb: _Limb,
    shade: float,
    *,
    foot: bool = False,
) -> Body:
    reach = 0.2 if foot else 0.12
    canvas = Canvas(2 * reach, 2 * (limb.length_m + 0.12), _TEXELS)
    end = (0.0, limb.length_m)
    outline = canvas.capsule((0, 0), end, limb.r0_m, limb.r1_m)
    if foot:
        outline = np.minimum(
            outline, canvas.capsule((0, limb.length_m), (0.15, limb.length_m + 0.02), 0.04, 0.035)
        )
    skin = Skin.whole(
        atlas, _cloth(canvas, random, shade), "person", distance=canvas.texels(outline)
    )
    return card(canvas.width_m, canvas.height_m, skin)


def _trunk(
    atlas: AtlasBuilder, random: np.random.Generator, shirt: float, face: float, trousers: float
) -> Body:
    """Return trunk, neck and head; its origin is the hip."""
    canvas = Canvas(0.7, 1.9, _TEXELS * 2)
    trunk = canvas.capsule((0, -0.03), (0, -_SHOULDER_M + 0.04), 0.12, 0.16)
    neck = canvas.capsule((0, -0.5), (0.01, -0.62), 0.06, 0.055)
    head = canvas.capsule((0.015, -0.7), (0.02, -0.76), 0.095, 0.105)
    texture = _cloth(canvas, random, shirt)
    texture = np.where(canvas.y > -0.06, np.float32(trousers), texture)
    texture = np.where(canvas.y < -0.54, np.float32(face), texture)
    hair = 0.04 + 0.3 * random.random()
    dark = (canvas.y < -0.78) | ((canvas.x < -0.03) & (canvas.y < -0.68))
    texture = np.where(dark, np.float32(hair), texture)
    outline = np.minimum(np.minimum(trunk, neck), head)
    skin = Skin.whole(atlas, texture.astype(np.float32), "person", distance=canvas.texels(outline))
    return card(canvas.width_m, canvas.height_m, skin)


def _walk(places: Places, at: Stand, size: float) -> None:
    """Fill the joints of a figure that looks to the right, feet at the origin."""
    swing = at.swing
    bob = 0.025 * swing * math.cos(2 * at.phase)
    hip = -_HIP_M * size + bob
    _put(places[0], 0.0, hip, 0.0, 0.06 * swing)
    for side, sign in enumerate((1.0, -1.0)):
        stride = sign * 0.45 * swing * math.sin(at.phase)
        lift = max(0.0, sign * math.cos(at.phase))
        layer = (1.5 - 3 * side) * _LAYER_M
        _chain(
            places[1 + 2 * side : 3 + 2 * side],
            (0.0, hip, layer),
            (-stride, -stride + 0.8 * swing * lift + 0.05),
            _THIGH.length_m * size,
        )
        shoulder = (0.02, hip - (_SHOULDER_M - 0.05) * size, 2.2 * layer)
        _chain(
            places[5 + 2 * side : 7 + 2 * side],
            shoulder,
            (0.8 * stride, 0.8 * stride - 0.25 - 0.25 * swing),
            _UPPER_ARM.length_m * size,
        )
    places[:WALKER_PARTS, 6] = size


def _chain(
    places: Places,
    joint: tuple[float, float, float],
    rolls: tuple[float, float],
    length_m: float,
) -> None:
    """Hang two limbs from a joint, one from the other; a positive roll swings to the left."""
    x, y, z = joint
    _put(places[0], x, y, z, rolls[0])
    _put(
        places[1],
        x - length_m * math.sin(rolls[0]),
        y + length_m * math.cos(rolls[0]),
        z - 0.3 * _LAYER_M,
        rolls[1],
    )


def _put(place: Places, x: float, y: float, z: float, roll: float) -> None:
    place[0], place[1], place[2], place[5], place[6] = x, y, z, roll, 1.0


def _turn_and_place(places: Places, at: Stand) -> None:
    """Turn a figure about the upright to the way it looks, and put it there."""
    cos, sin = math.cos(at.yaw_rad), math.sin(at.yaw_rad)
    x, z = places[:, 0].copy(), places[:, 2].copy()
    places[:, 0] = at.x + cos * x + sin * z
    places[:, 2] = at.z - sin * x + cos * z
    places[:, 3] = at.yaw_rad


def cyclist(
    atlas: AtlasBuilder, random: np.random.Generator, stand: Callable[[float], Stand]
) -> tuple[list[Body], Move]:
    """Return a cyclist; `Stand.phase` turns the wheels and, slower, the pedals."""
    shirt, trousers = 0.1 + 0.7 * random.random(), 0.05 + 0.35 * random.random()
    skin = 0.25 + 0.4 * random.random()
    thigh = _limb(atlas, random, _THIGH, trousers)
    shin = _limb(atlas, random, _SHIN, trousers, foot=True)
    wheel, frame = _wheel(atlas), _frame(atlas)
    trunk = _trunk(atlas, random, shirt, skin, trousers)
    arm = _limb(atlas, random, _UPPER_ARM, shirt)
    forearm = _limb(atlas, random, _LOWER_ARM, skin)
    parts = [wheel, wheel, frame, trunk, thigh, shin, thigh, shin, arm, forearm]

    def move(seconds: float, places: Places) -> None:
        at = stand(seconds)
        _ride(places, at)
        _turn_and_place(places, at)

    return parts, move


def _wheel(atlas: AtlasBuilder) -> Body:
    canvas = Canvas(0.74, 0.74, 128)
    rim = np.abs(canvas.disc(0, 0, 0.33)) - np.float32(0.02)
    outline = np.minimum(rim, canvas.disc(0, 0, 0.04))
    for x, y in ((0.31, 0.0), (0.22, 0.22), (0.0, 0.31), (-0.22, 0.22)):
        outline = np.minimum(outline, canvas.capsule((-x, -y), (x, y), 0.006, 0.006))
    texture = np.full(canvas.shape, 0.06, np.float32)
    skin = Skin.whole(atlas, texture, "person", distance=canvas.texels(outline))
    return card(canvas.width_m, canvas.height_m, skin)


_CRANK, _SADDLE, _GRIP = (-0.05, -0.3), (-0.2, -0.95), (0.4, -1.02)
_REAR, _FORE = (-0.5, -0.34), (0.53, -0.34)


def _frame(atlas: AtlasBuilder) -> Body:
    """Return a bicycle's frame; its origin is the ground between the wheels."""
    canvas = Canvas(1.4, 2.3, 192)
    outline = canvas.capsule(_SADDLE, (-0.3, -0.97), 0.04, 0.05)
    for start, end in (
        (_REAR, _CRANK), (_REAR, (-0.18, -0.85)), (_CRANK, _SADDLE), (_CRANK, (0.38, -0.82)),
        ((-0.18, -0.85), (0.38, -0.85)), (_FORE, (0.36, -1.0)), ((0.36, -1.0), _GRIP),
    ):  # fmt: skip
        outline = np.minimum(outline, canvas.capsule(start, end, 0.018, 0.018))
    texture = np.full(canvas.shape, 0.55, np.float32)
    skin = Skin.whole(atlas, texture, "person", distance=canvas.texels(outline))
    return card(canvas.width_m, canvas.height_m, skin)


def _ride(places: Places, at: Stand) -> None:
    """Fill the joints of a cyclist who rides to the right."""
    for number, hub in enumerate((_REAR, _FORE)):
        _put(places[number], *hub, 0.0, at.phase)
    _put(places[2], 0.0, 0.0, 0.0, 0.0)
    hip = (_SADDLE[0] + 0.02, _SADDLE[1] - 0.08)
    _put(places[3], *hip, -0.5 * _LAYER_M, 0.55)
    for side, sign in enumerate((1.0, -1.0)):
        turn = 0.4 * at.phase
        ankle = (_CRANK[0] + sign * 0.16 * math.cos(turn), _CRANK[1] + sign * 0.16 * math.sin(turn))
        layer = _LAYER_M if side == 0 else -2 * _LAYER_M
        bent = bend(hip, (ankle[0] - 0.02, ankle[1] - 0.04), _THIGH.length_m, _SHIN.length_m)
        _chain(places[4 + 2 * side : 6 + 2 * side], (*hip, layer), bent, _THIGH.length_m)
    shoulder = (hip[0] + 0.45 * math.sin(0.55), hip[1] - 0.45 * math.cos(0.55))
    reach = bend(shoulder, _GRIP, _UPPER_ARM.length_m, _LOWER_ARM.length_m, way=-1.0)
    _chain(places[8:10], (*shoulder, -3 * _LAYER_M), reach, _UPPER_ARM.length_m)


def juggler(
    atlas: AtlasBuilder,
    random: np.random.Generator,
    hip: tuple[float, float, float],
    hands: Sequence[Callable[[float], tuple[float, float]]],
) -> tuple[list[Body], Move]:
    """Return someone who stands and reaches for two places; hip and hands in the world's metres."""
    trunk, thigh, shin, _, _, arm, forearm, _, _ = _clothed(atlas, random)
    parts = [forearm, arm, forearm, arm, trunk, thigh, shin, thigh, shin]
    x, y, z = hip

    def move(seconds: float, places: Places) -> None:
        sway = 0.01 * math.sin(2.5 * seconds)
        for side, hand in enumerate(hands):
            sign = 2.0 * side - 1.0
            shoulder = x + sway + 0.16 * sign, y - _SHOULDER_M + 0.04
            rolls = bend(
                shoulder, hand(seconds), _UPPER_ARM.length_m, _LOWER_ARM.length_m, way=sign
            )
            chain = places[2 * side : 2 * side + 2]
            _chain(chain[::-1], (*shoulder, z - _LAYER_M), rolls, _UPPER_ARM.length_m)
            leg = places[5 + 2 * side : 7 + 2 * side]
            _chain(leg, (x + 0.08 * sign, y, z + _LAYER_M), (-0.08 * sign, 0.0), _THIGH.length_m)
        _put(places[4], x + sway, y, z, 0.01 * math.sin(2.5 * seconds))

    return parts, move


def bend(
    joint: tuple[float, float],
    goal: tuple[float, float],
    upper_m: float,
    lower_m: float,
    *,
    way: float = 1.0,
) -> tuple[float, float]:
    """Return the rolls of two limbs that reach from a joint to a goal; `way` picks the knee's side.

    A goal out of reach is pointed at.
    """
    dx, dy = goal[0] - joint[0], goal[1] - joint[1]
    reach = math.hypot(dx, dy)
    straight = math.atan2(-dx, dy)
    far = min(max(reach, abs(upper_m - lower_m) + 1e-3), upper_m + lower_m - 1e-3)
    knee = math.acos((upper_m**2 + far**2 - lower_m**2) / (2 * upper_m * far))
    heel = math.acos((lower_m**2 + far**2 - upper_m**2) / (2 * lower_m * far))
    return straight - way * knee, straight + way * heel
