"""Images in ROS 1 bags; the package `rosbags` knows the containers and the messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SourceError

_KIND = "sensor_msgs/msg/Image"
_PLANES = {"mono8": 1, "8UC1": 1, "bgr8": 3, "rgb8": 3, "8UC3": 3}
_NS_PER_US = 1000


def bag_images(path: Path) -> list[tuple[int, str]]:
    """Return the time of each image of a bag, as its header has it, and its key.

    Raises:
        SourceError: If `rosbags` is not installed.
        FormatError: If the bag is damaged.
    """
    return [(_time_us(message), str(key)) for key, message in _messages(path)]


def bag_image(path: Path, key: str) -> NDArray[Any]:
    """Return an image by its key, shape (height, width) or (height, width, 3).

    Raises:
        FormatError: If it is not there or in an unknown encoding.
    """
    start = int(key)
    for _, message in _messages(path, start, start + 1):
        planes = _PLANES.get(message.encoding)
        if planes is None:
            problem = f"has images encoded as {message.encoding}"
            raise FormatError(path, problem, f"convert them to one of {', '.join(_PLANES)}")
        lines = np.asarray(message.data, np.uint8).reshape(message.height, message.step)
        pixels = lines[:, : message.width * planes]
        return pixels if planes == 1 else pixels.reshape(message.height, message.width, planes)
    raise FormatError(path, f"lost its image {key}", "get it again")


def _messages(path: Path, start: int | None = None, stop: int | None = None) -> Any:
    """Yield the images with the times at which they were recorded, in nanoseconds."""
    try:
        from rosbags.rosbag1 import Reader, ReaderError
        from rosbags.typesys import Stores, get_typestore
    except ModuleNotFoundError as error:
        problem = "needs the package rosbags for its images"
        raise SourceError(path, problem, "pip install eventvision[rosbag]") from error
    types = get_typestore(Stores.ROS1_NOETIC)
    try:
        with Reader(path) as bag:
            chosen = [found for found in bag.connections if found.msgtype == _KIND]
            if not chosen:
                return
            for found, time_ns, data in bag.messages(chosen, start=start, stop=stop):
                yield time_ns, types.deserialize_ros1(data, found.msgtype)
    except ReaderError as error:
        raise FormatError(path, f"is damaged ({error})", "get it again") from error


def _time_us(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 10**6 + int(stamp.nanosec) // _NS_PER_US
