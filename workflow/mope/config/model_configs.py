"""The configurations of the models that `make plan` counts: read from files or from the hub, or built here."""

from pathlib import Path

from transformers import AutoConfig, LlamaConfig, PreTrainedConfig

from mope.errors import MopeError
from mope.training.base_source import check_gguf, gguf_file
from mope.training.model_code import check_no_code


def base_config(config: dict, folders: list[Path]) -> PreTrainedConfig:
    """The configuration of the base model: the first config.json in `folders`, else that of the hub, of the GGUF file,
    or of the shape in the section `base`. `MopeError` where it cannot be read or reached.
    """
    for folder in folders:
        if (folder / "config.json").is_file():
            return _in_folder(folder)
    s, file = config["base"], gguf_file(config["base"])
    if s["path"] is not None:
        raise MopeError(
            f"base.path: {s['path']}/config.json does not exist; that of a model, or {_plan_option_hint('base')}"
        )
    if file is not None:
        check_gguf(file)
        return _read(file.parent, str(file), gguf_file=file.name)
    return llama_config(s, s["vocabulary"]) if s["hub"] is None else _of_hub(s["hub"], "base")


def controller_config(section: dict, base: PreTrainedConfig, folder: Path | None) -> LlamaConfig | None:
    """The LLaMA of a controller with these settings, as wide as the vocabulary of the base; None for constant weights.

    `folder` has the config.json of a model that `section` names on the hub; None: the hub is asked. `MopeError` where
    it cannot be read or reached, or is no LLaMA's.
    """
    if section["reads"] == "combination":
        return None
    if section["start"] == "embeddings" or (
        section["start"] == "random" and not section["path"] and not section["hub"]
    ):
        return llama_config(section, base.vocab_size)
    key, found = "controller.start: base", base
    if section["path"]:
        key, found = f"controller.path {section['path']}", _in_folder(Path(section["path"]))
    elif section["hub"]:
        key = f"controller.hub {section['hub']['id']}"
        found = _in_folder(folder) if folder else _of_hub(section["hub"], "controller")
    if found.model_type != "llama":
        raise MopeError(f"{key}: a model of type {found.model_type} found, one of type llama is expected")
    layers = section["layers"] if section["start"] == "base" else found.num_hidden_layers
    sizes = {"vocab_size": base.vocab_size, "num_hidden_layers": layers, "layer_types": None}
    return LlamaConfig(**found.to_dict() | sizes)


def llama_config(section: dict, vocabulary: int) -> LlamaConfig:
    """A LLaMA of the shape in a section, `base` or `controller`."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=section["hidden"],
        num_hidden_layers=section["layers"],
        num_attention_heads=section["heads"],
        intermediate_size=section["intermediate"],
        tie_word_embeddings=False,
    )


def _in_folder(folder: Path) -> PreTrainedConfig:
    check_no_code(folder, str(folder))
    return _read(folder, str(folder))


def _of_hub(hub: dict, section: str) -> PreTrainedConfig:
    try:
        return _read(hub["id"], f"{section}.hub: {hub['id']}", revision=hub["revision"])
    except OSError:
        found = f"{section}.hub: the config.json of {hub['id']} cannot be reached"
        raise MopeError(f"{found}; a network, or {_plan_option_hint(section)}") from None


def _plan_option_hint(section: str) -> str:
    return f"PLAN='--{section} <folder that has it>', is expected"


def _read(source: Path | str, origin: str, **options: str) -> PreTrainedConfig:
    """The configuration of a model; `MopeError`, which begins with `origin`, for one that transformers cannot read.

    An `OSError` is left: the hub cannot be reached.
    """
    try:
        return AutoConfig.from_pretrained(source, **options, trust_remote_code=False)
    except OSError as error:
        if isinstance(source, str):
            raise
        found = error
    except Exception as error:  # what the library raises for a family that it does not know, or for damage
        found = error
    reason = (str(found) or type(found).__name__).splitlines()[0][:300]
    raise MopeError(f"{origin}: {reason}; the configuration of a model that transformers knows is expected") from None
