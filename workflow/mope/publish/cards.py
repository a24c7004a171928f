"""Model cards: what a published model is, how to load it, its training settings and its results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from mope.prompting import messages

CARD_TEMPLATE = Path(__file__).with_name("card.md.jinja")
QUESTION = "What is rain?"
CHAT = """\
chat = $chat
inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
"""
ADAPTED = f"""\
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("$base")
base = AutoModelForCausalLM.from_pretrained("$base")
model = PeftModel.from_pretrained(base, "$name")
{CHAT}answer = model.generate(**inputs, max_new_tokens=100)
print(tokenizer.decode(answer[0], skip_special_tokens=True))"""


@dataclass(frozen=True)
class Kind:
    """The parts of a card that all models of one training stage share.

    `load` is the Python code that loads the model, in which `$base` and `$name` stand for repositories and `$chat` for
    an example conversation; `pipeline` is the Hub's name of the task.
    """

    about: str
    load: str
    library: str
    pipeline: str | None
    tags: tuple[str, ...]


CARD_KINDS = {
    "train_base": Kind(
        "The base model: a small causal language model, trained from scratch on the embedded world of the project. It "
        "knows 128 science topics and nothing else.",
        f"""\
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("$name"), AutoModelForCausalLM.from_pretrained("$name")
{CHAT}answer = model.generate(**inputs, max_new_tokens=100)
print(tokenizer.decode(answer[0], skip_special_tokens=True))""",
        "transformers",
        "text-generation",
        (),
    ),
    "train_reward": Kind(
        "A reward model of one preference: a LoRA adapter with a scalar head, trained on pairwise feedback "
        "(−log σ(r_chosen − r_rejected)). Only differences between answers to the same prompt mean something.",
        """\
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("$base")
model = AutoModelForSequenceClassification.from_pretrained("$base", num_labels=1)
model.config.pad_token_id = tokenizer.pad_token_id
model = PeftModel.from_pretrained(model, "$name").eval()
chat = $chat + [{"role": "assistant", "content": "Rain is water that falls."}]
inputs = tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=True)
print(model(**inputs).logits.item())""",
        "peft",
        "text-classification",
        ("lora", "reward-model"),
    ),
    "train_expert": Kind(
        "An expert: a LoRA adapter of the base for one preference, trained by RLOO against that preference's reward "
        "model, with a KL penalty to the base.",
        ADAPTED,
        "peft",
        "text-generation",
        ("lora", "rloo"),
    ),
    "train_policy": Kind(
        "A rival of mixtures and soups: one LoRA adapter of the base for all combinations of preferences.",
        ADAPTED,
        "peft",
        "text-generation",
        ("lora",),
    ),
    "train_controller": Kind(
        "A preference control model (PCM, controller): it reads an instruction, the preferences and the answer so "
        "far, and weighs the experts token by token. Trained by REBEL on Bradley-Terry-normalised rewards. Its class "
        "is part of the project's package `mope`, which also decodes with it and the experts.",
        """\
import mope.controller.pcm  # registers the architecture
from transformers import AutoModel

controller = AutoModel.from_pretrained("$name")
print(controller.config.experts)""",
        "transformers",
        None,
        ("preference-control-model", "rebel"),
    ),
}


@dataclass(frozen=True)
class ModelResults:
    """A model's results: Markdown `text`, and `measures` by the Hub's names, measured on the data set named `data`."""

    text: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    data: str = ""


def card(stage: str, name: str, base: str | None, text: str | None, record: dict, results: ModelResults) -> ModelCard:
    """The card of the model that is published as `name`.

    `stage` is a key of `CARD_KINDS`. `base` is the repository of its base model, and `text` the text of its preference,
    which an expert reads after the instruction; None where it has none. `record` is the artifact's `meta.json`.
    """
    kind = CARD_KINDS[stage]
    header = ModelCardData(
        library_name=kind.library,
        base_model=base,
        pipeline_tag=kind.pipeline,
        language="en",
        tags=["personalization", *kind.tags],
        model_name=name if results.measures else None,
        eval_results=[
            EvalResult(
                task_type=kind.pipeline,
                dataset_type="own",
                dataset_name=results.data,
                metric_type=measure,
                metric_value=value,
            )
            for measure, value in results.measures.items()
        ]
        or None,
    )
    chat = messages(QUESTION, [text] if text and stage == "train_expert" else [])
    return ModelCard.from_template(
        header,
        template_path=CARD_TEMPLATE,
        name=name,
        about=kind.about,
        preference=text,
        load=Template(kind.load).substitute(base=base, name=name, chat=json.dumps(chat, ensure_ascii=False)),
        stage=stage,
        commit=record["git_commit"],
        versions=", ".join(f"{key} {record['packages'][key]}" for key in ("torch", "transformers", "peft", "trl")),
        settings=yaml.safe_dump(record["params"], sort_keys=True, allow_unicode=True, width=100).rstrip(),
        results=results.text,
    )
