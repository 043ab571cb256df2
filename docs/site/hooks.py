"""What the site adds to docs/: pages from outside it, and pages made from the code.

MkDocs calls these functions (`hooks` in mkdocs.yml). Nothing that is made is written into docs/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from api_pages import api_pages
from cli_page import cli_page
from links import OUTSIDE, in_the_site
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from model_pages import model_pages

ROOT = Path(__file__).parents[2]
MADE = {
    "reference/cli.md": cli_page,
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Hang pages that are made of the code into the navigation."""
    for section in config.nav or []:
        if "Reference" in section:
            section["Reference"] = [_filled(entry) for entry in section["Reference"]]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    pages = {place: (ROOT / path).read_text(encoding="utf-8") for path, place in OUTSIDE.items()}
    pages |= {place: make() for place, make in MADE.items()}
    pages |= dict(api_pages().values()) | dict(model_pages().values())
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links as they are right in the repository into links that are right in the site."""
    return in_the_site(markdown, page.file.src_uri, ROOT)


def _filled(entry: Any) -> Any:
    if entry == {"Python": []}:
        return {"Python": [{title: place} for title, (place, _) in api_pages().items()]}
    if isinstance(entry, dict) and "Models" in entry:
        cards = [{title: place} for title, (place, _) in model_pages().items()]
        return {"Models": [*entry["Models"], *cards]}
    return entry
