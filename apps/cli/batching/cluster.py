"""Workers on a Ray cluster: the same jobs, wherever there is a free core.

All machines must see the recordings and the folder of results under the same paths.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Sequence

from eventvision.core import ConfigError

from .jobs import Job, Outcome
from .work import work


def run_on_cluster(jobs: Sequence[Job], address: str) -> Iterator[Outcome]:
    """Do jobs on a cluster and yield their outcomes as they come.

    Args:
        jobs: What to do; each takes one core.
        address: Of the cluster, as `ray.init` takes it: `auto`, `HOST:6379`, `ray://HOST:10001`.

    Raises:
        ConfigError: If Ray is missing or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError:
        expected = "Ray installed: pip install 'eventvision[cluster]'"
        raise ConfigError("--ray", address, expected) from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        expected = f"the address of a running cluster ({str(error).splitlines()[0]})"
        raise ConfigError("--ray", address, expected) from error
    try:
        remote = ray.remote(num_cpus=1, max_retries=1)(_work_there)
        waiting = {remote.remote(job): job for job in jobs}
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            for reference in done:
                job = waiting.pop(reference)
                try:
                    outcome: Outcome = ray.get(reference)
                except ray.exceptions.RayError as error:
                    problem = f"{job.source}: {type(error).__name__} on the cluster"
                    outcome = Outcome(job.source, "failed", job.mark, problem)
                yield outcome
    finally:
        ray.shutdown()


def _work_there(job: Job) -> Outcome:
    """Do a job on a node of the cluster, and say which."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    return work(job, f"{socket.gethostname()}, node {node[:8]}")
