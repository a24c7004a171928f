"""Reward-guided decoding against a loop that runs every model anew on every whole text."""

from pathlib import Path

import pytest
import torch
from reward_folders import reward_folders
from transformers import AutoTokenizer

from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import TurnEnds, ends_of
from mope.pools.adapters import BASE, AdapterPool
from mope.prompting import encode
from mope.rewards.guided_pool import GuidedPool
from mope.rewards.reward_model import load_reward_models
from mope.rewards.token_rewards import TokenRewards, around, tree

NAMES = ("P1A", "P2A", "P2B")
MEMBERS = {"P1A-P2A": ["P1A", "P2A"], "P1A-P2B": ["P1A", "P2B"]}
PROMPTS = ["Why is the sky blue?", "What is rain?", "Tell me of the water that falls."]
TEXTS, XIS = [["Be brief."], [], ["Be brief.", "Be kind."]], [0, 1, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("guided")
    reward_folders(made, NAMES, [*PROMPTS, "Rain is water."])
    return made


@pytest.fixture(scope="module", params=[{}, {"shared": 0}], ids=["merged", "on one base"])
def models(request, folder: Path) -> dict:
    return load_reward_models(folder / "base", {name: folder / name for name in NAMES}, **request.param)


@pytest.fixture
def tokenizer(folder: Path):
    return AutoTokenizer.from_pretrained(folder / "base")


def guided(folder: Path, models: dict, tokenizer, strength: float, top_k: int) -> GuidedPool:
    ends = ends_of(tokenizer, None)
    rewards = {name: TokenRewards(model, ends) for name, model in models.items()}
    plain = {tuple(ids): prompt for ids, prompt in zip(asked(tokenizer), PROMPTS, strict=True)}
    return GuidedPool(AdapterPool(folder / "base", {"base": BASE}), rewards, MEMBERS, plain, strength, top_k)


def asked(tokenizer) -> list[list[int]]:
    return [encode(tokenizer, prompt, texts) for prompt, texts in zip(PROMPTS, TEXTS, strict=True)]


def expected(folder: Path, models: dict, tokenizer, row: int, answer: list[int], w: float, k: int) -> torch.Tensor:
    """The distribution (V,) after `answer`, from whole texts."""
    read = asked(tokenizer)[row] + answer
    _, logprobs = AdapterPool(folder / "base", {"base": BASE}).prefill([read], [0])
    before, after = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in around(tokenizer, PROMPTS[row]))
    scores = torch.full((len(tokenizer),), float("-inf"))
    for token in logprobs[0].topk(k).indices.tolist():
        own = [] if token in ends_of(tokenizer, None) else [token]
        rewards = []
        for name in list(MEMBERS.values())[XIS[row]]:
            if hasattr(models[name].model, "set_adapter") and not models[name].llama:
                models[name].model.set_adapter(models[name].adapter)
            rewards.append(models[name]._logits([before + answer + own + after]).item())
        scores[token] = logprobs[0, token] + w * sum(rewards) / len(rewards)
    return scores.log_softmax(0)


@torch.inference_mode()
def test_a_step_is_that_of_whole_texts(folder, models, tokenizer) -> None:
    pool = guided(folder, models, tokenizer, 0.8, 6)
    state, found = pool.prefill(asked(tokenizer), XIS)
    rows, answers = [0, 1, 2], [[], [], []]
    for step in range(5):
        for place, row in enumerate(rows):
            want = expected(folder, models, tokenizer, row, answers[row], 0.8, 6)
            torch.testing.assert_close(found[place], want, atol=2e-4, rtol=0)
        if step == 2:  # one request leaves, of the combination that two have
            kept = torch.tensor([1, 2])
            pool.keep(state, kept)
            rows, found = [1, 2], found[kept]
        if step == 3:  # the only one of its combination
            pool.keep(state, torch.tensor([1]))
            rows, found = [2], found[1:]
        tokens = found.argmax(1)
        for row, token in zip(rows, tokens.tolist(), strict=True):
            answers[row].append(token)
        found = pool.step(state, tokens)


def test_an_answer_that_ends_is_scored_like_every_other_answer(folder, models, tokenizer) -> None:
    """The reward of the end token after a text is what the reward model gives to the text."""
    (end, *_), text = ends_of(tokenizer, None), "Rain is water."
    for model in models.values():
        rewards = TokenRewards(model, ends_of(tokenizer, None))
        begun = rewards.begin(PROMPTS)
        for token in tokenizer(text, add_special_tokens=False)["input_ids"]:
            rewards.score(begun, torch.tensor([[5, end]] * 3))
            begun.append(torch.tensor([token] * 3))
        found = rewards.score(begun, torch.tensor([[7, end]] * 3))[:, 1]
        torch.testing.assert_close(found, model.score(PROMPTS, [text] * 3), atol=1e-4, rtol=0)


def test_without_strength_it_is_the_base(folder, models, tokenizer) -> None:
    requests = [
        Request([xi], [ids], max_new_tokens=9, seed=n) for n, (xi, ids) in enumerate(zip(XIS, asked(tokenizer)))
    ]
    plain = [Request([0], request.prompts, max_new_tokens=9, seed=request.seed) for request in requests]
    sampling = Sampling(temperature=0.7)
    ends = TurnEnds(ends_of(tokenizer, None), tokenizer.pad_token_id)
    pools = guided(folder, models, tokenizer, 0.0, len(tokenizer)), AdapterPool(folder / "base", {"base": BASE})
    found = [
        [answer.tokens for answer in decode(pool, Probability(), asked, sampling, ends)]
        for pool, asked in zip(pools, (requests, plain), strict=True)
    ]
    assert found[0] == found[1]
    steered = guided(folder, models, tokenizer, 50.0, len(tokenizer))
    answers = decode(steered, Probability(), requests, sampling, ends)
    assert [answer.tokens for answer in answers] != found[0]


def test_what_a_token_may_see() -> None:
    """Two slots held, of which the last is new; padding before; two branches of two."""
    seen = tree(torch.tensor([[False, True, True]]), 1, 2, 2)[0].int().tolist()
    assert seen == [
        [0, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 1, 0, 0],
        [0, 1, 1, 0, 0, 1, 0],
        [0, 1, 1, 0, 0, 1, 1],
    ]
