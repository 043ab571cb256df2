"""Work in a thread: progress, end, cancelling."""

from __future__ import annotations

import threading

import pytest
from eventvision_apps.gui.jobs import Job, JobStatus

from eventvision.core import OutputError


def test_a_job_tells_its_progress_and_its_end():
    go, there = threading.Event(), threading.Event()

    def work(report):
        report(0.25, "reading")
        there.set()
        go.wait(120)
        return "done it"

    job = Job("test", work)
    assert there.wait(120)
    status = job.status
    assert (status.state, status.share, status.text) == ("running", 0.25, "reading")
    go.set()
    assert job.wait(120)
    status = job.status
    assert (status.state, status.share, status.text) == ("done", 1.0, "done it")


def test_cancelling_ends_the_work_at_its_next_report():
    begun, cleaned = threading.Event(), threading.Event()

    def work(report):
        try:
            while True:
                report(None)
                begun.set()
        finally:
            cleaned.set()

    job = Job("test", work)
    assert begun.wait(120)
    job.cancel()
    assert job.wait(120)
    assert cleaned.is_set()
    assert job.status.state == "cancelled"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OutputError("a.mp4", "the disk is full", "free space"), "a.mp4: the disk is full; free"),
        (RuntimeError("odd"), "RuntimeError: odd"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(error, text):
    def work(report):
        raise error

    job = Job("test", work)
    assert job.wait(120)
    assert job.status.state == "failed"
    assert job.status.text.startswith(text)


@pytest.mark.parametrize(
    ("share", "elapsed_s", "left_s"),
    [(None, 9, None), (0.0, 9, None), (0.5, 0.1, None), (0.25, 2, 6)],
)
def test_the_time_left_is_told_once_it_can_be_known(share, elapsed_s, left_s):
    status = JobStatus(state="running", share=share, text="", elapsed_s=elapsed_s)
    assert status.left_s == left_s
