"""Sequence classifiers as judges: rewards as the transformers library gives them, and folders that are none."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

from mope.config.load import load_config
from mope.dag.model_files import RunModels
from mope.errors import MopeError
from mope.preferences import load_preferences
from mope.prompting import prompt_text
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.training.classifier import Classifier, label_reward, load_classifiers
from mope.training.classifier_folder import check_classifier
from mope.training.tokenizer import train_tokenizer

PROMPTS, ANSWERS = (
    ["Why is the sky blue?", "What is rain?", "What is rain?"],
    ["Light scatters.", "Water.", "It falls."],
)
TALK = [{"role": "user", "content": "What is rain?"}, {"role": "assistant", "content": "Water."}]
REVISION = "c540970f9e29518b1d8f06ab8b24cba66ad77b6d"
SMALL = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL |= {"initializer_range": 0.5, "max_position_embeddings": 96}


def save(folder: Path, model_type: type, config_type: type, tokenizer: PreTrainedTokenizerFast, **options) -> Path:
    torch.manual_seed(3)
    config = config_type(vocab_size=len(tokenizer), **SMALL | {"num_labels": 1} | options)
    model_type(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def llama(folder: Path, **options) -> Path:
    """With a chat template; padding is what ends a turn, as in many published models."""
    tokenizer = train_tokenizer([*PROMPTS, *ANSWERS] * 3, 320)
    tokenizer.pad_token = tokenizer.eos_token
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    return save(folder, LlamaForSequenceClassification, LlamaConfig, tokenizer, **ends | options)


def encoder(folder: Path, model_type: type, config_type: type, **options) -> Path:
    """Without a chat template; a token for each word, and a pair as [CLS] one [SEP] other [SEP]."""
    words = sorted({word for text in [*PROMPTS, *ANSWERS] for word in text.split()})
    known = {token: n for n, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    own = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    return save(folder, model_type, config_type, own, pad_token_id=0, **options)


def bert(folder: Path, **options) -> Path:
    return encoder(folder, BertForSequenceClassification, BertConfig, **options)


def deberta(folder: Path, **options) -> Path:
    kind = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0}
    return encoder(folder, DebertaV2ForSequenceClassification, DebertaV2Config, **kind, **options)


@torch.no_grad()
def plainly(folder: Path, *texts: str, **options) -> torch.Tensor:
    """Logits (L,) of one text, or a pair, as the transformers library gives them."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return model(**tokenizer(*texts, return_tensors="pt", **options)).logits[0]


def test_a_text_is_what_the_chat_template_makes_of_it(tmp_path: Path) -> None:
    folder, asked = llama(tmp_path / "judge"), [*TALK, {"role": "user", "content": "Why?"}]
    chats = [f"<|user|>{p} Be kind.<|assistant|>{a}</s>" for p, a in zip(PROMPTS, ANSWERS, strict=True)]
    chats.append("<|user|>What is rain?<|assistant|>Water.</s><|user|>Why? Be kind.<|assistant|>So.</s>")
    expected = torch.stack([plainly(folder, chat, add_special_tokens=False)[0] for chat in chats])
    judge = load_classifiers({"P1A": folder, "P2A": folder}, {"P1A": None, "P2A": 0}, {"P1A": "Be kind."}, "float32")
    found = judge["P1A"].score([*PROMPTS, prompt_text(asked)], [*ANSWERS, "So."])
    assert torch.allclose(found, expected, atol=1e-5) and expected.std() > 1e-3
    plain = plainly(folder, f"<|user|>{PROMPTS[0]}<|assistant|>{ANSWERS[0]}</s>", add_special_tokens=False)
    assert torch.allclose(judge["P2A"].score(PROMPTS[:1], ANSWERS[:1]), plain, atol=1e-5)


@pytest.mark.parametrize("make", [bert, deberta])
def test_without_a_template_prompt_and_answer_are_a_pair(
    tmp_path: Path, make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path / "judge")
    judge = Classifier(folder, None)
    assert f"{folder}: texts are prompt and answer as a pair with [SEP]: it has no chat" in capsys.readouterr().out
    expected = torch.stack([plainly(folder, *pair)[0] for pair in zip(PROMPTS, ANSWERS, strict=True)])
    assert torch.allclose(judge.score(PROMPTS, ANSWERS), expected, atol=1e-5) and expected.std() > 1e-4
    with pytest.raises(MopeError, match="no chat template, and a prompt is a conversation; single questions"):
        judge.score([prompt_text([*TALK, *TALK[:1]])], ["So."])
    with pytest.raises(MopeError, match="a prompt with its answer has 105 tokens, the model 96 positions"):
        judge.score(PROMPTS[:1], ["It " * 97])


def test_without_template_and_separator_they_are_joined_by_a_line_end(tmp_path: Path) -> None:
    folder = llama(tmp_path / "judge")
    (folder / "chat_template.jinja").unlink()
    expected = plainly(folder, f"{PROMPTS[0]}\n{ANSWERS[0]}")
    assert torch.allclose(Classifier(folder, None).score(PROMPTS[:1], ANSWERS[:1]), expected, atol=1e-5)


def test_one_label_of_several(tmp_path: Path) -> None:
    names = {"id2label": {0: "bad", 1: "so", 2: "good"}, "label2id": {"bad": 0, "so": 1, "good": 2}, "num_labels": 3}
    folder = bert(tmp_path / "judge", **names)
    with pytest.raises(MopeError, match=r"3 labels found \(bad, so, good\); one, or its name as `label`"):
        check_classifier(folder)
    with pytest.raises(MopeError, match="it has no label 'god'; one of bad, so, good .did you mean good"):
        check_classifier(folder, "god")
    with pytest.raises(MopeError, match="it has no label 3"):
        check_classifier(folder, 3)
    assert [check_classifier(folder, label) for label in ("bad", "good", 1)] == [0, 2, 1]
    share = plainly(folder, PROMPTS[0], ANSWERS[0]).softmax(-1)[2]
    found = Classifier(folder, "good").score(PROMPTS[:1], ANSWERS[:1])
    assert torch.allclose(found, (share / (1 - share)).log(), atol=1e-4)
    assert label_reward(torch.tensor([[1.0, 5.0]]), 0, "regression").tolist() == [1.0]


def test_folders_that_are_no_judge(tmp_path: Path, root: Path) -> None:
    def problem(folder: Path) -> str:
        judge = {"kind": "reward", "model": {"path": str(folder)}, "dead_band": 0}
        with pytest.raises(MopeError) as caught:
            load_config(root, {"judges": {"own": judge}})
        return str(caught.value)

    assert "judges.own.model.path: folder" in problem(tmp_path / "nowhere")
    folder = llama(tmp_path / "judge")
    LlamaForCausalLM(LlamaConfig(vocab_size=20, **SMALL)).save_pretrained(tmp_path / "lm")
    (tmp_path / "lm/tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    assert "architectures is ['LlamaForCausalLM']; a model of a kind ...ForSequenceClassification" in problem(
        tmp_path / "lm"
    )
    assert "the model has 96 positions, an answer up to 112 tokens" in problem(folder)
    (folder / "modeling.py").touch()
    assert "a model's own code is never run here" in problem(folder)
    (folder / "modeling.py").unlink()
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-8])
    assert "the whole file is expected" in problem(folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    assert "pickled weights, which can run code" in problem(folder)


def test_a_model_without_its_head_is_refused(tmp_path: Path) -> None:
    """The library would put random numbers in place of it."""
    folder = llama(tmp_path / "judge")
    weights = load_file(folder / "model.safetensors")
    del weights["score.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(MopeError, match="the weights lack score.weight and 0 others"):
        Classifier(folder, None)


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ({}, "judges.own: none of run, model, models found"),
        ({"run": "other", "model": {"path": "a"}}, "judges.own: run and model of run, model, models found"),
        ({"model": {}}, "judges.own.model: path or hub is expected"),
        ({"model": {"path": "a", "hub": {"id": "a/b", "revision": REVISION}}}, "judges.own.model: path or hub is"),
        ({"model": {"hub": {"id": "a/b", "revision": "main"}}}, "judges.own.model.hub.revision: 'main' (text) found"),
        ({"models": {"P1A": {"path": "a"}}}, "judges.own.models: none for P1B found"),
    ],
)
def test_entries_that_name_no_model(root: Path, judge: dict, said: str) -> None:
    with pytest.raises(MopeError) as caught:
        load_config(root, {"judges": {"own": {"kind": "reward", "dead_band": 0, **judge}}})
    assert said in str(caught.value)


def test_what_a_judge_is_made_from(root: Path) -> None:
    hub = {"hub": {"id": "Some/Reward", "revision": REVISION}}
    judges = {"one": {"kind": "reward", "model": hub | {"label": "good"}, "dead_band": 0}}
    judges["each"] = {"kind": "reward", "models": {"P1A": hub, "P2A": {"path": "models/own"}}, "dead_band": 0}
    judges["all"] = {"kind": "reward", "run": "other", "dead_band": 0}
    own = {"preferences": ["P1A", "P2A"], "judges": judges, "experiment": "smoke", "controllers": {"mope": {}}}
    config = load_config(root, own, present=False)
    known = load_preferences(root / "workflow/prompts/preferences.yaml", ["P1A", "P2A"])
    models = RunModels(config, known)
    folder = "<artifacts>/download/some--reward-c540970f"
    assert models.on_hub() == {Path(folder).name: hub["hub"] | {"labels": ["good", None]}}
    assert models.of_judge({"judge": "one"}) == {"classifiers": [folder]}
    assert models.of_judge({"judge": "each"}) == {"classifiers": [folder, "models/own"]}
    made = {"classifiers": ["a/some", "models/own"]}
    assert models.judge_options({"judge": "each"}, made) == [
        "--classifiers",
        "P1A=a/some",
        "--classifiers",
        "P2A=models/own",
    ]
    assert models.judge_options({"judge": "one"}, {"classifiers": ["a"]})[1::2] == ["P1A=a", "P2A=a"]
    other = models.of_judge({"judge": "all"})
    assert (other["base"], other["rewards"][1]) == ("results/other/base", "results/other/reward/P2A")


def test_the_stage_judges_by_a_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(root / "workflow/scripts"))
    folder = llama(tmp_path / "judge")
    for method, answers in (("a", ANSWERS), ("b", ANSWERS[::-1])):
        table = pd.DataFrame({"prompt_id": ["0", "1", "2"], "prompt": PROMPTS, "combination": "P1A-P2A", "seed": 0})
        with write(Path(f"responses/single/{method}.parquet"), stage="generate", params={}, seeds={}) as tmp:
            table.assign(response=answers).to_parquet(tmp)
    settings = {"dead_band": 0.0, "precision": "float32", "labels": {"P1A": None, "P2A": None}}
    settings["texts"] = {"P1A": "Be kind.", "P2A": "Be brief."}
    command = [
        "--responses",
        "responses/single/a.parquet",
        "responses/single/b.parquet",
        "--settings",
        json.dumps(settings),
    ]
    command += ["--classifiers", f"P1A={folder}", "--classifiers", f"P2A={folder}", "--output", "judgments/single/own"]
    monkeypatch.setattr(sys, "argv", ["judge_reward.py", *command])
    import judge_reward

    run(judge_reward.main)
    verdicts = pd.read_parquet("judgments/single/own/a--b.parquet")
    row = verdicts[(verdicts.prompt_id == "0") & (verdicts.preference == "P2A") & (verdicts.order == "ab")].iloc[0]
    chats = [f"<|user|>{PROMPTS[0]} Be brief.<|assistant|>{answer}</s>" for answer in (ANSWERS[0], ANSWERS[2])]
    first, second = (plainly(folder, chat, add_special_tokens=False).item() for chat in chats)
    assert [float(number) for number in row.raw.split()] == pytest.approx([first, second], abs=2e-4)
    assert row.verdict == ("a" if first > second else "b")
    record = json.loads(Path("judgments/single/own/a--b.parquet.meta.json").read_text())
    assert any(name.endswith("judge") for name in record["inputs"])
