"""Procedural surfaces that repeat without a seam: what streets, rooms and walls are covered with.

Square textures whose side is a power of two, float32, linear intensity. As in `_textures`,
elementary arithmetic only, so that a seed gives the same surface on every machine.
"""

from __future__ import annotations

import numpy as np

from ._textures import Texture


def clouds(side: int, random: np.random.Generator, *, cell: int, octaves: int = 4) -> Texture:
    """Return noise in 0 to 1 that repeats; `cell`, a power of two, is the coarsest spacing."""
    total, reach, weight = np.zeros((side, side), np.float32), 0.0, 1.0
    for _ in range(octaves):
        total += np.float32(weight) * _knots(side, random, cell)
        reach += weight
        weight *= 0.55
        if cell == 1:
            break
        cell //= 2
    return total / np.float32(reach)


def _knots(side: int, random: np.random.Generator, cell: int) -> Texture:
    knots = random.random((side // cell, side // cell), np.float32)
    place = np.arange(side) / cell
    whole = place.astype(np.intp)
    part = (place - whole).astype(np.float32)
    part = part * part * (3 - 2 * part)
    following = (whole + 1) % (side // cell)
    across = knots[:, whole] + (knots[:, following] - knots[:, whole]) * part
    down: Texture = across[whole] + (across[following] - across[whole]) * part[:, None]
    return down


def blurred(texture: Texture, passes: int = 1) -> Texture:
    """Blur with 1/4, 1/2, 1/4 along both axes, round the rim."""
    for _ in range(passes):
        for axis in (0, 1):
            beside = np.roll(texture, 1, axis) + np.roll(texture, -1, axis)
            texture = beside * np.float32(0.25) + texture * np.float32(0.5)
    return texture


def asphalt(side: int, random: np.random.Generator) -> Texture:
    """Return dark grains with lighter stains."""
    grain = blurred(random.random((side, side), np.float32))
    surface: Texture = 0.1 + 0.14 * grain + 0.12 * clouds(side, random, cell=side // 4)
    return surface


def road(side: int, random: np.random.Generator) -> Texture:
    """Return asphalt with a dashed middle line and two side lines; traffic goes along rows."""
    surface = asphalt(side, random)
    worn = 0.7 + 0.3 * clouds(side, random, cell=side // 16)
    line, rim = max(2, side // 48), side // 24
    paint = np.zeros((side, side), np.float32)
    paint[:, rim : rim + line] = paint[:, -rim - line : -rim] = 1
    middle = slice(side // 2 - line // 2, side // 2 + (line + 1) // 2)
    for start in (side // 8, 5 * side // 8):
        paint[start : start + side // 4, middle] = 1
    paint = blurred(paint)
    painted: Texture = surface + (0.75 * worn - surface) * paint
    return painted


def flags(side: int, random: np.random.Generator, *, across: int = 8) -> Texture:
    """Return a pavement of square flags with dark joints."""
    return _masonry(side, random, rows=across, columns=across, shift=False, low=0.3, high=0.55)


def bricks(side: int, random: np.random.Generator, *, rows: int = 16) -> Texture:
    """Return brickwork, every other course shifted by half a brick."""
    return _masonry(side, random, rows=rows, columns=rows // 2, shift=True, low=0.18, high=0.34)


def _masonry(
    side: int,
    random: np.random.Generator,
    *,
    rows: int,
    columns: int,
    shift: bool,
    low: float,
    high: float,
) -> Texture:
    y, x = np.arange(side)[:, None], np.arange(side)[None, :]
    row = y * rows // side
    moved = x + (row % 2) * (side // columns // 2 if shift else 0)
    column = (moved * columns // side) % columns
    shades = low + (high - low) * random.random((rows, columns), np.float32)
    joint = max(1, side // rows // 10)
    open_joint = (y % (side // rows) < joint) | (moved % (side // columns) < joint)
    surface = np.where(open_joint, np.float32(0.6 * low), shades[row, column])
    grain = 0.8 + 0.4 * clouds(side, random, cell=side // 16)
    worn: Texture = (blurred(surface.astype(np.float32)) * grain).astype(np.float32)
    return worn


def grass(side: int, random: np.random.Generator) -> Texture:
    """Return short blades in the sun."""
    fine = blurred(random.random((side, side), np.float32))
    surface: Texture = 0.1 + 0.25 * fine * fine + 0.2 * clouds(side, random, cell=side // 8)
    return surface


def plaster(side: int, random: np.random.Generator) -> Texture:
    """Return a light wall with faint stains."""
    fine = blurred(random.random((side, side), np.float32), 2)
    surface: Texture = 0.45 + 0.1 * fine + 0.2 * clouds(side, random, cell=side // 4)
    return surface


def planks(side: int, random: np.random.Generator, *, boards: int = 8) -> Texture:
    """Return a wooden floor; boards run along rows."""
    y, x = np.arange(side)[:, None], np.arange(side)[None, :]
    board = x * boards // side
    shift = (random.random(boards) * side).astype(np.intp)
    half = ((y + shift[board]) % side) // (side // 2)
    shades = 0.26 + 0.16 * random.random((2, boards), np.float32)
    fibres = clouds(side, random, cell=side // 16)[:, ::-1]
    fibres = np.repeat(fibres[:: side // 32], side // 32, axis=0)
    gap = (x % (side // boards) < 2) | ((y + shift[board]) % (side // 2) < 2)
    surface = np.where(gap, np.float32(0.12), shades[half, board] * (0.85 + 0.3 * fibres))
    return blurred(surface.astype(np.float32))


def wallpaper(side: int, random: np.random.Generator, *, motifs: int = 8) -> Texture:
    """Return a pale paper with a printed motif at every knot of a lattice."""
    step = side // motifs
    y = (np.arange(side) % step - step / 2)[:, None]
    x = (np.arange(side) % step - step / 2)[None, :]
    square = x * x + y * y
    ring = (square < (0.38 * step) ** 2) & (square > (0.26 * step) ** 2)
    leaf = (np.abs(x * y) < (0.07 * step) ** 2) & (square < (0.3 * step) ** 2)
    paper = 0.55 + 0.12 * clouds(side, random, cell=side // 8)
    printed: Texture = np.where(ring | leaf, np.float32(0.4), paper).astype(np.float32)
    return blurred(printed, 2)


def facade(side: int, random: np.random.Generator, *, floors: int = 4) -> Texture:
    """Return a front of plaster or brick with `floors` rows of windows."""
    wall = plaster(side, random) if random.random() < 0.5 else bricks(side, random, rows=32)
    wall = wall * np.float32(0.7 + 0.5 * random.random())
    step = side // floors
    wide, tall = int(step * (0.35 + 0.25 * random.random())), int(step * 0.55)
    frame = max(2, step // 24)
    for top in range(0, side, step):
        for left in range(0, side, step):
            row, column = top + (step - tall) // 3, left + (step - wide) // 2
            _window(wall[row : row + tall, column : column + wide], random, frame)
        wall[top : top + frame] *= np.float32(0.5)
    return blurred(wall)


def _window(pane: Texture, random: np.random.Generator, frame: int) -> None:
    """Draw one window: frame, dark glass, and perhaps a blind."""
    pane[:] = 0.75
    glass = pane[frame:-frame, frame:-frame]
    rows, columns = glass.shape
    sheen = np.arange(rows, dtype=np.float32)[:, None] / rows
    glass[:] = 0.04 + 0.12 * random.random() * (1 - sheen)
    if random.random() < 0.4:
        glass[: int(rows * (0.2 + 0.6 * random.random()))] = 0.45
    glass[:, columns // 2 - frame // 2 : columns // 2 + (frame + 1) // 2] = 0.7


def foliage(side: int, random: np.random.Generator) -> Texture:
    """Return leaves of a tree: small discs, light above, dark gaps between."""
    surface = np.full((side, side), 0.08, np.float32)
    radius = max(2, side // 40)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    leaf = x * x + y * y <= radius * radius
    places = (random.random((6 * (side // radius) ** 2 // 10, 2)) * side).astype(np.intp)
    shades = 0.1 + 0.25 * random.random(len(places), np.float32)
    for (row, column), shade in zip(places, shades, strict=True):
        rows = (np.arange(row - radius, row + radius + 1) % side)[:, None]
        columns = (np.arange(column - radius, column + radius + 1) % side)[None, :]
        surface[rows, columns] = np.where(leaf, shade, surface[rows, columns])
    return blurred(surface)


def print_lines(side: int, random: np.random.Generator, *, lines: int = 24) -> Texture:
    """Return a page of text-like strokes: words of letters made of bars."""
    page = np.full((side, side), 0.8, np.float32)
    step = side // lines
    tall, stroke = max(3, int(0.6 * step)), max(1, step // 8)
    for line in range(1, lines - 1):
        left, top = 2 * step, line * step
        right = side - 2 * step - int(6 * step * random.random() ** 3)
        while left < right:
            for _ in range(int(2 + 7 * random.random())):
                if left + tall // 2 >= side - step:
                    break
                _letter(page[top : top + tall, left : left + tall // 2], random, stroke)
                left += tall // 2 + stroke
            left += 3 * stroke + tall // 4
    return blurred(page)


def _letter(cell: Texture, random: np.random.Generator, stroke: int) -> None:
    bars = random.random(5) < 0.6
    cell[:, :stroke] = np.where(bars[0], np.float32(0.06), cell[:, :stroke])
    cell[:, -stroke:] = np.where(bars[1], np.float32(0.06), cell[:, -stroke:])
    middle = cell.shape[0] // 2
    for bar, row in zip(bars[2:], (0, middle, cell.shape[0] - stroke), strict=True):
        if bar:
            cell[row : row + stroke] = 0.06


def books(side: int, random: np.random.Generator, *, shelves: int = 4) -> Texture:
    """Return shelves full of books."""
    surface = np.full((side, side), 0.05, np.float32)
    step, board = side // shelves, max(2, side // 64)
    for top in range(0, side, step):
        left = 0
        while left < side:
            wide = int(side * (0.02 + 0.04 * random.random())) + 2
            tall = int((step - board) * (0.65 + 0.3 * random.random()))
            spine = surface[top + step - board - tall : top + step - board, left : left + wide - 1]
            spine[:] = 0.12 + 0.4 * random.random()
            spine[tall // 6 : tall // 6 + max(1, tall // 12)] = 0.7 * random.random()
            left += wide
        surface[top + step - board : top + step] = 0.4
    return blurred(surface)
