"""Workers on this machine: processes that live on from job to job.

A worker that dies, for whatever reason, costs the recording that it was at; another takes its
place. Processes are started afresh, so that no thread or lock of ours is copied into them. Each has
its share of the cores to itself, as far as there are enough.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from .cores import keep_to, shares, usable_cores
from .jobs import Job, Outcome
from .work import work

_START = multiprocessing.get_context("spawn")
_PARTING_S = 2.0


class _Worker:
    """A process on some cores, and the job that it is at."""

    def __init__(self, cores: list[int]) -> None:
        self.cores = cores
        self.pipe, theirs = _START.Pipe()
        self.process: BaseProcess = _START.Process(target=_serve, args=(theirs, cores), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Job | None = None

    def give(self, job: Job) -> None:
        """Hand over a job."""
        self.job = job
        with suppress(OSError):  # it has died, which is found out on waiting for it
            self.pipe.send(job)

    def outcome(self) -> Outcome:
        """Take the outcome of the job, or say how the process ended."""
        job, self.job = self.job, None
        if job is None:
            raise ValueError("the worker has no job")
        try:
            outcome: Outcome = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(_PARTING_S)
            return Outcome(job.source, "failed", job.mark, f"{job.source}: {self._end()}")
        return outcome

    def close(self) -> None:
        """End the process."""
        with suppress(OSError):
            self.pipe.close()
        self.process.join(0.2 if self.job is None else 0.0)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(_PARTING_S)

    def _end(self) -> str:
        code = self.process.exitcode
        if code is not None and code < 0:
            with suppress(ValueError):
                return (
                    f"the worker was ended by {signal.Signals(-code).name}; "
                    "if that was for want of memory, use fewer workers"
                )
        return f"the worker ended by itself with exit code {code}"


def run_local(jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    """Do jobs in processes and yield their outcomes as they come.

    Args:
        jobs: What to do.
        workers: How many at a time.
    """
    left = deque(jobs)
    crew = [_Worker(cores) for cores in shares(usable_cores(), min(workers, len(left)))]
    try:
        for worker in crew:
            worker.give(left.popleft())
        while busy := [worker for worker in crew if worker.job is not None]:
            ready = wait([worker.pipe for worker in busy])
            for index, worker in enumerate(crew):
                if worker.job is None or worker.pipe not in ready:
                    continue
                yield worker.outcome()
                if left:
                    if not worker.process.is_alive():
                        worker.close()
                        crew[index] = _Worker(worker.cores)
                    crew[index].give(left.popleft())
    finally:
        for worker in crew:
            worker.close()


def _serve(pipe: Connection, cores: list[int]) -> None:
    keep_to(cores)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        pipe.send(work(job))
