"""Targets that cannot be written are found out before any event is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eventvision.core import OutputError, PartFile, complete_file


def test_missing_folders_are_created(tmp_path):
    part = PartFile(tmp_path / "a" / "b" / "out.txt")
    part.path.write_text("done")
    part.keep()
    assert (tmp_path / "a" / "b" / "out.txt").read_text() == "done"


def test_a_link_is_followed_not_replaced(tmp_path):
    (tmp_path / "real.txt").write_text("earlier")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    part = PartFile(link)
    part.path.write_text("new")
    part.keep()
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (".", "is a folder"),
        ("file/out.txt", "a part of the path is a file"),
        ("file/deeper/out.txt", "a part of the path is a file"),
        ("n" * 300, "cannot be written"),
    ],
)
def test_targets_that_cannot_be_are_refused(tmp_path, target, problem):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=problem) as caught:
        PartFile(tmp_path / target)
    assert caught.value.path == str(tmp_path / target)
    assert caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_what_may_not_be_written_is_refused(tmp_path, closed):
    target = tmp_path / "out.txt"
    target.write_text("")
    locked = tmp_path if closed == "folder" else target
    locked.chmod(0o500)
    with pytest.raises(OutputError, match="not permitted"):
        PartFile(target)
    locked.chmod(0o700)


def test_the_permission_of_an_existing_file_is_asked(tmp_path, monkeypatch):
    target = tmp_path / "out.txt"
    target.write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != target)
    with pytest.raises(OutputError, match="not permitted; check the permissions"):
        PartFile(target)


def test_a_complete_file_replaces_the_old_one_only_when_all_went_well(tmp_path):
    target = tmp_path / "model.bin"
    target.write_bytes(b"old")
    with pytest.raises(OutputError), complete_file(target) as part:
        (part / "inside").write_bytes(b"half")
    assert target.read_bytes() == b"old"
    with complete_file(target) as part:
        part.write_bytes(b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]
