"""What the base model is imported from, where it is not trained here."""

from collections.abc import Mapping

from mope.dag.model_files import starting_model
from mope.training.base_source import expected_sha256, gguf_file


def starting_base(section: dict) -> str | list[str]:
    """The input of the import: a folder, or a user's GGUF file; [] where an installed package has the model.

    A package is the same wherever it is installed: its SHA-256 is a parameter.
    """
    return section["gguf"] or starting_model(section)


def base_option(section: dict, input: Mapping) -> list[str]:
    """The command-line option that names what is imported."""
    if section["package"] is not None:
        return ["--package", section["package"]]
    return ["--path" if section["gguf"] is None else "--gguf", input["model"]]


def base_settings(section: dict) -> dict:
    """Settings of the stage that imports a base."""
    pinned = {"sha256": expected_sha256(section)} if gguf_file(section) else {}
    return {"pad_token": section["pad_token"], **pinned}
