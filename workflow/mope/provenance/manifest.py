"""The list of all artifacts of a run, and the check that every one of them is still what it was."""

import json
from collections.abc import Iterator
from pathlib import Path

from mope.errors import MopeError
from mope.provenance.artifact import difference, meta_path, read_meta, require

MANIFEST = "manifest.json"
NOT_ARTIFACTS = {"logs", "timings", "report.html", "report.zip"}  # by Snakemake, different in every run
NOT_ARTIFACTS |= {"batch"}  # requests to a batch service: of use until they are answered


def build(run: Path) -> dict:
    """{schema_version, run, artifacts: {path: {stage, sha256, bytes}}} of all artifacts below the folder `run`.

    Digests come from the records. `MopeError` if a file has no record.
    """
    artifacts = {}
    for path in artifacts_of(run):
        record = read_meta(path)
        output = {key: record["output"][key] for key in ("sha256", "bytes")}
        artifacts[path.relative_to(run).as_posix()] = {"stage": record["stage"], **output}
    return {"schema_version": 1, "run": run.name, "artifacts": artifacts}


def verify(run: Path) -> list[str]:
    """One line for each file of the run that differs from its record or the manifest, is missing, or has no record.

    What another run that uses these artifacts has added since is in no manifest, and fine if it is as recorded.
    """
    if not (run / MANIFEST).is_file():
        raise MopeError(f"{run / MANIFEST}: missing; finish the run with `make results` first")
    listed = json.loads(require(run / MANIFEST).read_text())["artifacts"]
    present = {path.relative_to(run).as_posix(): path for path in artifacts_of(run)}
    problems = [f"{run / name}: missing, but listed in {MANIFEST}" for name in sorted(listed.keys() - present.keys())]
    for name, path in present.items():
        problems.extend(_problems(run, path, listed.get(name)))
    return problems


def artifacts_of(run: Path) -> Iterator[Path]:
    """Every artifact below `run` in a fixed order: what has a record, and any other file that lies in the open."""
    for path in sorted(run.iterdir()):
        if path.name.startswith(".") or path.name in NOT_ARTIFACTS | {MANIFEST, f"{MANIFEST}.meta.json"}:
            continue
        if path.name.endswith(".meta.json"):
            continue
        if path.is_dir() and not meta_path(path).is_file():
            yield from artifacts_of(path)
        else:
            yield path


def _problems(run: Path, path: Path, listed: dict | None) -> Iterator[str]:
    try:
        record = read_meta(path)
    except MopeError as error:
        yield str(error)
        return
    problem = difference(record["output"], path)
    if problem:
        yield problem
    elif listed and record["output"]["sha256"] != listed["sha256"]:
        yield f"{path}: is not the one listed in {MANIFEST}"
