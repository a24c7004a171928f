"""The trained rivals: what they are asked, and that each objective moves a tiny policy where it should."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from trl import RLOOTrainer

from mope import preferences
from mope.engine.lora import read_adapter
from mope.pools.separate import SeparatePool
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, SeededTrainer, beginnings, expert_adapter, task, train_expert
from mope.training.objectives.multitask import train_multitask
from mope.training.objectives.pmorl import combined_tasks
from mope.training.objectives.rlhf import plain_tasks
from mope.training.policy_pool import policy_pool
from mope.training.tokenizer import train_tokenizer

PROMPTS = pd.DataFrame({"prompt": ["What is rain?", "Explain the sky."]})
SETTINGS = {"seed": 0, "rank": 4, "alpha": 8, "prompts_per_step": 2, "generations": 2, "iterations": 1, "kl": 0.0}
SETTINGS |= {"temperature": 1.0, "micro_batch": None}


@pytest.fixture(scope="module")
def known(root: Path) -> preferences.Preferences:
    return preferences.load_preferences(root / "workflow/prompts/preferences.yaml", ["P1A", "P1B", "P2A", "P3A"])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, known: preferences.Preferences) -> Path:
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    tokenizer = train_tokenizer([*PROMPTS.prompt, *known.texts.values()] * 3, 320)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    shape |= {"initializer_range": 0.5}
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **shape, **ends)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_tasks(known: preferences.Preferences) -> None:
    plain = plain_tasks(PROMPTS)
    assert [t["prompt"][0]["content"] for t in plain] == list(PROMPTS.prompt)
    assert {t["combination"] for t in plain} == {"general"}
    combined = combined_tasks(PROMPTS, known, seed=1)
    assert len(combined) == 4 and combined != sorted(combined, key=str)
    for each in combined:
        texts = [known.texts[i] for i in each["combination"].split("-")]
        assert each["prompt"][0]["content"] == " ".join([each["question"], *texts])


def test_imitation_learns_the_chosen_answers(base: Path, known: preferences.Preferences, tmp_path: Path) -> None:
    pairs = pd.DataFrame({"prompt": PROMPTS.prompt, "chosen": "the sky the sky", "rejected": "rain"})
    settings = ExpertSettings(**SETTINGS, learning_rate=0.05, steps=12, max_new_tokens=8)
    curve = train_multitask(
        base,
        {"P1A": pairs, "P3A": pairs},
        known,
        settings,
        Checkpoints(tmp_path / "saved", minutes=60),
        tmp_path / "out",
    )
    assert len(curve) == 12 and curve.loss.iloc[-1] < 0.5 * curve.loss.iloc[0]
    assert any(pair.b.abs().max() > 0 for pair in read_adapter(tmp_path / "out").values())


def test_the_reward_sees_the_plain_prompt_the_answer_and_the_combination(base: Path, tmp_path: Path) -> None:
    seen = []

    def reward(prompts: list[str], answers: list[str], combinations: list[str]) -> torch.Tensor:
        seen.extend(zip(prompts, combinations, strict=True))
        return torch.tensor([float(len(answer)) for answer in answers])

    tasks = [task(prompt, ["Be kind."], xi) for prompt, xi in zip(PROMPTS.prompt, ("P1A", "P1B"))]
    settings = ExpertSettings(**SETTINGS, learning_rate=0.05, steps=2, max_new_tokens=8)
    curve = train_expert(base, reward, tasks, settings, Checkpoints(tmp_path / "saved", minutes=60), tmp_path / "out")
    assert len(curve) == 2 and set(seen) == {("What is rain?", "P1A"), ("Explain the sky.", "P1B")}


@pytest.mark.parametrize("micro", [None, 1])
def test_log_probabilities_on_a_cpu_are_those_of_trl(base: Path, tmp_path: Path, monkeypatch, micro) -> None:
    own, compared = SeededTrainer._get_per_token_logps_and_entropies, []

    def both(self, model, input_ids, attention_mask, logits_to_keep, *rest, **options):
        arguments = (self, model, input_ids, attention_mask, logits_to_keep, *rest)
        ours = own(*arguments, **options)
        theirs = RLOOTrainer._get_per_token_logps_and_entropies(*arguments, **options)
        present = attention_mask[:, -logits_to_keep:].bool()
        for mine, known in zip(ours[:2], theirs[:2], strict=True):
            assert (mine is None) == (known is None)
            if mine is not None:
                torch.testing.assert_close(mine[present], known[present].float(), atol=1e-4, rtol=1e-4)
                compared.append(int(present.sum()))
        return ours

    monkeypatch.setattr(SeededTrainer, "_get_per_token_logps_and_entropies", both)
    tasks = [task(prompt, ["Be kind."], "P1A") for prompt in PROMPTS.prompt]
    settings = ExpertSettings(
        **(SETTINGS | {"kl": 0.1, "temperature": 0.7, "micro_batch": micro}),
        learning_rate=0.05,
        steps=2,
        max_new_tokens=8,
    )
    saved = Checkpoints(tmp_path / "saved", minutes=60)
    train_expert(
        base, lambda x, y, _: torch.tensor([float(len(a)) for a in y]), tasks, settings, saved, tmp_path / "out"
    )
    assert len(compared) >= 6 and min(compared) > 0


def test_beginnings_are_first_words_of_the_base_s_own_answers() -> None:
    rows = [("What is rain?", "Rain is water that falls.", "sample"), ("What is rain?", "Water. Water.", "repeated")]
    rows += [("Explain the sky.", "It is blue.", "sample"), ("Explain the sky.", "Air.", "sample")]
    candidates = pd.DataFrame(rows, columns=["prompt", "response", "kind"])
    prompts = list(PROMPTS.prompt) * 200
    every = beginnings(prompts, candidates, 1.0, seed=3)
    assert every == beginnings(prompts, candidates, 1.0, seed=3)
    assert set(every[::2]) == {"Rain", "Rain is", "Rain is water", "Rain is water that"}
    assert set(every[1::2]) == {"It", "It is", ""}  # of an answer of one word there is no beginning
    assert set(beginnings(prompts, candidates, 0.0, seed=3)) == {""}
    assert 0.4 < sum(map(bool, beginnings(prompts[::2], candidates, 0.5, seed=3))) / 200 < 0.6


def test_an_expert_goes_on_from_a_beginning_and_is_rewarded_for_the_whole(base: Path, tmp_path: Path) -> None:
    tasks, seen = [task(prompt, ["Be kind."], "P1A", prefix) for prompt, prefix in zip(PROMPTS.prompt, ("sky", ""))], []

    def reward(questions: list[str], answers: list[str], _: list[str]) -> torch.Tensor:
        seen.extend(zip(questions, answers, strict=True))
        return torch.tensor([float(answer.count("e")) for answer in answers])

    settings = ExpertSettings(**SETTINGS, learning_rate=0.05, steps=3, max_new_tokens=8)
    curve = train_expert(base, reward, tasks, settings, Checkpoints(tmp_path / "saved", minutes=60), tmp_path / "out")
    continued = [answer for question, answer in seen if question == "What is rain?"]
    assert len(continued) == len(seen) / 2 == 6
    assert all(answer.startswith("sky") for answer in continued) and len(set(continued)) > 1
    assert not all(answer.startswith("sky") for question, answer in seen if question == "Explain the sky.")
    assert curve.length.max() <= 8  # of what the expert itself wrote


def test_the_fast_copy_of_a_policy_answers_as_the_policy_does(base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    pool = policy_pool(model)
    policy = get_peft_model(
        model, expert_adapter(model, ExpertSettings(**SETTINGS, learning_rate=0.1, steps=1, max_new_tokens=8))
    )
    for seed in range(2):
        torch.manual_seed(seed)
        for name, parameter in policy.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.5)
        pool.take(policy)
        prompts = [[5, 9, 14, 30], [7, 8]]
        own, expected = (each.prefill(prompts, [0, 0])[1] for each in (pool, SeparatePool({"policy": policy})))
        torch.testing.assert_close(own, expected, atol=1e-4, rtol=1e-4)
