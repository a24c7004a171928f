"""The reward of an answer's beginning with each of some next tokens, as if the answer ended there.

Every candidate is a branch of its own in one forward pass: it sees what was written so far, and itself, followed by
what the chat template writes after an answer, at whose last token a reward is read. Keys and values of what was written
stay in a cache, those of the branches are removed from it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from peft import PeftModel
from transformers import DynamicCache, PreTrainedTokenizerBase

from mope.decoding.turn_ends import PROBE
from mope.engine.kv_cache import left_pad
from mope.engine.llama import check_family
from mope.errors import MopeError
from mope.prompting import Conversation, messages, reply
from mope.rewards.reward_model import RewardModel


@dataclass
class BegunAnswers:
    """R conversations, read up to a point: `cache` has what was read, and `held` (R, S) says which slots hold tokens.

    `waiting` (R, P) are the tokens that are still to be read; `present` (R, P) is False on their padding.
    """

    cache: DynamicCache
    held: torch.Tensor
    waiting: torch.Tensor
    present: torch.Tensor

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows, int64 indices."""
        self.cache.batch_select_indices(rows)
        self.held, self.waiting, self.present = self.held[rows], self.waiting[rows], self.present[rows]

    def append(self, tokens: torch.Tensor) -> None:
        """One more token (R,) of each answer waits; `score` must have read those that waited before."""
        self.waiting, self.present = tokens[:, None], torch.ones_like(tokens, dtype=torch.bool)[:, None]


class TokenRewards:
    """A reward model that scores every candidate for an answer's next token."""

    def __init__(self, model: RewardModel, ends: Collection[int]):
        """`ends` are the tokens that end an answer: with one of them it ends as it is.

        `MopeError` where the base is not of a family whose attention takes a mask for each token.
        """
        self.model, self.ends = model, torch.tensor(list(ends), device=model.device)
        peft = isinstance(model.model, PeftModel)
        self.classifier = model.model.get_base_model() if peft else model.model
        try:
            check_family(self.classifier.base_model)
        except MopeError as reason:
            raise MopeError(f"guidance by reward models needs a base of LLaMA's shape ({reason})") from None
        closing = model.tokenizer(around(model.tokenizer, PROBE[0])[1], add_special_tokens=False)["input_ids"]
        self.closing = torch.tensor(closing, dtype=torch.long, device=model.device)

    def begin(self, prompts: list[Conversation | str]) -> BegunAnswers:
        """Answers of no token yet to these prompts, without preference texts."""
        texts = [around(self.model.tokenizer, prompt)[0] for prompt in prompts]
        ids = self.model.tokenizer(texts, add_special_tokens=False)["input_ids"]
        waiting = left_pad(ids, self.model.device)
        present = left_pad([[1] * len(row) for row in ids], self.model.device).bool()
        cache = DynamicCache(config=self.classifier.config)
        return BegunAnswers(cache, present[:, :0], waiting, present)

    @torch.inference_mode()
    def score(self, begun: BegunAnswers, candidates: torch.Tensor) -> torch.Tensor:
        """Rewards (R, k), float32, of the answers with each of the candidates (R, k) appended.

        The waiting tokens are read, and are in the cache afterwards.
        """
        (rows, k), closing = candidates.shape, len(self.closing)
        ending = torch.isin(candidates, self.ends)
        closed = self.closing.expand(rows, k, closing)
        going_on = torch.cat([candidates[..., None], closed], dim=2)
        # An answer that ends with the candidate is closed by the template: its branch is a token shorter.
        branches = torch.where(ending[..., None], torch.cat([closed, candidates[..., None]], dim=2), going_on)
        waits, width = begun.waiting.shape[1], closing + 1
        held = torch.cat([begun.held, begun.present], dim=1)
        depth = torch.arange(width, device=held.device).repeat(k)
        before = (held.cumsum(1) - 1).clamp(min=0)[:, -waits:]
        positions = torch.cat([before, held.sum(1, keepdim=True) + depth], dim=1)
        hidden = self._hidden(
            torch.cat([begun.waiting, branches.flatten(1)], dim=1), positions, tree(held, waits, k, width), begun
        )
        begun.cache.crop(-k * width)
        begun.held = held
        first = waits + width * torch.arange(k, device=held.device)
        last = (first + closing - ending.int()).clamp(min=0)  # (R, k)
        # A template that closes nothing: an answer that ends here is read at its own last token.
        last = torch.where(ending & (closing == 0), waits - 1, last)
        read = hidden.gather(1, last[..., None].expand(-1, -1, hidden.shape[2]))
        return self.classifier.score(read)[..., 0].float()

    def _hidden(
        self, tokens: torch.Tensor, positions: torch.Tensor, seen: torch.Tensor, begun: BegunAnswers
    ) -> torch.Tensor:
        """Final hidden states (R, T, H) of tokens (R, T), each of which attends to what `seen` (R, T, S + T) says."""
        if isinstance(self.model.model, PeftModel):
            self.model.model.set_adapter(self.model.adapter)
        bias = torch.zeros(seen.shape, dtype=self.classifier.dtype, device=seen.device)
        bias = bias.masked_fill_(~seen, torch.finfo(bias.dtype).min)
        out = self.classifier.base_model(
            input_ids=tokens,
            attention_mask=bias[:, None],
            position_ids=positions,
            past_key_values=begun.cache,
            use_cache=True,
        )
        return out.last_hidden_state


def around(tokenizer: PreTrainedTokenizerBase, prompt: Conversation | str) -> tuple[str, str]:
    """What the chat template writes before and after an answer to the prompt."""
    talk = [*messages(prompt), reply(PROBE[1])]
    before, _, after = tokenizer.apply_chat_template(talk, tokenize=False).rpartition(PROBE[1])
    return before, after


def tree(held: torch.Tensor, waits: int, branches: int, width: int) -> torch.Tensor:
    """What each new token may see, bool (R, waits + branches · width, S + branches · width).

    `held` (R, S) says which slots hold tokens, the last `waits` of them new ones; then come the branches of `width`
    tokens each, which see all of these, and of their own branch what comes before. A token always sees itself.
    """
    rows, slots = held.shape
    new = waits + branches * width
    total = slots + branches * width
    seen = torch.zeros(rows, new, total, dtype=torch.bool, device=held.device)
    place = torch.arange(slots, device=held.device)
    seen[:, :waits, :slots] = held[:, None] & (place <= place[slots - waits :, None])
    seen[:, waits:, :slots] = held[:, None]
    within = torch.ones(width, width, dtype=torch.bool, device=held.device).tril()
    seen[:, waits:, slots:] = torch.block_diag(*[within] * branches).bool()
    own = torch.arange(new, device=held.device)
    seen[:, own, own + total - new] = True
    return seen
