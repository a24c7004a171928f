"""The controller's weights token by token: what the figures and tables of α are made from."""

import pandas as pd
import torch

from mope.controller.loading import load_controller
from mope.controller.pcm import PreferenceController
from mope.decoding.mixture import PromptScheme, controller_ids
from mope.decoding.request import Answer, Request
from mope.explain.token_text import TextSoFar, posterior_shares
from mope.methods.generator import Generator
from mope.methods.kinds.expert_mixture import mixing_rule
from mope.preferences import combination_name

SWAP_SAMPLE_COLUMNS = "prompt_id combination swapped dimension weight_before weight_after change".split()
Asked = list[tuple[object, str]]  # (row of the prompts, combination)


class Sampler:
    """Answers of the first controller to `prompts` (prompt_id, prompt) under every combination.

    Their log-probabilities are recorded.
    """

    def __init__(self, generator: Generator, method: dict, prompts: pd.DataFrame):
        self.generator, pool = generator, generator.pool(generator.experts(method))
        folder = generator.models.controllers[min(generator.models.controllers)]
        self.names = pool.names
        self.controller = load_controller(folder, pool, generator.preferences, generator.tokenizer)
        config = self.controller.config
        self.reading = PromptScheme(method["prompt"], config.reads, config.mixes, method.get("weights"))
        self.asked: Asked = [(row, xi) for row in prompts.itertuples() for xi in generator.preferences.combinations()]
        self.requests: list[Request] = [
            generator.mixture_request(pool, method, row.prompt, xi, controller=self.controller)
            for row, xi in self.asked
        ]
        decoder = self.controller.decoder()
        self.answers: list[Answer] = generator.answers(pool, mixing_rule(method), self.requests, decoder, record=True)


def texts(tokenizer, tokens: list[int]) -> list[str]:
    """What each token adds to the text of those before it."""
    text = TextSoFar(tokenizer)
    return [text.added(token) for token in tokens]


def sample_alphas(sampler: Sampler) -> pd.DataFrame:
    """One row per token of the answers.

    Columns: prompt_id, prompt, combination, position (from 0), token (text), top_share (the part of the token's
    probability that the expert with the largest α gives), and α in [0, 1] of each preference's expert, 0 where it is
    not part of the combination (paper eq. 1).
    """
    tokenizer = sampler.generator.tokenizer
    ends, rows = sampler.generator.ends.ids, []
    for (row, xi), request, answer in zip(sampler.asked, sampler.requests, sampler.answers, strict=True):
        own = answer.alphas[:, list(request.experts)]
        shares = posterior_shares(own, answer.expert_logprobs).gather(1, own.argmax(dim=1, keepdim=True))[:, 0]
        pieces = texts(tokenizer, answer.tokens)
        rows += [
            (row.prompt_id, row.prompt, xi, position, piece, share, *alpha)
            for position, (token, piece, share, alpha) in enumerate(
                zip(answer.tokens, pieces, shares.tolist(), answer.alphas.tolist(), strict=True)
            )
            if token not in ends
        ]
    head = ["prompt_id", "prompt", "combination", "position", "token", "top_share"]
    return pd.DataFrame(rows, columns=[*head, *sampler.names])


@torch.no_grad()
def swap_alphas(sampler: Sampler) -> pd.DataFrame:
    """Counterfactuals: the same answers read under ξ with another pole of one dimension, the text unchanged.

    One row per answer and swap: mean α of the dimension's expert before and after, and `change`, the mean total
    variation between the two weight vectors (by dimension), in [0, 1].
    """
    rows = []
    preferences = sampler.generator.preferences
    for (row, xi), answer in zip(sampler.asked, sampler.answers, strict=True):
        members = preferences.members(xi)
        before = answer.alphas[:, preferences.indices(xi)]  # (T, k)
        for place, (dimension, poles) in enumerate(preferences.dimensions.items()):
            for pole in poles:
                if pole == members[place]:
                    continue
                swapped = combination_name([*members[:place], pole, *members[place + 1 :]])
                after = _weights(sampler, row.prompt, swapped, answer.tokens)
                change = 0.5 * (after - before).abs().sum(dim=1).mean().item()
                means = (before[:, place].mean().item(), after[:, place].mean().item())
                rows.append((row.prompt_id, xi, swapped, dimension, *means, change))
    return pd.DataFrame(rows, columns=SWAP_SAMPLE_COLUMNS)


def _weights(sampler: Sampler, prompt: str, combination: str, tokens: list[int]) -> torch.Tensor:
    """α (T, k) of the combination's experts before each of the given tokens."""
    controller: PreferenceController = sampler.controller
    preferences = sampler.generator.preferences
    read = controller_ids(sampler.generator.tokenizer, preferences, prompt, combination, sampler.reading)
    ids = torch.tensor([[*read, *tokens]], device=controller.device)
    logits = controller(input_ids=ids).logits[0, len(read) - 1 : -1].float().cpu()
    if sampler.reading.mixes == "combination":
        return logits[:, preferences.indices(combination)].softmax(dim=1)
    return logits.softmax(dim=1)[:, preferences.indices(combination)]
