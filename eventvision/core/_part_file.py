"""Files that appear under their name only when they are complete.

Output goes to `NAME.part` beside the target and is renamed at the end, so that whoever finds
`NAME` finds all of it, and an earlier result survives a run that fails. Pipes and devices such
as `/dev/stdout` cannot be renamed over; they are written to directly.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._errors import OutputError

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space or write elsewhere"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or write elsewhere"),
    errno.EFBIG: ("the file would exceed the size limit", "raise the limit or write elsewhere"),
    errno.EACCES: ("writing there is not permitted", "check the permissions or write elsewhere"),
    errno.EPERM: ("writing there is not permitted", "check the permissions or write elsewhere"),
    errno.EROFS: ("the file system is read-only", "write elsewhere"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "correct the path"),
    errno.EEXIST: ("a part of the path is a file, not a folder", "correct the path"),
}


class PartFile:
    """A target, and the path to write to until it is complete.

    Creates missing folders and the empty part, so that a target that cannot be written is
    found out before any work is done.

    Attributes:
        path: Where to write.

    Raises:
        OutputError: If the target is a folder or cannot be written.
    """

    def __init__(self, target: str | Path) -> None:
        self._named = target
        with output_errors(target):
            self._target = Path(target).resolve()
            if self._target.is_dir():
                raise OutputError(target, "is a folder", "name a file inside it")
            self._is_stream = self._target.exists() and not self._target.is_file()
            self.path = self._target if self._is_stream else _beside(self._target)
            self._check_writable()

    @property
    def is_stream(self) -> bool:
        """Whether the target is a pipe or a device, which can be neither renamed nor rewound."""
        return self._is_stream

    def _check_writable(self) -> None:
        if self._target.exists() and not os.access(self._target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not self._is_stream:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"")

    def keep(self) -> None:
        """Give the part its final name.

        Raises:
            OutputError: If that fails.
        """
        if not self._is_stream:
            with output_errors(self._named):
                self.path.replace(self._target)

    def discard(self) -> None:
        """Remove the part; the target stays as it was."""
        if not self._is_stream:
            self.path.unlink(missing_ok=True)


@contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says into an `OutputError` about `path`."""
    try:
        yield
    except OSError as error:
        problem, remedy = _CAUSES.get(
            error.errno or 0, (f"cannot be written ({error.strerror or error})", "write elsewhere")
        )
        raise OutputError(path, problem, remedy) from error


def _beside(target: Path) -> Path:
    return target.with_name(target.name + ".part")


@contextmanager
def complete_file(target: str | Path) -> Iterator[Path]:
    """Yield a path to write to; what is there at the end becomes the target, if all went well.

    Raises:
        OutputError: If it cannot be written; the target stays as it was.
    """
    part = PartFile(target)
    try:
        with output_errors(target):
            yield part.path
        part.keep()
    except BaseException:
        part.discard()
        raise
