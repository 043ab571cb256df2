"""Structured logs: a JSON object per line, or lines with the priorities of systemd's journal."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from eventvision.core import one_line

Format = Literal["auto", "json", "journal", "text"]

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, logger, message, and what was given besides."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        return json.dumps(line, ensure_ascii=False, default=str)


class JournalLines(logging.Formatter):
    """Lines that begin with `<N>`, the priority as the journal knows it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; its time is the journal's."""
        return f"<{_PRIORITIES.get(record.levelno, 5)}>{_message(record)}"


class TextLines(logging.Formatter):
    """Lines for people: time, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        return f"{time} {record.levelname.lower()}: {_message(record)}"


def set_up_logging(
    level: str, format_: Format, environment: Mapping[str, str] | None = None
) -> None:
    """Log to the standard error stream, in one format, everything from a level on."""
    formatters: dict[str, type[logging.Formatter]] = {
        "json": JsonLines,
        "journal": JournalLines,
        "text": TextLines,
    }
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatters[_chosen(format_, environment)]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _chosen(format_: Format, environment: Mapping[str, str] | None) -> str:
    if format_ != "auto":
        return format_
    if (os.environ if environment is None else environment).get("JOURNAL_STREAM"):
        return "journal"
    return "text" if sys.stderr.isatty() else "json"


def _message(record: logging.LogRecord) -> str:
    """Return what is to be said, on one line; a traceback is told as its last line."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        text += f": {type(error).__name__}: {error}"
    return one_line(text)
