"""Repair of a run: what differs from its record is made anew by the jobs that made it, and nothing else.

Snakemake asks only whether a file is there and newer than what it was made from. So a damaged artifact is deleted, and
Snakemake is asked for it by name. An artifact that comes out as it was before gets back the time at which it was made
first: for Snakemake nothing has changed, and what was made from it stays.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from mope.errors import MopeError
from mope.provenance.artifact import SNAKEMAKE_STAMP, meta_path, read_meta, remove
from mope.provenance.manifest import MANIFEST, Fault, artifacts_of, find_faults, listed_in

Inputs = dict[Path, set[Path]]  # artifact -> the artifacts that it was made from


def repair(run: Path, make: Callable[[Sequence[Path]], None]) -> list[Fault]:
    """Make what is damaged in `run` anew; returns what differs from its record or the manifest after that.

    `make` runs the jobs that make some artifacts of the run. What comes out otherwise than the manifest says is among
    the returned; what follows from that is outdated, which the next run of the workflow sees by its time.
    """
    try:
        listed = listed_in(run)
    except MopeError:
        if not (run / MANIFEST).is_file():
            raise
        listed = {}  # it is damaged itself: the records remain
    damaged = [fault.path for fault in find_faults(run, listed) if fault.listed or not listed]
    records = {path: known_record(path) for path in {*artifacts_of(run), *damaged}}
    place = Path.cwd() if run.is_absolute() else Path()  # records name what lies in the working directory from there
    inputs = {path: {place / name for name in record.get("inputs", ())} for path, record in records.items()}
    times = {path: time_of(path, inputs) for path in records}
    before = {path: record["output"]["sha256"] for path, record in records.items() if record}
    before |= {run / name: entry["sha256"] for name, entry in listed.items()}
    for wave in waves(damaged, inputs):
        _make_anew(wave, make)
        give_back_times(before, times)
    if not listed:
        _make_anew([run / MANIFEST], make)
    return find_faults(run, listed_in(run))


def known_record(path: Path) -> dict:
    """The record of an artifact, which may itself be gone; empty where nothing is known of it."""
    try:
        record = json.loads(meta_path(path).read_text(encoding="utf-8"))
        record["output"]["sha256"], record["inputs"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return record


def waves(damaged: Collection[Path], inputs: Inputs) -> Iterable[list[Path]]:
    """The damaged artifacts in an order in which none comes before what it was made from, at whatever distance."""
    waiting = set(damaged)
    while waiting:
        ready = sorted(path for path in waiting if not (_ancestors(path, inputs) - {path}) & waiting)
        yield ready or sorted(waiting)
        waiting -= set(ready or waiting)


def _ancestors(path: Path, inputs: Inputs) -> set[Path]:
    found, new = set(), {path}
    while new:
        new = {source for each in new for source in inputs.get(each, ())} - found
        found |= new
    return found


def time_of(path: Path, inputs: Inputs) -> int | None:
    """When an artifact was made, in nanoseconds: the time of its record, or else of the first made from it."""
    users = [user for user, sources in inputs.items() if path in sources]
    records = [meta_path(path)] if meta_path(path).exists() else [m for m in map(meta_path, users) if m.exists()]
    return min((record.stat().st_mtime_ns for record in records), default=None)


def give_back_times(before: dict[Path, str], times: dict[Path, int | None]) -> None:
    """Those artifacts whose record is another one but says the digest of `before` get the times of `times` again."""
    for path, time in times.items():
        if time is None or not path.exists() or not meta_path(path).exists():
            continue
        changed = meta_path(path).stat().st_mtime_ns != time
        if changed and read_meta(path)["output"]["sha256"] == before.get(path):
            for file in (path / SNAKEMAKE_STAMP, path, meta_path(path)):
                if file.exists():
                    os.utime(file, ns=(time, time))


def _make_anew(paths: Sequence[Path], make: Callable[[Sequence[Path]], None]) -> None:
    for path in paths:
        remove(meta_path(path))  # first: what is half removed never looks whole
        remove(path)
    make(paths)
