"""How long a run took, from the files in which Snakemake notes the seconds of each job."""

import csv
from pathlib import Path

# Jobs of `make benchmark`, which are no part of a run, by rule or by rule and wildcards.
APART = frozenset({"benchmark_decoding", "benchmark_training", "plot.decoding_cost"})
AGAIN = frozenset({"claims", "overview", "write_manifest"})  # the last of a run, a second each, which it repeats
PAUSE = 60  # seconds without any job, from which on they are no part of a run


def timed_jobs(timings: Path, without: frozenset[str] = APART) -> list[Path]:
    """The files `<rule>.<wildcards>.tsv` of all jobs but those named `without`."""
    return [file for file in sorted(timings.glob("*.tsv")) if not {file.stem, file.name.split(".")[0]} & without]


def wall_time(timings: Path) -> float | None:
    """Seconds from the start of the first job to the end of the last, but for pauses in which nothing ran.

    When jobs ended is known from when Snakemake wrote their files. Pauses are of more than a minute: a run that was
    stopped and went on later, or of which a part was made again. None where no job is known.
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
