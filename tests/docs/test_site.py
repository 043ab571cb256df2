"""What the site adds to the pages: links that lead somewhere, doctests as code, licences of all."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctests import fenced
from licences import PAGE, family, licence, missing_in, needed, optional
from links import REPOSITORY, in_the_site

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("place", "link", "expected"),
    [
        ("index.md", "docs/tasks.md#tracking", "tasks.md#tracking"),
        ("index.md", "ARCHITECTURE.md", "explanations/architecture.md"),
        ("index.md", "LICENSE", f"{REPOSITORY}/blob/main/LICENSE"),
        ("tasks.md", "training/scenes.md", "training/scenes.md"),
        ("tutorials/fleet.md", "../daemon.md", "../daemon.md"),
        ("tutorials/fleet.md", "../../README.md", "../index.md"),
        ("tutorials/fleet.md", "../../examples/fleet", f"{REPOSITORY}/tree/main/examples/fleet"),
        ("tasks.md", "../no/such.md", "../no/such.md"),
        ("tasks.md", "https://example.org/a", "https://example.org/a"),
        ("tasks.md", "#tracking", "#tracking"),
    ],
)
def test_a_link_that_is_right_in_the_repository_is_right_in_the_site(place, link, expected):
    assert in_the_site(f"see [this]({link}).", place, ROOT) == f"see [this]({expected})."


def test_code_in_fences_keeps_what_looks_like_a_link():
    text = "```\n[a](docs/tasks.md)\n```\n"
    assert in_the_site(text, "index.md", ROOT) == text


def test_doctests_become_code():
    assert fenced("Text.\n\n>>> 1 + 1\n2\n\nMore.").splitlines() == [
        "Text.", "", "```pycon", ">>> 1 + 1", "2", "```", "", "More.",
    ]  # fmt: skip


def test_the_page_of_licences_names_all_that_is_installed():
    assert missing_in(PAGE.read_text(encoding="utf-8")) == []


def test_only_pyqt_is_copyleft():
    names = set(needed("")).union(*(set(needed(extra)) for extra in optional()))
    assert {name for name in names if family(licence(name)) == "copyleft"} == {"pyqt6"}
    assert "pyqt6" not in set(needed(""))
