"""Any sequence classifier of the Hugging Face Hub's format, with its own tokenizer, as a reward model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mope.errors import MopeError
from mope.prompting import is_conversation, messages, rendered_chat, reply
from mope.runtime.precision import device, dtype_of
from mope.runtime.progress import progress
from mope.training.chat_template import settle_template
from mope.training.classifier_folder import check_classifier, classifier_positions

INDEPENDENT = (
    "regression",
    "multi_label_classification",
)  # values of problem_type with which each label's logit is a score of its own


class Classifier:
    """The classifier in `folder`, which scores by one `label`; None: its only one.

    A text is in the format of the tokenizer's chat template. Without a template it is prompt and answer as a pair,
    where the tokenizer has a separator, else prompt, line end and answer; then a prompt is a single question.
    `MopeError` where the folder holds no such model, or not all of its weights.
    """

    def __init__(self, folder: Path, label: str | int | None, precision: str = "float32"):
        self.folder, self.label = folder, check_classifier(folder, label)
        self.positions, self.device = classifier_positions(folder), device()
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            self.model, loading = AutoModelForSequenceClassification.from_pretrained(
                folder,
                dtype=dtype_of(precision, self.device),
                use_safetensors=True,
                output_loading_info=True,
                trust_remote_code=False,
            )
        except Exception as error:  # the libraries do not document what they raise
            raise MopeError(f"{folder}: not a sequence classifier with a tokenizer ({error})") from error
        if loading["missing_keys"]:
            missing = sorted(loading["missing_keys"])
            raise MopeError(f"{folder}: the weights lack {missing[0]} and {len(missing) - 1} others; all are expected")
        self.model.to(self.device).eval()
        if self.tokenizer.chat_template is not None:
            settle_template(self.tokenizer, str(folder))
        print(f"{folder}: texts are {self.format}")

    @property
    def format(self) -> str:
        """How prompt and answer become one text."""
        if self.tokenizer.chat_template is not None:
            return "in the format of its chat template"
        if self.tokenizer.sep_token is not None:
            return f"prompt and answer as a pair with {self.tokenizer.sep_token}: it has no chat template"
        return "prompt, line end and answer: it has no chat template"

    @torch.inference_mode()
    def score(self, prompts: Sequence[str], responses: Sequence[str], texts: Sequence[str] = ()) -> torch.Tensor:
        """Rewards (N,), float32 on the CPU, of N answers to prompts that the preference `texts` follow.

        A reward is that of `label_reward`. `MopeError` where a text has more tokens than the model has positions: none
        is cut.
        """
        rows = [self._tokens(*pair, texts) for pair in zip(prompts, responses, strict=True)]
        longest = max((len(row["input_ids"]) for row in rows), default=0)
        if self.positions is not None and longest > self.positions:
            found = (
                f"{self.folder}: a prompt with its answer has {longest} tokens, the model {self.positions} positions"
            )
            raise MopeError(f"{found}; shorter answers (generation.max_new_tokens), or another judge, are expected")
        order = sorted(range(len(rows)), key=lambda n: len(rows[n]["input_ids"]))
        size = (16 if self.device == "cpu" else 64) if self._may_pad(rows) else 1
        rewards = torch.empty(len(rows))
        with progress(len(rows), "rewards") as bar:
            for start in range(0, len(order), size):
                batch = order[start : start + size]
                rewards[batch] = self._rewards([rows[n] for n in batch])
                bar.update(len(batch))
        return rewards

    def _tokens(self, prompt: str, response: str, texts: Sequence[str]) -> dict[str, list[int]]:
        if self.tokenizer.chat_template is not None:
            chat = rendered_chat(self.tokenizer, [*messages(prompt, texts), reply(response)])
            return dict(self.tokenizer(chat, add_special_tokens=False))
        if is_conversation(prompt):
            found = f"{self.folder}: its tokenizer has no chat template, and a prompt is a conversation"
            raise MopeError(f"{found}; single questions, or a judge with a template, are expected")
        [asked] = messages(prompt, texts)
        if self.tokenizer.sep_token is not None:
            return dict(self.tokenizer(asked["content"], response))
        return dict(self.tokenizer(f"{asked['content']}\n{response}"))

    def _may_pad(self, rows: Sequence[dict[str, list[int]]]) -> bool:
        """Whether padding changes no reward: models find a text's end by the pad token, which no text may then hold."""
        pad = self.tokenizer.pad_token_id
        known = pad is not None and pad == self.model.config.pad_token_id
        return known and not any(pad in row["input_ids"] for row in rows)

    def _rewards(self, rows: list[dict[str, list[int]]]) -> torch.Tensor:
        padding = {"padding": len(rows) > 1, "padding_side": "right"}
        inputs = self.tokenizer.pad(rows, **padding, return_tensors="pt").to(self.device)
        return label_reward(self.model(**inputs).logits.float().cpu(), self.label, self.model.config.problem_type)


def label_reward(logits: torch.Tensor, label: int, problem: str | None) -> torch.Tensor:
    """Of logits (B, L): the log-odds (B,) of a label under the softmax; its logit if it is alone or independent."""
    if logits.shape[1] == 1 or problem in INDEPENDENT:
        return logits[:, label]
    others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
    return logits[:, label] - others.logsumexp(dim=1)


@dataclass(frozen=True)
class StatedClassifier:
    """A classifier that judges under a preference whose `texts`, if any, follow each prompt."""

    classifier: Classifier
    texts: tuple[str, ...] = ()

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> torch.Tensor:
        """Rewards (N,), float32 on the CPU."""
        return self.classifier.score(prompts, responses, self.texts)


def load_classifiers(
    folders: Mapping[str, Path],
    labels: Mapping[str, str | int | None],
    texts: Mapping[str, str],
    precision: str,
) -> dict[str, StatedClassifier]:
    """A reward model for each preference of `folders`, of which each is loaded once; `texts` are those to be stated."""
    kinds = {name: (folder, labels[name]) for name, folder in folders.items()}
    loaded = {kind: Classifier(*kind, precision) for kind in dict.fromkeys(kinds.values())}
    return {
        name: StatedClassifier(loaded[kind], (texts[name],) if name in texts else ()) for name, kind in kinds.items()
    }
