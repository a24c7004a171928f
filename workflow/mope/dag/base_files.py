"""What the base model is made from, where it is not trained here."""

from collections.abc import Mapping

from mope.dag.model_files import starting_model
from mope.training.base_source import expected_sha256, gguf_file


def starting_base(section: dict) -> str | list[str]:
    """A folder, or a user's GGUF file; nothing where a package carries it.

    A package is the same wherever it is installed: its SHA-256 is a parameter.
    """
    return section["gguf"] or starting_model(section)


def base_option(section: dict, input: Mapping) -> list[str]:
    """The command-line option of it."""
    if section["package"] is not None:
        return ["--package", section["package"]]
    return ["--path" if section["gguf"] is None else "--gguf", input["model"]]


def base_settings(section: dict) -> dict:
    """Settings of the import of a base."""
    pinned = {"sha256": expected_sha256(section)} if gguf_file(section) else {}
    return {"pad_token": section["pad_token"], **pinned}
