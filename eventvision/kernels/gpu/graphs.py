# mypy: disable-error-code="no-untyped-def,untyped-decorator"
"""Event graphs over many events at once on a GPU.

The GPU twin of `eventvision.kernels.graph_search` and `graph_layers`. A queue is a stretch of the
events sorted by pixel, so the newest event of a pixel before another is found by bisection, and all
events look for their neighbours side by side. A layer then goes over the offsets one after the
other: all events of a block multiply the features of their neighbour there with the same matrix,
which suits the tensor cores; where there is no neighbour, the features are zeros. Products are
taken in full float32 precision.
"""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

BLOCK = 64
"""Events that one program takes."""


@triton.jit
def search_kernel(
    t_us,
    pixels,
    polarity,
    order,
    starts,
    shifts,
    ages_us,
    sources,
    kinds,
    events,
    offsets,
    depth,
    ages,
    horizon_us,
    most,
    ROUNDS: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
):
    """List neighbours by offset and turn: sources and kinds, (N, offsets * depth); -1 for none."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < events
    now = tl.load(t_us + i, mask=there, other=0)
    pixel = tl.load(pixels + i, mask=there, other=0)
    found = tl.zeros((BLOCK,), tl.int32)
    for offset in range(offsets):
        queue = pixel + tl.load(shifts + offset)
        first = tl.load(starts + queue, mask=there, other=0).to(tl.int64)
        low, high = first, tl.load(starts + queue + 1, mask=there, other=0).to(tl.int64)
        for _ in range(ROUNDS):  # how many of the queue's events came before event i
            middle = (low + high) // 2
            open_ = (low < high) & there
            before = tl.load(order + middle, mask=open_, other=0) < i
            low = tl.where(open_ & before, middle + 1, low)
            high = tl.where(open_ & ~before, middle, high)
        for turn in range(depth):
            place = low - 1 - turn
            real = there & (place >= first)
            source = tl.load(order + place, mask=real, other=0).to(tl.int64)
            age = now - tl.load(t_us + source, mask=real, other=0)
            real = real & (age < horizon_us) & (found < most)
            number = tl.zeros((BLOCK,), tl.int32)
            for border in range(ages - 1):
                number += (age >= tl.load(ages_us + border)).to(tl.int32)
            on = tl.load(polarity + source, mask=real, other=0).to(tl.int32)
            slot = i * (offsets * depth) + offset * depth + turn
            kind = (offset * ages + number) * 2 + on
            tl.store(sources + slot, tl.where(real, source, -1).to(tl.int32), mask=there)
            tl.store(kinds + slot, tl.where(real, kind, 0).to(tl.int32), mask=there)
            found += real.to(tl.int32)


@triton.jit
def first_layer_kernel(
    sources,
    kinds,
    polarity,
    table,
    bias,
    out,
    events,
    slots,
    IS_MAX: tl.constexpr,  # noqa: N803
    OUTPUTS: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
):
    """Run the first layer: rows of `table`, (kinds * 2, outputs), summed or the largest taken."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < events
    columns = tl.arange(0, OUTPUTS)[None, :]
    total = tl.full((BLOCK, OUTPUTS), -3e38 if IS_MAX else 0.0, tl.float32)
    count = tl.zeros((BLOCK,), tl.int32)
    for slot in range(slots):
        real = tl.load(sources + i * slots + slot, mask=there, other=-1) >= 0
        kind = tl.load(kinds + i * slots + slot, mask=there, other=0).to(tl.int64)
        row = tl.load(table + kind[:, None] * OUTPUTS + columns, mask=real[:, None], other=0.0)
        if IS_MAX:
            total = tl.where(real[:, None], tl.maximum(total, row), total)
        else:
            total += row
        count += real.to(tl.int32)
    total = tl.where((count > 0)[:, None], total, 0.0)
    on = tl.load(polarity + i, mask=there, other=0).to(tl.int64)
    z = total + tl.load(bias + on[:, None] * OUTPUTS + columns, mask=there[:, None], other=0.0)
    tl.store(out + i[:, None] * OUTPUTS + columns, tl.maximum(z, 0.0), mask=there[:, None])


@triton.jit
def later_layer_kernel(
    sources,
    kinds,
    features,
    weight,
    table,
    root,
    bias,
    out,
    events,
    offsets,
    depth,
    IS_MAX: tl.constexpr,  # noqa: N803
    INPUTS: tl.constexpr,  # noqa: N803
    OUTPUTS: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
):
    """Run a layer behind the first; arrays are those of `graph_fields`, float32."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < events
    rows, columns = tl.arange(0, INPUTS), tl.arange(0, OUTPUTS)
    matrix = rows[:, None] * OUTPUTS + columns[None, :]
    total = tl.full((BLOCK, OUTPUTS), -3e38 if IS_MAX else 0.0, tl.float32)
    count = tl.zeros((BLOCK,), tl.int32)
    for offset in range(offsets):
        weights = tl.load(weight + offset * INPUTS * OUTPUTS + matrix)
        for turn in range(depth):
            slot = i * (offsets * depth) + offset * depth + turn
            source = tl.load(sources + slot, mask=there, other=-1).to(tl.int64)
            real = source >= 0
            kind = (tl.load(kinds + slot, mask=there, other=0) >> 1).to(tl.int64)
            sent = tl.load(
                features + source[:, None] * INPUTS + rows[None, :], mask=real[:, None], other=0.0
            )
            said = tl.load(
                table + kind[:, None] * OUTPUTS + columns[None, :], mask=real[:, None], other=0.0
            )
            message = tl.dot(sent, weights, input_precision="ieee") + said
            if IS_MAX:
                total = tl.where(real[:, None], tl.maximum(total, message), total)
            else:
                total += message
            count += real.to(tl.int32)
    total = tl.where((count > 0)[:, None], total, 0.0)
    own = tl.load(features + i[:, None] * INPUTS + rows[None, :], mask=there[:, None], other=0.0)
    z = tl.dot(own, tl.load(root + matrix), input_precision="ieee") + total
    z += tl.load(bias + columns)[None, :]
    place = out + i[:, None] * OUTPUTS + columns[None, :]
    tl.store(place, tl.maximum(z, 0.0), mask=there[:, None])


def find_neighbours(
    t_us: Any,
    pixels: Any,
    polarity: Any,
    *,
    count_pixels: int,
    shifts: Any,
    ages_us: Any,
    depth: int,
    horizon_us: int,
    most: int,
) -> tuple[Any, Any]:
    """List the neighbours of all events.

    Args:
        t_us: Times, int64 tensor (N,), never decreasing.
        pixels: Pixel numbers in the array with its margin, int64 (N,).
        polarity: 0 or 1, int32 (N,).
        count_pixels: Number of pixels with the margin.
        shifts: See `kernels.graph_search`, int64.
        ages_us: Borders between ages, int64 (ages - 1,).
        depth: Events that each pixel keeps.
        horizon_us: Age from which on events do not count.
        most: Most neighbours.

    Returns:
        Numbers of the neighbours, -1 for none, and what they are like, both int32
        (N, offsets * depth), in the order in which an event looks at them.
    """
    events, slots = len(t_us), len(shifts) * depth
    order = pixels.sort(stable=True).indices.to(polarity.dtype)
    counts = pixels.bincount(minlength=count_pixels)
    starts = polarity.new_zeros(count_pixels + 1)
    starts[1:] = counts.cumsum(0)
    sources = polarity.new_empty(events, slots)
    kinds = polarity.new_empty(events, slots)
    if events:
        search_kernel[(triton.cdiv(events, BLOCK),)](
            t_us, pixels, polarity, order, starts, shifts, ages_us, sources, kinds, events,
            len(shifts), depth, len(ages_us) + 1, horizon_us, most,
            ROUNDS=max(int(counts.max()), 1).bit_length(), BLOCK=BLOCK,
        )  # fmt: skip
    return sources, kinds


def run_layers(
    sources: Any, kinds: Any, polarity: Any, layers: Any, *, offsets: int, depth: int
) -> Any:
    """Run all layers of a float network.

    Args:
        sources: As `find_neighbours` gives them.
        kinds: Likewise.
        polarity: 0 or 1, int32 (N,).
        layers: For each layer its tensors by name, padded to multiples of 16 channels: `table` and
            `bias`, behind the first also `weight` and `root`, all float32; and `is_max`.
        offsets: How many there are.
        depth: Events that each pixel keeps.

    Returns:
        The last layer's features, float32 (N, outputs).
    """
    events = len(sources)
    grid = (triton.cdiv(events, BLOCK),)
    features: Any = None
    for number, layer in enumerate(layers):
        outputs = layer["bias"].shape[-1]
        out = layer["bias"].new_empty(events, outputs)
        if not events:
            features = out
        elif number == 0:
            first_layer_kernel[grid](
                sources, kinds, polarity, layer["table"], layer["bias"], out, events,
                sources.shape[1], IS_MAX=layer["is_max"], OUTPUTS=outputs, BLOCK=BLOCK,
            )  # fmt: skip
        else:
            later_layer_kernel[grid](
                sources, kinds, features, layer["weight"], layer["table"], layer["root"],
                layer["bias"], out, events, offsets, depth, IS_MAX=layer["is_max"],
                INPUTS=features.shape[1], OUTPUTS=outputs, BLOCK=BLOCK,
            )  # fmt: skip
        features = out
    return features
