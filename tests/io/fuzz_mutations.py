"""Ways to damage a file: what disks, cables, editors and ill will do to it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]

LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40,
           (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
"""Values that counts, offsets and sizes are wrongly trusted with."""
WORDS = (b"-1", b"0", b"99999999999999999999", b"1e999", b"nan", b"\0", b"0x10", b"65536", b"")
"""What stands in a header in place of a number."""
HEAD_BYTES = 512
MOST_BYTES = 1 << 16


def truncated(data: bytes, random: Random) -> bytes:
    """End early."""
    return data[: random.randrange(len(data))]


def beheaded(data: bytes, random: Random) -> bytes:
    """Begin late."""
    return data[random.randrange(len(data)) :]


def bits_flipped(data: bytes, random: Random) -> bytes:
    """Flip one to eight bits."""
    out = bytearray(data)
    for _ in range(random.randint(1, 8)):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def bytes_replaced(data: bytes, random: Random) -> bytes:
    """Put noise, zeros or ones over a range."""
    start, end = _span(data, random, 64)
    fill = random.choice((b"\0", b"\xff", None))
    noise = random.randbytes(end - start) if fill is None else fill * (end - start)
    return data[:start] + noise + data[end:]


def inserted(data: bytes, random: Random) -> bytes:
    """Put noise between two bytes."""
    place = random.randrange(len(data) + 1)
    return data[:place] + random.randbytes(random.randint(1, 64)) + data[place:]


def deleted(data: bytes, random: Random) -> bytes:
    """Leave out a range."""
    start, end = _span(data, random, len(data))
    return data[:start] + data[end:]


def duplicated(data: bytes, random: Random) -> bytes:
    """Repeat a range where it stands, up to three times."""
    start, end = _span(data, random, len(data))
    return data[:end] + data[start:end] * random.randint(1, 3) + data[end:]


def spliced(data: bytes, random: Random) -> bytes:
    """Continue at another place of the same file, as after a lost or repeated block."""
    return data[: random.randrange(len(data))] + data[random.randrange(len(data)) :]


def swapped(data: bytes, random: Random) -> bytes:
    """Let two neighbouring ranges change places."""
    a, b, c = sorted(random.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def absurd_length(data: bytes, random: Random) -> bytes:
    """Put an extreme number of 16, 32 or 64 bits anywhere, in either byte order."""
    kind, size = random.choice((("H", 2), ("I", 4), ("Q", 8)))
    value = random.choice(LENGTHS) & ((1 << 8 * size) - 1)
    place = random.randrange(min(len(data), random.choice((HEAD_BYTES, len(data)))))
    return data[:place] + struct.pack(random.choice("<>") + kind, value) + data[place + size :]


def header_damaged(data: bytes, random: Random) -> bytes:
    """Leave out, repeat, cut, move or spoil one of the first lines."""
    lines = data[:HEAD_BYTES].split(b"\n")
    place = random.randrange(len(lines))
    line = lines[place]
    match random.randrange(5):
        case 0:
            del lines[place]
        case 1:
            lines.insert(random.randrange(len(lines)), line)
        case 2:
            lines[place] = line[: random.randrange(len(line) + 1)]
        case 3:
            other = random.randrange(len(lines))
            lines[place], lines[other] = lines[other], line
        case _:
            lines[place] = _respelt(line, random)
    return b"\n".join(lines) + data[HEAD_BYTES:]


MUTATIONS: tuple[Mutation, ...] = (
    truncated, beheaded, bits_flipped, bits_flipped, bytes_replaced, inserted, deleted, duplicated,
    spliced, swapped, absurd_length, absurd_length, header_damaged,
)  # fmt: skip


def mutated(data: bytes, random: Random) -> bytes:
    """Return the file damaged once, often, or several times, never empty and never large."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = random.choice(MUTATIONS)(data, random)[:MOST_BYTES] or b"\0"
    return data


def _span(data: bytes, random: Random, most: int) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.randint(1, max(1, most)))


def _respelt(line: bytes, random: Random) -> bytes:
    """Replace one run of digits, or else any byte."""
    digits = [place for place, byte in enumerate(line) if chr(byte).isdigit()]
    if not digits:
        place = random.randrange(len(line) + 1)
        return line[:place] + random.choice(WORDS) + line[place + 1 :]
    start = end = random.choice(digits)
    while end < len(line) and chr(line[end]).isdigit():
        end += 1
    return line[:start] + random.choice(WORDS) + line[end:]
