"""Which sequences the frozen sets are made of.

Scenes and cameras are those of the exact simulator, with seeds far from those of its examples and
below those that training draws from (`StagedGenerator`): the kinds of scenes may be known to a
model, these scenes and the images in them are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eventvision.core import ConfigError, SensorSize
from eventvision.simulation import PixelModel, pixel_model

SENSOR = SensorSize(240, 180)
"""A DAVIS240: large enough for streets and people, and half the work of 346x260."""

DURATION_US = 2_000_000
THRESHOLDS = (0.15, 0.3, 0.6)
SPEEDS = (1.0, 0.5, 2.0, 1.0)
SLICES_US = (30_000, 10_000, 20_000, 50_000, 15_000, 40_000, 25_000)
_CAMERAS = ("davis346", "dvxplorer", "evk4")
_FIRST_SEED = {"mixed": 60_000, "procedural": 61_000}
_PRIOR_SEED = 10_000

_WITH_LABELS, _ANY, _DRAWN = "labelled", "any", ""
_CASTS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "mixed": (
        ("street", _WITH_LABELS, 20),
        ("shapes", _ANY, 4),
        ("texture", _ANY, 6),
        ("mixed_speed", _ANY, 3),
        ("juggle", _ANY, 4),
        ("flicker", _ANY, 2),
        ("street", _DRAWN, 10),
        ("room", _DRAWN, 6),
        ("shapes", _DRAWN, 2),
        ("juggle", _DRAWN, 1),
        ("texture", _DRAWN, 2),
    ),
    "procedural": (
        ("street", _DRAWN, 12),
        ("room", _DRAWN, 8),
        ("shapes", _DRAWN, 3),
        ("mixed_speed", _DRAWN, 2),
        ("juggle", _DRAWN, 2),
        ("texture", _DRAWN, 2),
        ("flicker", _DRAWN, 1),
    ),
}
"""Scene, images, number of sequences."""

SETS = tuple(_CASTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One sequence to be made.

    Attributes:
        name: Name of its file.
        scene: As `eventvision.simulation.SCENES` names it.
        image: The image that it shows; None if it is drawn.
        seed: Decides scene, camera and slices.
        camera: The camera.
        speed: How fast time goes in the scene.
        start_us: When in the scene it begins.
        duration_us: How long it is.
        slice_us: Mean length of the slices.
        by_count: Whether they have equally many events, or are equally long.
    """

    name: str
    scene: str
    image: Path | None
    seed: int
    camera: PixelModel
    speed: float
    start_us: int
    duration_us: int
    slice_us: int
    by_count: bool


def scenarios(
    name: str,
    images: Images | None = None,
    *,
    duration_us: int = DURATION_US,
    for_prior: bool = False,
) -> Iterator[Scenario]:
    """Yield the sequences of a set.

    Args:
        name: One of `SETS`.
        images: Needed for `mixed`.
        duration_us: Length of each.
        for_prior: Other scenes of the same kinds, to learn from what is usual in them.

    Raises:
        ConfigError: If there is no set of that name or it needs images.
    """
    if name not in _CASTS:
        raise ConfigError("set", name, f"one of {', '.join(SETS)}")
    if images is None and any(source for _, source, _ in _CASTS[name]):
        raise ConfigError("images", None, f"a folder of images for the set {name}")
    number = 0
    for scene, source, count in _CASTS[name]:
        paths = images.pick(source, count) if images is not None and source else [None] * count
        for turn, path in enumerate(paths):
            seed = _FIRST_SEED[name] + number + (_PRIOR_SEED if for_prior else 0)
            yield _scenario(scene, path, seed, number, turn, duration_us)
            number += 1


def _scenario(
    scene: str, image: Path | None, seed: int, number: int, turn: int, duration_us: int
) -> Scenario:
    random = np.random.default_rng(seed)
    threshold, speed = THRESHOLDS[number % 3], SPEEDS[turn % 4]
    ratio = float(np.round(0.9 + 0.2 * random.random(), 3))
    camera = replace(
        pixel_model(_CAMERAS[(number // 3) % 3]),
        on_threshold=threshold,
        off_threshold=round(threshold * ratio, 4),
    )
    kind = f"{scene}-{'photo' if image else 'drawn'}"
    return Scenario(
        name=f"{number:02d}-{kind}-{threshold:g}-{speed:g}x",
        scene=scene,
        image=image,
        seed=seed,
        camera=camera,
        speed=speed,
        start_us=int(5_000_000 * random.random()),
        duration_us=duration_us,
        slice_us=SLICES_US[number % 7],
        by_count=bool(number % 2),
    )


@dataclass(frozen=True, slots=True)
class Images:
    """Images to be shown.

    Attributes:
        labelled: Those with labels, sorted.
        plain: The others, sorted.
    """

    labelled: Sequence[Path]
    plain: Sequence[Path]

    @classmethod
    def within(cls, folder: Path, part: str) -> Images:
        """Find the images of a part, "train" or "val", in a folder and all below it.

        Raises:
            SourceNotFoundError: If there are none.
        """
        from eventvision.simulation.batched import PictureLibrary

        library = PictureLibrary([folder], "val" if part == "val" else "train")
        return cls(library.streets, library.pictures)

    def pick(self, source: str, count: int) -> list[Path]:
        """Return so many images, spread evenly.

        Raises:
            ConfigError: If there are none of the kind.
        """
        paths = self.labelled if source == _WITH_LABELS else self.plain
        if not paths:
            raise ConfigError(
                "images", "the folder", f"one that holds {source} images to test with"
            )
        return [paths[k * len(paths) // count] for k in range(count)]
