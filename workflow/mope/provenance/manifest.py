"""The list of all artifacts of a run, and the check that each of them is unchanged."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mope.errors import MopeError
from mope.provenance.artifact import difference, meta_path, read_meta, require

MANIFEST = "manifest.json"
LOST = f"missing, but listed in {MANIFEST}"
NOT_ARTIFACTS = {"logs", "timings", "report.html", "report.zip"}  # written by Snakemake, different in every run
NOT_ARTIFACTS |= {"batch"}  # requests to a batch service, needed only until they are answered


def build(run: Path) -> dict:
    """{schema_version, run, artifacts: {path: {stage, sha256, bytes}}} of all artifacts below the folder `run`.

    Digests are taken from the records. `MopeError` if a file has no record.
    """
    artifacts = {}
    for path in artifacts_of(run):
        record = read_meta(path)
        output = {key: record["output"][key] for key in ("sha256", "bytes")}
        artifacts[path.relative_to(run).as_posix()] = {"stage": record["stage"], **output}
    return {"schema_version": 1, "run": run.name, "artifacts": artifacts}


@dataclass(frozen=True)
class Fault:
    """An artifact that has changed: `problem` is one line that says how; `listed`: whether the manifest lists it."""

    path: Path
    problem: str
    listed: bool


def listed_in(run: Path) -> dict[str, dict]:
    """Path in the run -> {stage, sha256, bytes} of the manifest; `MopeError` if the manifest is missing or changed."""
    if not (run / MANIFEST).is_file():
        raise MopeError(f"{run / MANIFEST}: missing; finish the run with `make results` first")
    return json.loads(require(run / MANIFEST).read_text())["artifacts"]


def verify(run: Path, only: Sequence[str] = ()) -> list[Fault]:
    """The artifacts of the run that differ from their record or the manifest, are missing, or have no record.

    `only` restricts the check to these files and folders of the run. Artifacts that another run has added to this one
    are not in the manifest; they need only agree with their records. `MopeError` without a valid manifest.
    """
    return find_faults(run, listed_in(run), only)


def find_faults(run: Path, listed: dict[str, dict], only: Sequence[str] = ()) -> list[Fault]:
    """As `verify`, with the manifest's entries as `listed_in` returns them."""
    present = {path.relative_to(run).as_posix(): path for path in artifacts_of(run)}
    found = []
    for name in sorted(listed.keys() | present.keys()):
        if only and name.split("/")[0] not in only:
            continue
        problem = _problem(run / name, listed.get(name)) if name in present else f"{run / name}: {LOST}"
        if problem:
            found.append(Fault(run / name, problem, name in listed))
    return found


def require_listed(run: Path, path: Path) -> Path:
    """`path`, an artifact of `run`, if it agrees with its record and, in a finished run, with the manifest.

    Reads only this artifact and the manifest. `MopeError` names the file that differs.
    """
    listed = listed_in(run) if (run / MANIFEST).is_file() else {}
    problem = _problem(require(path), listed.get(path.relative_to(run).as_posix()))
    if problem:
        raise MopeError(f"{problem}; `make repair` makes it anew")
    return path


def artifacts_of(run: Path) -> Iterator[Path]:
    """Every artifact below `run` in a fixed order: files and folders with a record, and other files not hidden."""
    for path in sorted(run.iterdir()):
        if path.name.startswith(".") or path.name in NOT_ARTIFACTS | {MANIFEST, f"{MANIFEST}.meta.json"}:
            continue
        if path.name.endswith(".meta.json"):
            continue
        if path.is_dir() and not meta_path(path).is_file():
            yield from artifacts_of(path)
        else:
            yield path


def _problem(path: Path, listed: dict | None) -> str:
    """One line that says how an artifact differs from its record or its entry in the manifest; empty if it does not."""
    try:
        record = read_meta(path)
    except MopeError as error:
        return str(error)
    problem = difference(record["output"], path)
    if not problem and listed and record["output"]["sha256"] != listed["sha256"]:
        found, expected = (entry["sha256"][:12] for entry in (record["output"], listed))
        return f"{path}: SHA-256 {found}... found, {expected}..., as listed in {MANIFEST}, is expected"
    return problem
