"""Fuzz test of every file format that is read: damaged recordings, each read from end to end.

    python tests/io/fuzz.py --inputs 2000000 --seed 7

Input number N of a seed is always the same. Whatever it is, only an `EventVisionError` may come
out of reading and seeking it; what is read lies in order and on the sensor and is no more than the
file can hold; nothing hangs, crashes or takes much memory. Each job is a process of its own: when
one dies, the input that killed it is a finding and another one continues after it.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from fuzz_mutations import mutated
from fuzz_seeds import COUNT, Seed, all_seeds

from eventvision.core import EventVisionError, Source
from eventvision.io import open_source

EVENTS_PER_BYTE = 64
"""No file of these sizes can hold more; DEFLATE and LZ4 do not shrink real events further."""
MOST_BYTES = 3 << 29
"""Address space that reading may take beyond what the process has after its first files."""
MOST_SECONDS = 120.0


class ViolationError(Exception):
    """A reader broke a promise."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one job does: inputs `first`, `first + step`, … below `end`."""

    folder: Path
    seed: int
    first: int
    step: int
    end: int
    names: tuple[str, ...] = ()


def read_all(source: Source, most_events: int, from_us: int = 0) -> tuple[int, int, int]:
    """Read to the end and return how many events there were and the first and last time."""
    count, first_us, last_us = 0, -1, from_us
    width, height = source.info.sensor.width, source.info.sensor.height
    for packet in source:
        data = packet.events.data
        if not data.size:
            continue
        t = data["t"]
        if t[0] < last_us or (np.diff(t) < 0).any():
            raise ViolationError("times go backwards, or lie before what was sought")
        if data["x"].max() >= width or data["y"].max() >= height:
            raise ViolationError("an event lies outside the sensor")
        first_us, last_us = first_us if count else int(t[0]), int(t[-1])
        count += data.size
        if count > most_events:
            raise ViolationError(f"more than {most_events} events")
    return count, first_us, last_us


def outcome(path: Path) -> str:
    """Read a recording wholly, then from its middle; return whether it was whole.

    Raises:
        ViolationError: If a promise is broken.
        Exception: Whatever else escapes is a finding, too.
    """
    files = path.rglob("*") if path.is_dir() else [path]
    most_events = 100_000 + EVENTS_PER_BYTE * sum(file.stat().st_size for file in files)
    try:
        with closing(open_source(path)) as source:
            count, first_us, last_us = read_all(source, most_events)
            damaged = bool(source.damage)
            said = (source.info.camera, *source.info.notes, *map(str, source.damage.items))
            if not "".join(said).isprintable():
                raise ViolationError("what the source says is not printable text")
            middle_us = (first_us + last_us) // 2
            source.seek(middle_us)
            sought, _, _ = read_all(source, most_events, max(0, middle_us))
    except EventVisionError as error:
        if not str(error).isprintable():
            text = f"the error is not one line of printable text: {str(error)!r}"
            raise ViolationError(text) from error
        return "refused"
    if not damaged and sought > count:
        raise ViolationError("more events after seeking than in all")
    return "damaged" if damaged else "whole"


class Bench:
    """A folder in which one input after another is laid out and read."""

    def __init__(self, work: Work) -> None:
        self.work = work
        seeds = all_seeds(_emptied(work.folder / "seeds"))
        self.seeds = [seed for seed in seeds if not work.names or seed.name in work.names]
        self._inputs = _emptied(work.folder / "inputs")

    def laid_out(self, seed: Seed, data: bytes) -> Path:
        """Store a recording and return what to open."""
        if not seed.folder:
            path = self._inputs / f"input{seed.suffix}"
            path.write_bytes(data)
            return path
        folder = self._inputs / seed.name
        if not folder.exists():
            folder.mkdir()
            for name, content in seed.folder:
                (folder / name).write_bytes(content)
        (folder / seed.file).write_bytes(data)
        return folder

    def input(self, number: int) -> tuple[Seed, bytes]:
        """Return a recording and its damaged bytes."""
        seed = self.seeds[(number + number // len(self.seeds)) % len(self.seeds)]
        return seed, mutated(seed.data, Random(f"{self.work.seed}/{seed.name}/{number}"))

    def try_undamaged(self) -> int:
        """Read every seed, which must be whole, and return how many there are."""
        for seed in self.seeds:
            path = self.laid_out(seed, seed.data)
            with closing(open_source(path)) as source:
                count, _, _ = read_all(source, COUNT)
            found = outcome(path)
            if (count, found) != (COUNT, "whole"):
                raise ViolationError(f"{seed.name} undamaged: {count} events, {found}")
        return len(self.seeds)


def run(work: Work) -> None:
    """Try all inputs of a job; the findings and counts are files in its folder."""
    bench = Bench(work)
    warnings.simplefilter("error")
    bench.try_undamaged()
    _limit_memory()
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    with (work.folder / "number").open("wb", 0) as place, (work.folder / "fatal").open("w") as log:
        faulthandler.enable(log)
        for number in range(work.first, work.end, work.step):
            os.pwrite(place.fileno(), b"%020d" % number, 0)
            seed, data = bench.input(number)
            path = bench.laid_out(seed, data)
            faulthandler.dump_traceback_later(MOST_SECONDS, exit=True, file=log)
            begin = time.perf_counter()
            try:
                found = outcome(path)
            except Exception as error:
                found = "FINDING"
                _note(work, seed, number, _described(error))
            faulthandler.cancel_dump_traceback_later()
            seconds[seed.name] += time.perf_counter() - begin
            counts[f"{seed.name}\t{found}"] += 1
    _append(work, "counts", {"counts": counts, "seconds": seconds})


def supervised(work: Work) -> None:
    """Run a job in processes of its own until all its inputs have been tried."""
    first = work.first
    while first < work.end:
        part = Work(work.folder, work.seed, first, work.step, work.end, work.names)
        process = multiprocessing.get_context("spawn").Process(target=run, args=(part,))
        process.start()
        process.join()
        if process.exitcode == 0:
            return
        if not (work.folder / "number").is_file():
            raise SystemExit("a job ended before its first input")
        number = int((work.folder / "number").read_bytes())
        (work.folder / "number").unlink()
        fatal = (work.folder / "fatal").read_text().splitlines()
        where = next((line for line in fatal if "eventvision" in line), "")
        _note(work, None, number, f"died with {process.exitcode}: {fatal[:1]} {where.strip()}")
        first = number + work.step


def fuzz(inputs: int, seed: int, jobs: int, names: tuple[str, ...] = (), first: int = 0) -> bool:
    """Try inputs in parallel, print what came of it and tell whether nothing was found."""
    memory = Path("/dev/shm")
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        folders = [Path(folder, str(job)) for job in range(jobs)]
        for place in folders:
            place.mkdir()
        works = [
            Work(place, seed, first + job, jobs, first + inputs, names)
            for job, place in enumerate(folders)
        ]
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(supervised, works))
        notes = [note for place in folders for note in _lines(place, "findings")]
        tallies = [tally for place in folders for tally in _lines(place, "counts")]
    _print_counts(tallies, inputs, time.perf_counter() - begin)
    _print_findings(notes)
    return not notes


def _print_counts(tallies: list[dict], inputs: int, wall_s: float) -> None:
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for tally in tallies:
        counts.update(tally["counts"])
        seconds.update(tally["seconds"])
    kinds = ("refused", "damaged", "whole", "FINDING")
    print(f"{'':28}{'inputs':>9}" + "".join(f"{kind:>9}" for kind in kinds) + f"{'ms each':>9}")
    for name in seconds:
        row = [counts[f"{name}\t{kind}"] for kind in kinds]
        each = f"{1e3 * seconds[name] / sum(row):9.2f}"
        print(f"{name:28}{sum(row):9}" + "".join(f"{count:9}" for count in row) + each)
    print(f"{inputs} inputs in {wall_s:.0f} s")


def _print_findings(notes: list[dict]) -> None:
    often = Counter((note["name"], note["problem"]) for note in notes)
    for (name, problem), count in often.most_common():
        alike = (note for note in notes if (note["name"], note["problem"]) == (name, problem))
        number = next(alike)["number"]
        print(f"FINDING {name} input {number} ({count} times): {problem}")
    print(f"{len(notes)} findings")


def _described(error: Exception) -> str:
    own = [
        frame for frame in traceback.extract_tb(error.__traceback__)
        if f"{os.sep}eventvision{os.sep}" in frame.filename
    ]  # fmt: skip
    where = f" in {Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}" if own else ""
    text = f"{type(error).__name__}: {error}".partition("\n")[0]
    return f"{text[:160]}{where}"


def _limit_memory() -> None:
    statm = Path("/proc/self/statm")
    if statm.is_file():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, hard))


def _note(work: Work, seed: Seed | None, number: int, problem: str) -> None:
    name = seed.name if seed else ""
    _append(work, "findings", {"name": name, "number": number, "problem": problem})


def _append(work: Work, name: str, value: dict) -> None:
    with (work.folder / name).open("a") as file:
        file.write(json.dumps(value) + "\n")


def _lines(folder: Path, name: str) -> list[dict]:
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main() -> None:
    """Read the command line; exit with 1 where something was found."""
    parser = argparse.ArgumentParser(description="Damage recordings and read them.")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", action="append", default=[], help="name of a seed recording")
    given = parser.parse_args()
    clean = fuzz(given.inputs, given.seed, given.jobs, tuple(given.only), given.first)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
