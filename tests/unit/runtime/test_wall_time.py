"""How long a run took, from its files of timings."""

import os
from pathlib import Path

from mope.runtime.wall_time import timed_jobs, wall_time


def job(folder: Path, name: str, start: float, end: float) -> None:
    file = folder / f"{name}.tsv"
    file.write_text(f"s\tmax_rss\n{end - start}\t7.5\n")
    os.utime(file, (end, end))


def test_jobs_side_by_side_count_once_and_pauses_not_at_all(tmp_path: Path) -> None:
    job(tmp_path, "train.a", 1000, 1100)
    job(tmp_path, "train.b", 1050, 1150)
    job(tmp_path, "score", 1180, 1200)  # after half a minute, which counts
    job(tmp_path, "plot.variants", 9000, 9010)  # another day
    assert wall_time(tmp_path) == 200 + 10


def test_what_a_benchmark_adds_is_no_part(tmp_path: Path) -> None:
    job(tmp_path, "train", 1000, 1100)
    for name in ("benchmark_decoding", "plot.decoding_cost", "overview"):
        job(tmp_path, name, 1100, 1150)
    assert wall_time(tmp_path) == 100
    assert [file.stem for file in timed_jobs(tmp_path)] == ["overview", "train"]


def test_of_no_job_nothing_is_known(tmp_path: Path) -> None:
    assert wall_time(tmp_path) is None and wall_time(tmp_path / "absent") is None
