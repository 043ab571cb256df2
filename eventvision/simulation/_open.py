"""Opens a scene by name: a named scene, a video, or a folder of images."""

from __future__ import annotations

from pathlib import Path

from eventvision.core import ConfigError, SensorSize, SourceNotFoundError

from ._images import ImagesScene
from ._named import SCENES, named_scene
from ._scene import Scene
from ._video import VideoScene


def open_scene(
    name: str,
    *,
    sensor: SensorSize,
    seed: int = 0,
    fps: float | None = None,
    images: Path | None = None,
) -> Scene:
    """Open a scene.

    Args:
        name: One of `SCENES`, or the path of a video or of a folder of images; write `./street` for
            a file that is named like a scene.
        sensor: Size of its images.
        seed: Of a named scene.
        fps: Pictures a second: needed for images; for a video instead of the times in the file.
        images: Folder of images that some named scenes show.

    Raises:
        ConfigError: If there is no such scene, or an option does not go with it.
        SourceNotFoundError: If there is no such video or folder.
        SourceError: If a video or an image cannot be read.
    """
    path = Path(name)
    if name in SCENES:
        if fps is not None:
            raise ConfigError("fps", fps, f"nothing: {name} has an image at any time")
        return named_scene(name, sensor=sensor, seed=seed, images=images)
    if not path.exists():
        if path.suffix or len(path.parts) > 1:
            raise SourceNotFoundError(name, "no such file or folder", "check the path")
        scenes = ", ".join(SCENES)
        raise ConfigError("scene", name, f"a video, a folder of images, or one of {scenes}")
    if images is not None:
        raise ConfigError("images", str(images), "nothing: they are for named scenes")
    try:
        if not path.is_dir():
            return VideoScene(path, sensor=sensor, fps=fps)
        if fps is None:
            raise ConfigError("fps", fps, "images a second, such as 240")
        return ImagesScene(path, sensor=sensor, fps=fps)
    except ValueError as error:
        raise ConfigError("fps", fps, "a number in 0.01 to 100000") from error
