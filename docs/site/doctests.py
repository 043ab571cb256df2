"""Shows doctests in docstrings as code: MkDocs would take their prompts for quotations."""

from __future__ import annotations

from typing import Any

from griffe import Extension, Object


class FencedDoctests(Extension):
    """Puts fences round them."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    """Return a docstring with its doctests in fences; a doctest ends at an empty line."""
    lines: list[str] = []
    inside = False
    for line in [*text.splitlines(), ""]:
        begins = line.lstrip().startswith(">>>")
        if begins and not inside:
            lines.append("```pycon")
        elif inside and not line.strip():
            lines.append("```")
        inside = (inside and bool(line.strip())) or begins
        lines.append(line)
    return "\n".join(lines)
