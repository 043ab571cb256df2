"""Links between pages: what is right in the repository is made right in the site.

A link to a page of docs/ stays. One to a page that the site takes from elsewhere leads to its place
there, and one to any other file or folder of the repository leads to the repository on the web. A
link to something that does not exist stays as it is, and MkDocs complains of it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

REPOSITORY = "https://github.com/eventvision/eventvision"
OUTSIDE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "explanations/architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages that the site takes from the top of the repository: place in the site by path."""

_SOURCES = {place: path for path, place in OUTSIDE.items()}
_FENCE = re.compile(r"^( *```.*?^ *``` *$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def in_the_site(markdown: str, place: str, root: Path) -> str:
    """Return the text of a page with links as the site needs them.

    Args:
        markdown: The text; code in fences is left alone.
        place: Of the page, in the site.
        root: Of the repository.
    """
    source = _SOURCES.get(place, f"docs/{place}")

    def replaced(link: re.Match[str]) -> str:
        return link[1] + _target(link[2], source, place, root) + link[3]

    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(replaced, text) for text in parts[::2]]
    return "".join(parts)


def _target(link: str, source: str, place: str, root: Path) -> str:
    path, mark, anchor = link.partition("#")
    if not path or ":" in path or path.startswith("/"):
        return link
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if wanted in OUTSIDE:
        there = OUTSIDE[wanted]
    elif wanted.startswith("docs/"):
        there = wanted.removeprefix("docs/")
    elif (root / wanted).exists() and not wanted.startswith(".."):
        kind = "tree" if (root / wanted).is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/main/{wanted}{mark}{anchor}"
    else:
        return link
    return posixpath.relpath(there, posixpath.dirname(place) or ".") + mark + anchor
