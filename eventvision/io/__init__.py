"""Recordings in: `open_source` picks a reader by content, `scan` says what a recording holds."""

from ._open import FORMATS, FileFormat, open_source

__all__ = ["FORMATS", "FileFormat", "open_source"]
