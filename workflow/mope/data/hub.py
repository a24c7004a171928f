"""Models and data sets of the Hugging Face Hub at a fixed commit, so that a later download gives the same files."""

import shutil
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from mope.errors import MopeError

MODEL_FILES = ["*.json", "*.model", "*.jinja", "*.txt", "*.safetensors", "README.md", "LICENSE*"]


def download_model(name: str, revision: str, out: Path) -> None:
    """Files of the model `name` at commit `revision` into the folder `out`; `MopeError` where that fails.

    That includes a model without safetensors: pickled weights can run code when they are read, so none are fetched.
    """
    _patiently(
        name, revision, lambda: snapshot_download(name, revision=revision, allow_patterns=MODEL_FILES, local_dir=out)
    )
    if not any(out.glob("*.safetensors")):
        raise MopeError(f"{name} at {revision}: no weights as safetensors; a commit that has them is expected")
    shutil.rmtree(out / ".cache", ignore_errors=True)


def download_file(name: str, revision: str, file: str, out: Path) -> None:
    """One file of the data set `name` at commit `revision`, copied to `out`; `MopeError` where that fails."""
    found: list[str] = []
    _patiently(
        name, revision, lambda: found.append(hf_hub_download(name, file, repo_type="dataset", revision=revision))
    )
    shutil.copyfile(found[0], out)


def _patiently(name: str, revision: str, fetch: Callable[[], None]) -> None:
    try:
        fetch()
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        message = f"{name} at {revision}: not downloaded ({type(error).__name__}: {reason})"
        raise MopeError(
            f"{message}; a network, an id that exists and access to it are needed, or a local path"
        ) from None
