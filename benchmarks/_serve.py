"""The timed side of a benchmark: a process that loads one file and calls its functions on request.

Needs the standard library only, so that it runs in the environment of any peer. A request is a line
of JSON on stdin, `{"function": …, "arguments": {…}}`; the answer is a line of JSON on stdout. The
clock runs here, so neither imports nor messages are counted. `version` can be called on any file.

    python _serve.py FILE
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def peak_memory_mb() -> float:
    """Return the most memory that this process has had, in MB.

    Not `ru_maxrss` where it can be helped: a child begins with that of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource

    in_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * in_bytes / 1e6


def version(package: str) -> str:
    """Return the version of an installed package."""
    from importlib.metadata import version

    return version(package)


def answer(functions: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    function = functions[request["function"]]
    gc.collect()
    start = time.perf_counter()
    try:
        value = function(**request["arguments"])
    except ImportError as missing:
        return {"absent": "not installed", "detail": str(missing)}
    except Exception as error:
        return {"absent": f"fails: {type(error).__name__}", "detail": str(error)}
    seconds = time.perf_counter() - start
    return {"value": value, "seconds": seconds, "peak_mb": peak_memory_mb()}


def functions_of(script: Path) -> dict[str, Any]:
    """Load a file as a module that can be found: compilers look up where classes come from."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script} is no Python file")
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def main() -> None:
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what a peer prints must not end up among the answers
        sys.path.remove(str(Path(__file__).parent))  # `all`, `chain`: nobody else is to find them
        functions = {"version": version, **functions_of(Path(sys.argv[1]))}
        for line in sys.stdin:
            json.dump(answer(functions, json.loads(line)), answers)
            answers.write("\n")
            answers.flush()


if __name__ == "__main__":
    main()
