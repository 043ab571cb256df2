"""Tasks are named, with the method or the model that does them where it matters."""

from __future__ import annotations

import pytest

from eventvision.core import ConfigError
from eventvision.tasks import TaskForm, _forms, parse_task, parse_tasks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tracking", TaskForm("tracking")),
        ("detection", TaskForm("detection")),
        ("detection:", TaskForm("detection")),
        ("detection:clusters", TaskForm("detection")),
        ("reconstruction:fibar", TaskForm("reconstruction")),
        ("segmentation", TaskForm("segmentation", "perception-nano")),
        ("detection:model", TaskForm("detection", "perception-nano")),
        (" depth : model = ./mine ", TaskForm("depth", "./mine")),
        ("reconstruction:model=a=b:c", TaskForm("reconstruction", "a=b:c")),
    ],
)
def test_a_task_says_who_does_it(text, expected):
    assert parse_task(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "flow", "detection:fibar", "tracking:model", "depth:clusters",
     "detection:model=", "detection:models=x"],
)  # fmt: skip
def test_other_texts_are_refused_with_what_would_do(text):
    with pytest.raises(ConfigError, match=r"detection\[:clusters\], segmentation"):
        parse_task(text)


def test_a_task_is_done_in_one_way():
    assert len(parse_tasks(["detection", "detection:clusters"])) == 1
    with pytest.raises(ConfigError, match="detection in one way only"):
        parse_tasks(["detection:clusters", "detection:model=./mine"])


@pytest.mark.parametrize(
    ("shipped", "model"), [(("perception-nano",), "perception-nano"), ((), "")]
)
def test_what_is_learned_may_be_preferred_where_it_is_installed(monkeypatch, shipped, model):
    monkeypatch.setattr(_forms, "PREFER_LEARNED", True)
    monkeypatch.setattr(_forms, "shipped_models", lambda: shipped)
    assert parse_task("detection") == TaskForm("detection", model)
    assert parse_task("detection:clusters") == TaskForm("detection")
