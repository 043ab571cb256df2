"""Finds what can be run in pages of the documentation: fenced blocks and the remarks before them.

A block is run unless a comment right before its fence says otherwise:

    <!-- parsed only: REASON -->  its commands are understood by the parser, but not run
    <!-- shown only: REASON -->   neither: output, a picture, another program's language

and a comment may hold Python that runs before a block, for names that are the reader's:

    <!-- given:
    events = ...
    -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?P<remarks>(?:^ *<!--(?:(?!-->)[\s\S])*-->\n+)*)"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>[\s\S]*?)^(?P=indent)```$",
    re.MULTILINE,
)
_REMARK = re.compile(r"<!-- (parsed only|shown only): (.+?) -->")
_GIVEN = re.compile(r"<!-- given:\n([\s\S]*?)-->")
_COMMAND = re.compile(r"^(?:sudo )?(?:\S*/bin/)?(eventvision|python -m [\w.]+) ?(.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        where: Page and line of its fence.
        language: Word behind the fence; empty for commands, sketches and output.
        text: What is inside.
        treatment: `run`, `parsed only` or `shown only`.
        reason: Why it is not run.
        given: Python that runs before.
    """

    where: str
    language: str
    text: str
    treatment: str
    reason: str
    given: str

    @property
    def commands(self) -> list[str]:
        """Its command lines that call eventvision, those that are continued joined."""
        if self.language not in ("", "bash", "console"):
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if _COMMAND.match(line.strip())]

    @property
    def is_synopsis(self) -> bool:
        """Whether it shows how a command is called in general."""
        return any(mark in self.text for mark in ("[options]", "...", "[--", "|OUT"))


def blocks_of(page: Path, root: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text[: found.start("indent")].count("\n") + 1
        remark = _REMARK.search(found["remarks"])
        given = _GIVEN.search(found["remarks"])
        yield Block(
            where=f"{page.relative_to(root)}:{line}",
            language=found["language"],
            text=_dedented(found["text"], len(found["indent"])),
            treatment=remark[1] if remark else "run",
            reason=remark[2] if remark else "",
            given=given[1] if given else "",
        )


def _dedented(text: str, indent: int) -> str:
    return "".join(line[indent:] for line in text.splitlines(keepends=True))
