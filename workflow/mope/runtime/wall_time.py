"""How long a run took, from the files in which Snakemake records the seconds of each job."""

import csv
from pathlib import Path

# Jobs of `make benchmark`, by rule or by rule and wildcards; they do not belong to a run.
APART = frozenset({"benchmark_decoding", "benchmark_training", "plot.decoding_cost"})
AGAIN = frozenset({"claims", "overview", "write_manifest"})  # last jobs of a run, a second each; later runs repeat them
PAUSE = 60  # seconds; a longer time without any job does not count


def timed_jobs(timings: Path, without: frozenset[str] = APART) -> list[Path]:
    """The files `<rule>.<wildcards>.tsv` in `timings` of all jobs but those in `without` (rules, or names of files)."""
    return [file for file in sorted(timings.glob("*.tsv")) if not {file.stem, file.name.split(".")[0]} & without]


def wall_time(timings: Path) -> float | None:
    """Seconds from the start of the first job to the end of the last, without pauses in which no job ran.

    A job ended when Snakemake wrote its file. Pauses longer than `PAUSE` are left out: a run may have been stopped and
    resumed, or a part of it made again later. None if there are no files.
    """
    ends = {file: file.stat().st_mtime for file in timed_jobs(timings, APART | AGAIN)}
    jobs = sorted((end - _seconds(file), end) for file, end in ends.items())
    if not jobs:
        return None
    seconds, reached = 0.0, jobs[0][0]
    for start, end in jobs:
        seconds += max(0.0, end - reached) - (start - reached if start - reached > PAUSE else 0.0)
        reached = max(reached, end)
    return seconds


def _seconds(file: Path) -> float:
    with file.open(newline="") as stream:
        return float(next(csv.DictReader(stream, delimiter="\t"))["s"])
