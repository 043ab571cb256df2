"""What each pixel of a scene of panels shows: which panel, what class, how far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .panels import cutout_px, span, texel_at


@kernel
def show_panels(
    seen: NDArray[np.void],
    panels: NDArray[np.void],
    flat: NDArray[np.float32],
    levels: NDArray[np.void],
    textures: NDArray[np.void],
    rasters: NDArray[np.uint8],
    raster_table: NDArray[np.int64],
    shown: NDArray[np.int32],
    surface: NDArray[np.uint8],
    depth_m: NDArray[np.float32],
) -> None:
    """Find the first panel that covers half of each pixel or more.

    Args:
        seen: Shape (N,), `SEEN_DTYPE`, front to back.
        panels: Shape (P,), `PANEL_DTYPE`.
        flat: Levels of all textures.
        levels: Shape (L,), `LEVEL_DTYPE`.
        textures: Shape (T,), `TEXTURE_DTYPE`.
        rasters: All rasters of surface classes, one after the other.
        raster_table: Shape (R, 3): start, rows and columns of each.
        shown: Shape (H, W), number of the panel, or -1; written.
        surface: Shape (H, W), class of the surface; written.
        depth_m: Shape (H, W), depth along the axis, infinite where nothing is seen; written.
    """
    shown[:] = -1
    surface[:] = 0
    depth_m[:] = np.inf
    for index in range(seen.size):
        view = seen[index]
        panel = panels[view.panel]
        texel, inverse = view.texel, view.inverse_depth
        for y in range(view.top, view.bottom):
            x0, x1 = span(view, y, 0.0)
            for x in range(x0, x1):
                if shown[y, x] >= 0:
                    continue
                u, v, spread = texel_at(texel, x, y)
                if panel.cutout >= 0:
                    cut = textures[panel.cutout]
                    if cutout_px(flat, levels, cut, u, v, spread) < 0.0:
                        continue
                shown[y, x] = view.panel
                per_m = inverse[0] * x + inverse[1] * y + inverse[2]
                depth_m[y, x] = 1.0 / per_m if per_m > 0.0 else np.inf
                surface[y, x] = panel.surface
                if panel.classes >= 0:
                    start, rows, columns = raster_table[panel.classes]
                    row = min(max(np.int64(v + 0.5), 0), rows - 1)
                    column = min(max(np.int64(u + 0.5), 0), columns - 1)
                    surface[y, x] = rasters[start + row * columns + column]
