"""Nodes that compute nothing, and put values elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from ._checks import check, check_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Concat:
    """Tensors of one type and size, one after another along the channels.

    Attributes:
        name: Unique in the network.
        inputs: Names of two to eight nodes.
    """

    name: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_name(self.name)
        check(2 <= len(self.inputs) <= 8, self.name, "needs two to eight inputs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upsample:
    """Every value repeated `factor` times in both directions.

    Attributes:
        name: Unique in the network.
        input: Name of the node before.
        factor: 2 to 64.
        like: Name of a node to whose height and width the result is cut; it is cut right and
            below, by less than `factor`. Empty leaves it whole.
    """

    name: str
    input: str
    factor: int = 2
    like: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check(2 <= self.factor <= 64, self.name, "factor must be 2 to 64")


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelShuffle:
    """Channels spread over a finer picture.

    Row `factor * y + i`, column `factor * x + j` of channel c is row y, column x of channel
    `c * factor ** 2 + i * factor + j`.

    Attributes:
        name: Unique in the network.
        input: Name of the node before; `factor ** 2` divides its channels.
        factor: 2 to 16.
    """

    name: str
    input: str
    factor: int = 2

    def __post_init__(self) -> None:
        check_name(self.name)
        check(2 <= self.factor <= 16, self.name, "factor must be 2 to 16")


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """All places of several pictures in one column: row by row, one picture after another.

    Attributes:
        name: Unique in the network.
        inputs: Names of one to eight nodes of one type, with as many channels.
    """

    name: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_name(self.name)
        check(1 <= len(self.inputs) <= 8, self.name, "needs one to eight inputs")
