"""Converts a model in a GGUF file to a folder of float32 safetensors with its tokenizer and chat template."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch
from gguf import GGUFReader
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from mope.errors import MopeError
from mope.training.base_source import check_gguf

SENTENCE = "The quick brown fox jumps over the lazy dog, and then it sleeps until 7 in the morning."
TOLERANCE = 1e-4  # largest difference between the float32 logits before and after the conversion


def convert(file: Path, out: Path) -> None:
    """Write the causal LM in the GGUF `file` to the folder `out`: weights, tokenizer, and a card with the licence.

    Quantised weights become the float32 numbers that they stand for. The folder is then read again; `MopeError` where
    its logits on a sentence differ from those of the transformers library's reading of the file by more than
    `TOLERANCE`, or where the file cannot be read.
    """
    header = read_header(file)
    with _explained(file, "cannot be read as a causal LM"):
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, trust_remote_code=False)
        read = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32, trust_remote_code=False
        )
    plain_model(read).save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "README.md").write_text(licence_card(header))
    again = AutoModelForCausalLM.from_pretrained(out, trust_remote_code=False)
    difference = largest_difference(read, again, tokenizer(SENTENCE)["input_ids"])
    if not difference <= TOLERANCE:
        found = f"after the conversion logits differ by up to {difference:.2g}"
        raise MopeError(f"{file}: {found}, at most {TOLERANCE:g} is expected")


def plain_model(model: PreTrainedModel) -> PreTrainedModel:
    """The same model without `quantization_config`, with which the transformers library refuses to save it."""
    config = AutoConfig.for_model(**{k: v for k, v in model.config.to_dict().items() if k != "quantization_config"})
    built = type(model)(config)
    built.load_state_dict(model.state_dict(), strict=True)
    built.generation_config = model.generation_config
    return built


@torch.inference_mode()
def largest_difference(one: PreTrainedModel, other: PreTrainedModel, ids: list[int]) -> float:
    """The largest absolute difference between the logits of two models after each of the tokens `ids`."""
    logits = [model.eval()(input_ids=torch.tensor([ids])).logits for model in (one, other)]
    return (logits[0] - logits[1]).abs().max().item()


def read_header(file: Path) -> GGUFReader:
    """Metadata and positions of all tensors; `MopeError` if the file is no GGUF file, incomplete or damaged."""
    check_gguf(file)
    with _explained(file, "incomplete or damaged"):
        return GGUFReader(file)


def float32_bytes(header: GGUFReader) -> int:
    """The bytes of all tensors in float32."""
    return 4 * sum(int(tensor.n_elements) for tensor in header.tensors)


def licence_card(header: GGUFReader) -> str:
    """A model card with the licence that the file names; empty if it names none."""
    field = header.get_field("general.license")
    return f"---\nlicense: {field.contents()}\n---\n" if field else ""


@contextlib.contextmanager
def _explained(file: Path, problem: str) -> Iterator[None]:
    """Turn any error into a `MopeError` that names the file; libraries do not document what they raise."""
    try:
        yield
    except Exception as error:
        reason = " ".join((str(error) or type(error).__name__).splitlines()[:1])
        raise MopeError(f"{file}: {problem} ({reason})") from error
