"""The painting of panels against a plain reference, pixel by pixel; order, texture, motion."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventvision.core import SensorSize
from eventvision.kernels.panel_motion import flow_px, most_motion_px
from eventvision.kernels.poses import invert_pose, rigid_poses
from eventvision.kernels.texture import level_of
from eventvision.simulation._world.atlas import AtlasBuilder
from eventvision.simulation._world.bodies import Skin, Tiles, block, card, slab
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import WorldBuilder

SENSOR = SensorSize(40, 30)
FOCAL_PX = 36.0


def noise(seed, shape=(32, 32)):
    return np.random.default_rng(seed).random(shape, np.float32) * 0.9 + 0.05


def a_world():
    """Return a scene of a tiled ground, a wall, a turned box and a disc before it."""
    builder = WorldBuilder()
    ground = Tiles.of(builder.atlas, noise(1), "road", texels_per_m=8)
    builder.fix(slab(60, 60, ground.skin(60, 60)), layer=1)
    wall = Skin.whole(builder.atlas, noise(2, (20, 50)), "building")
    builder.fix(card(80, 40, wall), (0, 0, 25), layer=2)
    skins = [Skin.whole(builder.atlas, noise(3 + face, (16, 24)), "vehicle") for face in range(5)]
    builder.fix(block((2, 1.5, 3), skins), (0.7, 0, 6), yaw_rad=0.5)
    y, x = np.mgrid[-15:16, -15:16]
    disc = (np.hypot(x, y) - 13).astype(np.float32)
    ball = Skin.whole(builder.atlas, noise(9, (31, 31)), "other", distance=disc)

    def move(seconds, places):
        places[0, :3], places[0, 5] = (-0.6 + seconds, -0.9, 4.0), seconds

    builder.add([card(1.1, 1.1, ball)], move, kind="other")

    def eye(seconds):
        return 0.1, -1.4, 2 * seconds, 0.05, -0.1, 0.02

    return PanelScene(SENSOR, builder.build(), eye, focal_px=FOCAL_PX)


@pytest.fixture(scope="module")
def scene():
    return a_world()


def bilinear(texture, u, v, wraps):
    rows, columns = texture.shape
    left, top = math.floor(u), math.floor(v)
    total = 0.0
    for row, wy in ((top, 1 - (v - top)), (top + 1, v - top)):
        for column, wx in ((left, 1 - (u - left)), (left + 1, u - left)):
            if wraps:
                row, column = row % rows, column % columns  # noqa: PLW2901
            else:
                row, column = min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)  # noqa: PLW2901
            total += wx * wy * float(texture[row, column])
    return total


def pyramid_of(scene, texture):
    atlas = scene._world.atlas
    entry = atlas.textures[texture]
    levels = []
    for level in atlas.levels[entry["first"] : entry["first"] + entry["levels"]]:
        size = level["rows"] * level["columns"]
        flat = atlas.flat[level["start"] : level["start"] + size]
        levels.append(flat.reshape(level["rows"], level["columns"]))
    return levels, bool(entry["wraps"])


def read(scene, texture, u, v, spread):
    """Read a texture at a place, blending the two levels nearest to what the pixel spans."""
    levels, wraps = pyramid_of(scene, texture)
    height = min(level_of(spread * spread), len(levels) - 1)
    lower = min(int(height), len(levels) - 1)
    values = [
        bilinear(levels[n], (u + 0.5) / 2**n - 0.5, (v + 0.5) / 2**n - 0.5, wraps)
        for n in (lower, min(lower + 1, len(levels) - 1))
    ]
    return values[0] + (values[1] - values[0]) * (height - lower)


def place_on(m, x, y, lens):
    """Return (u, v) and the depth at which a pixel's ray meets a panel's plane."""
    ray = np.array([(x - lens[2]) / lens[0], (y - lens[3]) / lens[1], 1.0])
    u, v, z = np.linalg.solve(np.column_stack([m[:, 0], m[:, 1], -ray]), -m[:, 2])
    return u, v, z


def texel_of(panel, u, v):
    at = panel["texels"] @ [u, v, 1.0]
    return at[:2] / at[2]


def reference(scene, t_us):
    """Return light and depth by solving for every pixel and panel, without any of the shortcuts."""
    world, lens, now = scene._world, scene._lens, scene._at(t_us)
    ordered = [int(view["panel"]) for view in scene._see(now)]
    light, depth = np.zeros(SENSOR.shape), np.full(SENSOR.shape, np.inf)
    sure = np.ones(SENSOR.shape, bool)
    for y, x in np.ndindex(SENSOR.shape):
        for number in ordered:
            panel, m = world.panels[number], now.placed[number]
            u, v, z = place_on(m, x, y, lens)
            beside = [place_on(m, x + dx, y + dy, lens) for dx, dy in ((1, 0), (0, 1))]
            step = max(abs(u - a[0]) + abs(v - a[1]) for a in beside)
            if z > 0 and min(u, 1 - u, v, 1 - v) > -2 * step:
                sure[y, x] &= min(abs(u), abs(1 - u), abs(v), abs(1 - v)) > 2 * step
            if not (z > 0 and 0 <= u <= 1 and 0 <= v <= 1):
                continue
            here = texel_of(panel, u, v)
            tiny = 1e-4
            slopes = [
                (texel_of(panel, *place_on(m, x + dx, y + dy, lens)[:2]) - here) / tiny
                for dx, dy in ((tiny, 0), (0, tiny))
            ]
            spread = max(math.hypot(*slope) for slope in slopes)
            if panel["cutout"] >= 0:
                (distances,), _ = pyramid_of(scene, panel["cutout"])
                outside_px = bilinear(distances, *here, wraps=False) / spread
                sure[y, x] &= abs(outside_px) > 0.6
                if outside_px > 0:
                    continue
            light[y, x] = read(scene, panel["texture"], *here, spread) * panel["gain"]
            depth[y, x] = z
            break
    return light, depth, sure


@pytest.mark.parametrize("t_us", [0, 400_000])
def test_pixels_away_from_edges_are_those_of_the_reference(scene, t_us):
    light, depth, sure = reference(scene, t_us)
    truth = scene.truth(t_us)
    assert sure.mean() > 0.4
    assert truth.intensity[sure] == pytest.approx(light[sure], abs=2e-3)
    assert truth.depth_m[sure] == pytest.approx(depth[sure], rel=1e-4)


def test_edges_cover_pixels_by_their_share():
    """A white square on black, moved by fractions of a pixel, keeps its sum of light."""
    builder = WorldBuilder()
    white = Skin.whole(builder.atlas, np.ones((8, 8), np.float32), "other")
    black = Skin.whole(builder.atlas, np.full((8, 8), 0.004, np.float32), "other")
    builder.fix(card(20, 20, black), (0, 0, 9), layer=1)

    def move(seconds, places):
        places[0, :3] = seconds / FOCAL_PX, 0.3 * seconds / FOCAL_PX, 1.0

    builder.add([card(6.4 / FOCAL_PX, 6.4 / FOCAL_PX, white)], move, kind="other")
    scene = PanelScene(SENSOR, builder.build(), lambda _: (0,) * 6, focal_px=FOCAL_PX)
    sums = [float(scene.render(step * 100_000).sum()) for step in range(11)]
    assert sums == pytest.approx([sums[0]] * 11, rel=2e-3)
    assert sums[0] == pytest.approx(6.4**2 + 0.004 * (SENSOR.pixels - 6.4**2), rel=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_boxes_is_that_of_their_distances_along_each_ray(seed):
    """Boxes that stand apart: at each pixel the truth is the nearest of what the ray meets."""
    random = np.random.default_rng(seed)
    builder = WorldBuilder()
    for column in range(4):
        for row in range(3):
            skins = [Skin.whole(builder.atlas, noise(0, (8, 8)), "vehicle") for _ in range(5)]
            place = (3.0 * column - 4.5 + random.random(), 0.0, 5.0 + 3.5 * row + random.random())
            size = tuple(0.5 + 1.2 * random.random(3))
            builder.fix(block(size, skins), place, yaw_rad=float(3 * random.random()))
    eye = (0.3, -1.5, 0.0, 0.1, -0.05, 0.0)
    scene = PanelScene(SENSOR, builder.build(), lambda _: eye, focal_px=FOCAL_PX)
    placed = scene._at(0).placed
    depth = scene.truth(0).depth_m
    for y, x in np.ndindex(SENSOR.shape):
        met = [place_on(m, x, y, scene._lens) for m in placed]
        inside = [z for u, v, z in met if z > 0 and 0.02 < u < 0.98 and 0.02 < v < 0.98]
        if inside and np.isfinite(depth[y, x]):
            assert depth[y, x] <= min(inside) * 1.0001


def test_flow_is_the_derivative_of_projection(scene):
    truth = scene.truth(200_000)
    now, later = scene._place(200_000), scene._place(200_100)
    for y, x in ((15, 20), (25, 8), (4, 33), (18, 12)):
        panel = int(scene._shown(now)[0][y, x])
        u, v, _ = place_on(now.placed[panel], x, y, scene._lens)
        px, py, pz = later.placed[panel] @ [u, v, 1.0]
        moved = FOCAL_PX * px / pz + scene._lens[2] - x, FOCAL_PX * py / pz + scene._lens[3] - y
        assert truth.flow_px_s[:, y, x] == pytest.approx(np.array(moved) / 1e-4, abs=0.5, rel=0.01)


def test_nothing_seen_has_no_flow():
    shown = np.full((2, 3), -1, np.int32)
    placed = np.zeros((1, 3, 3))
    out = np.ones((2, 2, 3), np.float32)
    flow_px(shown, placed, placed, placed, np.array([1.0, 1.0, 0.0, 0.0]), out, 1.0)
    assert not out.any()


def square(z, dx=0.0):
    """Return a placed square of 1 m around the axis, shifted to the right."""
    return np.array([[[1.0, 0, -0.5 + dx], [0, 1.0, -0.5], [0, 0, z]]])


@pytest.mark.parametrize(
    ("before", "after", "moved_px"),
    [
        (square(2), square(2), 0.0),
        (square(2), square(2, 0.1), 5.0),
        (square(2, 50), square(2, 50.1), 0.0),
        (square(-3), square(-3, 1.0), 0.0),
        (square(2, 60), square(2, 0.0), 6000.0 / 2),
    ],
    ids=["still", "aside", "out of view", "behind the camera", "into view"],
)
def test_motion_counts_what_is_in_view_before_or_after(before, after, moved_px):
    lens = np.array([100.0, 100.0, 99.5, 49.5])
    assert most_motion_px(before, after, lens, (100, 200)) == pytest.approx(moved_px, rel=1e-6)


def test_poses_turn_about_z_then_x_then_y():
    poses, inverse = np.empty((1, 3, 4)), np.empty((3, 4))
    yaw, pitch, roll = 0.4, -0.3, 1.1
    rigid_poses(np.array([[1.0, 2.0, 3.0, yaw, pitch, roll, 1.0]]), poses)
    about_y = [[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]]
    about_x = [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)],
               [0, math.sin(pitch), math.cos(pitch)]]  # fmt: skip
    about_z = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    turned = np.array(about_y) @ np.array(about_x) @ np.array(about_z)
    assert poses[0, :, :3] == pytest.approx(turned, abs=1e-7)
    assert poses[0, :, 3].tolist() == [1, 2, 3]
    invert_pose(poses[0], inverse)
    assert inverse[:, :3] @ poses[0, :, :3] == pytest.approx(np.eye(3), abs=1e-7)
    assert inverse[:, :3] @ poses[0, :, 3] + inverse[:, 3] == pytest.approx(0, abs=1e-6)


def test_far_textures_do_not_alias():
    """A fine chequerboard so far away that a pixel spans many squares is an even grey."""
    builder = WorldBuilder()
    fine = np.indices((64, 64)).sum(axis=0) % 2
    tiles = Tiles.of(builder.atlas, fine.astype(np.float32), "other", texels_per_m=40)
    builder.fix(card(80, 60, tiles.skin(80, 60)), (0, 0, 30))
    scene = PanelScene(SENSOR, builder.build(), lambda _: (0,) * 6, focal_px=FOCAL_PX)
    assert np.ptp(scene.render(0)) < 0.01
    assert scene.render(0).mean() == pytest.approx(0.5, abs=0.01)


def test_textures_that_wrap_have_sides_of_powers_of_two():
    with pytest.raises(ValueError, match="powers of two"):
        AtlasBuilder().add(np.ones((12, 16), np.float32), wraps=True)
