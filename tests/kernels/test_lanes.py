"""Vector operations against numpy, lane by lane."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from eventvision.kernels import float_lanes, halves, lanes
from eventvision.kernels._jit import kernel
from eventvision.kernels._memory import address_of
from eventvision.kernels.integer_pack import pack_real, pack_units, unpack_units
from eventvision.kernels.rendezvous import meet

RNG = np.random.default_rng(0)


@kernel
def run_lanes(a, b, c, wide, out16, out8, chosen, bits):
    one, other, third = (
        lanes.load_i32(address_of(a)), lanes.load_i32(address_of(b)), lanes.load_i32(address_of(c)),
    )  # fmt: skip
    place = address_of(wide)
    lanes.store_i32(place, lanes.add(one, other))
    lanes.store_i32(place + 64, lanes.subtract(one, other))
    lanes.store_i32(place + 128, lanes.multiply(one, other))
    lanes.store_i32(place + 192, lanes.shift_left(one, third))
    lanes.store_i32(place + 256, lanes.shift_right(one, third))
    lanes.store_i32(place + 320, lanes.both(one, other))
    lanes.store_i32(place + 384, lanes.either(one, other))
    lanes.store_i32(place + 448, lanes.smaller(one, other))
    lanes.store_i32(place + 512, lanes.larger(one, other))
    lanes.store_i32(place + 576, lanes.dot(one, other, lanes.load_i32(address_of(a))))
    lanes.store_i32(place + 640, lanes.repeat_word(address_of(b) + 8))
    lanes.store_i32(place + 704, lanes.add(lanes.counting(), lanes.splat(-3)))
    lanes.store_i32(place + 768, lanes.load_i16(address_of(a)))
    lanes.store_i32(place + 832, lanes.load_u8(address_of(a)))
    lanes.store_i16(address_of(out16), one)
    lanes.store_u8(address_of(out8), one)
    lanes.store_chosen(address_of(chosen), one, bits)
    return lanes.words_not_zero(address_of(c)), lanes.count_bits(bits)


def dot_by_hand(sums, unsigned, signed):
    products = unsigned.view(np.uint8).astype(np.int64) * signed.view(np.int8)
    return (sums + products.reshape(-1, 4).sum(1)).astype(np.int32)


def test_operations_on_words_are_those_of_numpy():
    a, b = (RNG.integers(-(2**31), 2**31, 16).astype(np.int32) for _ in range(2))
    c = RNG.integers(0, 31, 16).astype(np.int32)
    c[[2, 5]] = 0
    wide, chosen = np.zeros((14, 16), np.int32), np.zeros(32, np.int32)
    out16, out8 = np.zeros(16, np.int16), np.zeros(16, np.uint8)
    bits = 0b1010_0000_1100_0001
    flags, count = run_lanes(a, b, c, wide, out16, out8, chosen, bits)
    expected = [
        a + b, a - b, a * b, a << c, a >> c, a & b, a | b, np.minimum(a, b), np.maximum(a, b),
        dot_by_hand(a.astype(np.int64), b, a), np.full(16, b[2]), np.arange(-3, 13),
        a.view(np.int16)[:16], a.view(np.uint8)[:16],
    ]  # fmt: skip
    for got, values in zip(wide, expected, strict=True):
        np.testing.assert_array_equal(got, values)
    np.testing.assert_array_equal(out16, a.astype(np.int16))
    np.testing.assert_array_equal(out8, a.astype(np.uint8))
    assert flags == sum(1 << lane for lane in range(16) if c[lane])
    assert count == 5
    assert chosen[:5].tolist() == [a[lane] for lane in range(16) if bits >> lane & 1]


@kernel
def run_choices(a, b, bits, factor, out):
    one, other = lanes.load_i32(address_of(a)), lanes.load_i32(address_of(b))
    lanes.store_i32(address_of(out), lanes.where_bits(one, bits))
    lanes.store_i32(address_of(out) + 64, lanes.share_of(one, factor, 15))
    return lanes.bits_reached(one, other), lanes.lowest_bit(bits)


@kernel
def run_float_choices(a, b, bits, out):
    one, other = float_lanes.load_f32(address_of(a)), float_lanes.load_f32(address_of(b))
    place = address_of(out)
    float_lanes.store_f32(place, float_lanes.where_bits_f32(one, bits))
    float_lanes.store_f32(place + 64, float_lanes.multiply_f32(one, other))
    float_lanes.store_f32(place + 128, float_lanes.subtract_f32(one, other))
    return float_lanes.bits_reached_f32(one, other)


def test_bits_say_which_numbers_are_meant():
    bits, factor = 0b0110_0000_0001_1000, 20_000
    is_set = np.array([bits >> lane & 1 for lane in range(16)], bool)
    a, b = (RNG.integers(-(2**31), 2**31, 16).astype(np.int32) for _ in range(2))
    b[:4] = a[:4]
    out = np.zeros((2, 16), np.int32)
    reached, lowest = run_choices(a, b, bits, factor, out)
    np.testing.assert_array_equal(out, [np.where(is_set, a, 0), a.astype(np.int64) * factor >> 15])
    assert (reached, lowest) == (sum(1 << lane for lane in range(16) if a[lane] >= b[lane]), 3)
    a, b = a.astype(np.float32), b.astype(np.float32)
    out = np.zeros((3, 16), np.float32)
    reached = run_float_choices(a, b, bits, out)
    np.testing.assert_array_equal(out, [np.where(is_set, a, 0), a * b, a - b])
    assert reached == sum(1 << lane for lane in range(16) if a[lane] >= b[lane])


@kernel
def divide(values, offset, factor, out):
    for at in range(0, values.size, 16):
        numbers = lanes.load_i32(address_of(values) + 4 * at)
        offsets, factors = lanes.load_i32(address_of(offset)), lanes.load_i32(address_of(factor))
        lanes.store_i32(address_of(out) + 4 * at, lanes.scaled(numbers, offsets, factors))


@pytest.mark.parametrize("threshold", [1, 2, 3, 7, 100, 127, 1000, 4095, 12_345, 32_749, 32_767])
@pytest.mark.parametrize("rounds", [0, 1])
def test_dividing_by_a_threshold_is_exact_for_every_potential(threshold, rounds):
    values = np.arange(-32_768, 32_768, dtype=np.int32)
    offset = rounds * (threshold >> 1)
    offsets = np.full(16, offset + 0.5, np.float32).view(np.int32)
    factors = np.full(16, np.float32(1) / np.float32(threshold)).view(np.int32)
    out = np.zeros_like(values)
    divide(values, offsets, factors, out)
    np.testing.assert_array_equal(out, np.maximum(values + offset, 0) // threshold)


@kernel
def run_halves(low, high, a, b, out, out8, shift):
    one, other = halves.load_halves(address_of(a)), halves.load_halves(address_of(b))
    place = address_of(out)
    words = lanes.load_i32(address_of(low)), lanes.load_i32(address_of(high))
    halves.store_halves(place, halves.joined(words[0], words[1]))
    halves.store_halves(place + 64, halves.add_saturated(one, other))
    halves.store_halves(place + 128, halves.subtract_halves(one, other))
    halves.store_halves(place + 192, halves.multiply_halves(one, other))
    halves.store_halves(place + 256, halves.shift_right_halves(one, halves.splat_halves(shift)))
    halves.store_halves(place + 320, halves.both_halves(one, other))
    halves.store_halves(place + 384, halves.plus_one_where_above(one, one, other))
    halves.store_low_bytes(address_of(out8), one)


def test_operations_on_halves_are_those_of_numpy():
    low, high = (RNG.integers(-70_000, 70_000, 16).astype(np.int32) for _ in range(2))
    a, b = (RNG.integers(-32_768, 32_768, 32).astype(np.int16) for _ in range(2))
    out, out8 = np.zeros((7, 32), np.int16), np.zeros(32, np.uint8)
    run_halves(low, high, a, b, out, out8, 3)
    wide = a.astype(np.int32) + b
    expected = [
        np.clip(np.concatenate([low, high]), -32_768, 32_767), np.clip(wide, -32_768, 32_767),
        a - b, a * b, a >> 3, a & b, a + (a > b),
    ]  # fmt: skip
    for got, values in zip(out, expected, strict=True):
        np.testing.assert_array_equal(got, values)
    np.testing.assert_array_equal(out8, a.astype(np.uint8))


@kernel
def leapfrog(counter, thread, threads, rounds, steps):
    wrong = 0
    for number in range(rounds):
        steps[thread] = number
        meet(address_of(counter), threads, 2 * number + 1)
        for other in range(threads):
            wrong += steps[other] != number
        meet(address_of(counter), threads, 2 * number + 2)
    return wrong


def test_nobody_leaves_a_meeting_before_all_have_come():
    counter, steps = np.zeros(1, np.int64), np.zeros(3, np.int64)
    leapfrog(counter, 0, 1, 1, np.zeros(1, np.int64))
    counter[0] = 0
    wrong = []
    threads = [
        threading.Thread(
            target=lambda n=n: wrong.append(leapfrog(counter, n, 3, 200, steps)), daemon=True
        )
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == [0, 0, 0]


@pytest.mark.parametrize(("dtype", "flip"), [(np.uint8, 0), (np.int8, 128)])
def test_units_are_packed_by_pixel_and_come_back(dtype, flip):
    limits = np.iinfo(dtype)
    values = RNG.integers(limits.min, limits.max + 1, (3, 4, 5)).astype(dtype)
    packed = np.full((6, 8, 4), 77, np.uint8)
    pack_units(values, flip, packed, 1, 2)
    expected = values.transpose(1, 2, 0).astype(int) + flip
    np.testing.assert_array_equal(packed[1:5, 2:7, :3], expected)
    untouched = np.ones(packed.shape, bool)
    untouched[1:5, 2:7, :3] = False
    assert (packed[untouched] == 77).all()
    back = np.zeros_like(values)
    unpack_units(packed, flip, back, 1, 2)
    np.testing.assert_array_equal(back, values)


def test_real_values_are_rounded_clipped_and_packed():
    values = np.array([[[0.25, 0.24, -0.25, 500.0, np.nan, np.inf, -np.inf]]], np.float32)
    packed = np.zeros((1, 7, 1), np.uint8)
    pack_real(values, np.float32(2), np.float32(-128), np.float32(127), packed, 0, 0)
    assert packed.ravel().tolist() == [129, 128, 128, 255, 128, 255, 0]
