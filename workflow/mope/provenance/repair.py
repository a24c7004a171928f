"""Repairs a run: artifacts that differ from their records are made again by their own jobs, and nothing else is.

Snakemake only checks whether a file exists and is newer than its inputs. So damaged artifacts are deleted and requested
from Snakemake by name. An artifact that turns out the same as before gets back its old modification time, so that
Snakemake does not make again what was made from it.
"""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from mope.errors import MopeError
from mope.provenance.artifact import SNAKEMAKE_STAMP, meta_path, read_meta, remove
from mope.provenance.manifest import MANIFEST, Fault, artifacts_of, find_faults, listed_in
from mope.provenance.record import parse_record

Inputs = dict[Path, set[Path]]  # artifact -> the artifacts that it was made from


def repair(run: Path, make: Callable[[Sequence[Path]], None]) -> list[Fault]:
    """Make the damaged artifacts of `run` again; returns those that still differ from their record or the manifest.

    `make(paths)` runs the jobs that make these artifacts. An artifact that turns out different from the manifest is
    returned too; what was made from it is outdated, and the next run of the workflow makes it again. `MopeError`
    without a manifest.
    """
    try:
        listed = listed_in(run)
    except MopeError:
        if not (run / MANIFEST).is_file():
            raise
        listed = {}  # the manifest is damaged itself; the records remain
    damaged = [fault.path for fault in find_faults(run, listed) if fault.listed or not listed]
    records = {path: known_record(path) for path in {*artifacts_of(run), *damaged}}
    place = Path.cwd() if run.is_absolute() else Path()  # inputs in records are relative to the working directory
    inputs = {path: {place / name for name in record.get("inputs", {})} for path, record in records.items()}
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
    """The record of an artifact, also where the artifact itself is missing; {} without a valid record."""
    try:
        return parse_record(meta_path(path).read_bytes())
    except (OSError, ValueError):
        return {}


def waves(damaged: Collection[Path], inputs: Inputs) -> Iterable[list[Path]]:
    """The damaged artifacts in groups, such that everything an artifact was made from comes in an earlier group."""
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
    """When an artifact was made, in nanoseconds since 1970: the time of its record.

    Without a record it is the earliest time of the records of artifacts made from it; None if these have none either.
    """
    users = [user for user, sources in inputs.items() if path in sources]
    records = [meta_path(path)] if meta_path(path).exists() else [m for m in map(meta_path, users) if m.exists()]
    return min((record.stat().st_mtime_ns for record in records), default=None)


def give_back_times(before: dict[Path, str], times: dict[Path, int | None]) -> None:
    """Set artifacts that were made again with the same digest as `before` back to their modification `times`."""
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
        remove(meta_path(path))  # first, so that a half-removed artifact never looks complete
        remove(path)
    make(paths)
