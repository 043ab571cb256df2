"""Which settings can change while a run goes on, and how."""

from __future__ import annotations

from eventvision.pipeline import Pipeline
from eventvision.tasks import can_replace, parse_tasks

from .logs import set_up_logging
from .settings import DaemonConfig

LIVE = frozenset({"tasks", "filters", "slicer", "logging", "watchdog", "gui"})
"""Settings that a run can follow; the others need another run."""

LIVE_RECORDER = frozenset({"when", "post_roll_s", "longest_s", "keep"})
LIVE_OUTPUTS = frozenset({"keep"})


def can_change_live(old: DaemonConfig, new: DaemonConfig) -> bool:
    """Tell whether a run that goes by the old settings can go by the new ones."""
    if not changed(old, new) <= LIVE | {"recorder", "outputs"}:
        return False
    if not _section_changes(old, new, "recorder") <= LIVE_RECORDER:
        return False
    if not _section_changes(old, new, "outputs") <= LIVE_OUTPUTS:
        return False
    before = {form.name: form for form in parse_tasks(old.tasks)}
    after = parse_tasks(new.tasks)
    return all(
        before.get(form.name, form) == form or can_replace(before[form.name], form)
        for form in after
    )


def change_live(pipeline: Pipeline, old: DaemonConfig, new: DaemonConfig) -> None:
    """Let a run go by the new settings.

    Raises:
        EventVisionError: If something cannot be used; what was changed before it stays changed.
    """
    steer = pipeline.steer
    if old.slicer != new.slicer:
        steer.set_slicer(new.slicer)
    if old.filters != new.filters:
        steer.set_filters(new.filters)
    if old.tasks != new.tasks:
        before = [form.name for form in parse_tasks(old.tasks)]
        after = {form.name for form in parse_tasks(new.tasks)}
        for text in new.tasks:
            steer.set_task(text, on=True)
        for name in before:
            if name not in after:
                steer.set_task(name, on=False)
    if old.logging != new.logging:
        set_up_logging(new.logging.level, new.logging.format)


def changed(old: DaemonConfig, new: DaemonConfig) -> set[str]:
    """Return the names of the settings that differ."""
    return {name for name in DaemonConfig.model_fields if getattr(old, name) != getattr(new, name)}


def _section_changes(old: DaemonConfig, new: DaemonConfig, section: str) -> set[str]:
    before, after = getattr(old, section), getattr(new, section)
    if before is None or after is None:
        return set() if before is after else {section}
    return {
        name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)
    }
