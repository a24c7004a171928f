"""The runs whose small results are in `results/reference`: the main one, and further ones below `runs/`."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mope.data.tables import read_csv

WHOLE_RUN = "from first to last"  # the line of timings.csv for the whole run
GPU_CHECK = "gpu_check.json"  # what `make gpu-check` wrote, where it was copied here
TESTS = "tests.json"  # number and seconds of the tests, where `make test` was run before `make reference`


@dataclass(frozen=True)
class ReferenceRun:
    """The results that are kept of one run; it need not have all of them. `tables` are its CSV files by name."""

    name: str
    folder: Path
    tables: dict[str, pd.DataFrame]
    claims: list[dict]
    timings: pd.DataFrame | None
    commit: str  # of the code that made its claims, else its first table; "" without records
    figures: list[Path]


def read_reference(reference: Path) -> list[ReferenceRun]:
    """The main run first, then the further ones by name."""
    return [_read_run(reference), *(_read_run(folder) for folder in sorted((reference / "runs").glob("*")))]


def read_benchmark(reference: Path, name: str) -> pd.DataFrame | None:
    """Records of benchmarks/<name>.json; None where it was not run."""
    file = reference / f"benchmarks/{name}.json"
    return pd.read_json(file) if file.is_file() else None


def commit_of(artifact: Path) -> str:
    """The first digits of the commit that an artifact's record names; "" without a record."""
    record = artifact.with_name(f"{artifact.name}.meta.json")
    return json.loads(record.read_text())["git_commit"][:7] if record.is_file() else ""


def _read_run(folder: Path) -> ReferenceRun:
    files = sorted((folder / "tables").glob("*.csv"))
    claims, timings = folder / "claims.json", folder / "timings.csv"
    timed = read_csv(timings) if timings.is_file() else None
    main = "main" if timed is None else timed.run.iloc[0]
    return ReferenceRun(
        name=folder.name if folder.parent.name == "runs" else main,
        folder=folder,
        tables={file.stem: read_csv(file) for file in files},
        claims=json.loads(claims.read_text()) if claims.is_file() else [],
        timings=timed,
        commit=next(filter(None, map(commit_of, [claims, *files])), ""),
        figures=sorted((folder / "figures").glob("*.svg")),
    )
