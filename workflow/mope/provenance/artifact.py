"""Artifacts: written completely or not at all, each with a record in `<path>.meta.json` of how it was made."""

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from mope.errors import MopeError
from mope.provenance import code
from mope.provenance.output_lock import only_writer
from mope.provenance.record import parse_record
from mope.runtime.processes import is_first

SCHEMA_VERSION = 1
ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (
    *(
        "accelerate",
        "datasets",
        "matplotlib",
        "numpy",
        "pandas",
        "peft",
        "pyarrow",
        "safetensors",
        "scipy",
        "snakemake",
    ),
    *("statsmodels", "textstat", "tokenizers", "torch", "transformers", "trl", "vaderSentiment"),
)
TEMPORARY = ".tmp-"  # part of the hidden names under which artifacts are written: .<artifact's name>.tmp-<writer>
SNAKEMAKE_STAMP = ".snakemake_timestamp"  # a file that Snakemake puts into folders; not part of the artifact
_STARTED = time.monotonic()
_BEGAN = round(time.time(), 3)  # seconds since 1970


@contextlib.contextmanager
def write(
    path: Path | str, *, stage: str, params: dict, seeds: dict[str, int], inputs: Iterable[Path | str] = ()
) -> Iterator[Path]:
    """Yield a temporary path beside `path`; the file or folder that the caller writes there becomes the artifact.

    Its record is written with it. The temporary name is hidden, unique to this process and has the suffix of
    `path`. After an error the temporary path is removed and `path` is unchanged. A kill between moving the artifact and
    moving its record leaves an artifact without a record, which `require` rejects. Of several processes of one training
    only what the first one writes becomes the artifact.

    `MopeError` where another process is writing the artifact, where the caller has written nothing, or where a process
    that began later than this one has written the artifact: a job that outlived its run must not replace newer results.
    """
    path = Path(path)
    if not is_first():
        with tempfile.TemporaryDirectory() as unseen:
            yield Path(unseen) / path.name
        return
    with only_writer(path):
        _check_not_newer(path)
        for left in _temporaries(path):
            remove(left)
        temporary = path.with_name(f".{path.name}{TEMPORARY}{platform.node()}-{os.getpid()}{path.suffix}")
        try:
            sources = {_name(source): _digest_of_input(Path(source)) for source in inputs}
            yield temporary
            if not temporary.exists():
                raise MopeError(f"{path}: stage {stage} wrote nothing; a file or folder at {temporary} was expected")
            output = fingerprint(temporary)
            record = {"stage": stage, "params": params, "seeds": seeds, "inputs": sources, "output": output}
            text = json.dumps(record | _circumstances(), indent=1, sort_keys=True)
            _check_not_newer(path)  # again: where the file system has no locks, another process may have written it
            _commit(temporary, path, text + "\n")
        finally:
            remove(temporary)


def _temporaries(path: Path) -> list[Path]:
    """Unfinished files and folders that killed writers of the artifact `path` have left."""
    begin = f".{path.name}{TEMPORARY}"
    return [file for file in path.parent.iterdir() if file.name.startswith(begin)]


def _check_not_newer(path: Path) -> None:
    """`MopeError` if a process that began after this one has written the artifact at `path`."""
    try:
        began = read_meta(path).get("began", 0.0)
    except MopeError:
        return  # there is no complete artifact
    if began > _BEGAN:
        found = f"{path}: is of a run that began later than this job, which has outlived its own"
        raise MopeError(f"{found}; it stays as it is, delete it to have it made again")


def identity(*, stage: str, params: dict, seeds: dict[str, int], inputs: Iterable[Path | str]) -> str:
    """SHA-256 (hex) of all that determines a stage's result: parameters, seeds, inputs, code and package versions."""
    around = {key: _surroundings()[key] for key in ("code", "python", "packages")}
    sources = {_name(source): _digest_of_input(Path(source)) for source in inputs}
    parts = {"stage": stage, "params": params, "seeds": seeds, "inputs": sources, **around}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def require(path: Path | str) -> Path:
    """`path`, if it exists and its size and SHA-256 agree with its record; else `MopeError`, which says what to do."""
    path = Path(path)
    recorded = read_meta(path)["output"]
    problem = difference(recorded, path)
    if problem:
        raise MopeError(f"{problem}; delete {path} and run the workflow again")
    return path


def verified(path: Path) -> Path:
    """`path`, checked by `require` if it has a record (a download, for example); a user's own file has none."""
    return require(path) if meta_path(path).is_file() else path


def meta_path(path: Path) -> Path:
    """The path of an artifact's record."""
    return path.with_name(path.name + ".meta.json")


def read_meta(path: Path) -> dict:
    """The record of the artifact at `path`; `MopeError` if artifact or record is missing or the record is damaged."""
    if not path.exists():
        raise MopeError(f"{path}: missing; run the workflow to make it")
    try:
        record = parse_record(meta_path(path).read_bytes())
    except FileNotFoundError:
        message = f"{path}: has no {meta_path(path).name}, so it was not completely written"
        raise MopeError(f"{message}; delete it and run the workflow again") from None
    except (OSError, ValueError):
        message = f"{meta_path(path)}: damaged, the record of an artifact was expected"
        raise MopeError(f"{message}; delete it and {path}, and run the workflow again") from None
    if record.get("schema_version") != SCHEMA_VERSION:
        message = (
            f"{meta_path(path)}: schema version {record.get('schema_version')}, version {SCHEMA_VERSION} is needed"
        )
        raise MopeError(f"{message}; delete {path} and run the workflow again")
    return record


def difference(recorded: dict, path: Path) -> str:
    """One line on the first file of the artifact that differs from its fingerprint `recorded`; empty if none does."""
    folder = "files" in recorded
    if path.is_dir() != folder:
        return f"{path}: is a {'file' if folder else 'folder'}, a {'folder' if folder else 'file'} was recorded"
    present = set(_members(path)) if folder else {""}
    expected = recorded["files"] if folder else {"": recorded}
    for name in sorted(expected.keys() | present):
        file = path / name
        if name not in present:
            return f"{file}: missing"
        if name not in expected:
            return f"{file}: not part of the recorded artifact"
        if file.stat().st_size != expected[name]["bytes"]:
            return f"{file}: {file.stat().st_size} bytes found, {expected[name]['bytes']} bytes were recorded"
        if _sha256(file) != expected[name]["sha256"]:
            return f"{file}: content differs from the recorded SHA-256"
    return ""


def fingerprint(path: Path) -> dict:
    """{sha256, bytes} of a file; of a folder {sha256, bytes, files: {name: {sha256, bytes}}}."""
    if not path.is_dir():
        return {"sha256": _sha256(path), "bytes": path.stat().st_size}
    files = {name: fingerprint(path / name) for name in _members(path)}
    lines = "".join(f"{name} {entry['sha256']}\n" for name, entry in files.items())
    total = sum(entry["bytes"] for entry in files.values())
    return {"sha256": hashlib.sha256(lines.encode()).hexdigest(), "bytes": total, "files": files}


def _members(folder: Path) -> list[str]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != SNAKEMAKE_STAMP)
    return sorted(file.relative_to(folder).as_posix() for file in files)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_of_input(path: Path) -> str:
    """SHA-256 of an input: from its record if it has one (which the stage has checked by `require`), else computed."""
    if meta_path(path).is_file():
        return read_meta(path)["output"]["sha256"]
    if not path.exists():
        raise MopeError(f"{path}: missing; a file or folder, which this stage reads, is expected")
    return fingerprint(path)["sha256"]


def _name(path: Path | str) -> str:
    """The name of an input in a record: relative to the working directory or the project's folder if it lies there.

    So records do not depend on where these folders are.
    """
    absolute = Path(path).absolute()
    for folder in (Path.cwd(), ROOT):
        if absolute.is_relative_to(folder):
            return absolute.relative_to(folder).as_posix()
    return absolute.as_posix()


def input_at(name: str) -> Path:
    """The input that a record calls `name`."""
    return Path(name) if Path(name).exists() else ROOT / name


def _circumstances() -> dict:
    """The rest of a record: code, versions, machine, seconds since the process began, and peak memory in MB (2^20)."""
    usage = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    torch = sys.modules.get("torch")  # not imported here: only used if the stage has imported it
    cuda = torch is not None and torch.cuda.is_initialized()  # the stage has used it
    gpu = torch.cuda.max_memory_allocated() / 1024**2 if cuda else None
    return {
        "schema_version": SCHEMA_VERSION,
        "host": platform.node(),
        "began": _BEGAN,
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "wall_s": round(time.monotonic() - _STARTED, 3),
        "peak_memory_mb": round(usage / (1024 if sys.platform == "linux" else 1024**2), 1),
        "peak_gpu_memory_mb": None if gpu is None else round(gpu, 1),
        **_surroundings(),
    }


@functools.cache
def _surroundings() -> dict:
    main = getattr(sys.modules["__main__"], "__file__", None)
    script = Path(main).resolve() if main else None
    return {
        "code": code.digest(script) if script and script.is_relative_to(ROOT / "workflow") else None,
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "git_commit": git_output("rev-parse", "HEAD"),
        "git_dirty": bool(git_output("status", "--porcelain", "--untracked-files=no")),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def git_output(*arguments: str, folder: Path = ROOT) -> str | None:
    """What git says in a folder; None where git is not installed, or does not know the folder."""
    try:
        result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.strip()


def _commit(temporary: Path, path: Path, record: str) -> None:
    """Flush everything to disk, then remove the old record, move the artifact into place, and last move its record."""
    meta, temporary_meta, old = meta_path(path), *(temporary.with_name(temporary.name + x) for x in (".meta", ".old"))
    temporary_meta.write_text(record)
    for file in [temporary_meta, *(temporary / name for name in _members(temporary))]:
        _fsync(file)
    _fsync(temporary)
    remove(meta)  # where it is damaged, it may be a folder
    if path.is_dir():
        remove(old)
        path.rename(old)
    temporary.replace(path)
    temporary_meta.replace(meta)
    _fsync(path.parent)
    remove(old)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
