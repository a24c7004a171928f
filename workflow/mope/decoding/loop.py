"""The decode loop: many requests, each a mixture of experts, one token per request and step."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from mope.decoding.batch import Batch
from mope.decoding.mixers.mixer import Mixer
from mope.decoding.pool import ExpertPool
from mope.decoding.request import Answer, Request, Token, check_request
from mope.decoding.sampling import Ngrams, Sampling, draw_tokens, uniforms, without_banned
from mope.decoding.step_controller import StepController
from mope.decoding.turn_ends import TurnEnds
from mope.decoding.unattended import UnattendedSteps
from mope.errors import MopeError
from mope.runtime.progress import progress

LOOK_EVERY = 16  # steps on the GPU after which the host looks at the tokens


def decode(
    pool: ExpertPool,
    mixer: Mixer,
    requests: Sequence[Request],
    sampling: Sampling,
    ends: TurnEnds,
    controller: StepController | None = None,
    record: bool = False,
    others: int = 0,
    batch_size: int | None = None,
    on_token: Callable[[Token], None] | None = None,
    look_every: int | None = None,
) -> list[Answer]:
    """Answers in the order of the requests, decoded in batches of up to `batch_size` of similar prompt length.

    A single model is the case of one expert per request. The default `batch_size` is what the pool's device has room
    for; which batch a request is in changes only rounding. `record` keeps log-probabilities in the answers, without
    another forward pass; `others` is the number of other tokens whose log-probabilities are kept at every position.
    `on_token` is called for every token of every request, in order of time.

    `look_every` is the number of steps that the device takes before the host looks at their tokens. The default is
    `LOOK_EVERY` on a GPU of CUDA, as CUDA graphs, where pool, mixer and controller allow it and there is no `on_token`;
    else 1. `MopeError` for a request that cannot be decoded, or for a `look_every` above 1 where it must be 1.
    """
    for number, request in enumerate(requests):
        check_request(number, request, len(pool.names), controller is not None)
    answers = [Answer() for _ in requests]
    fixes = pool.fixes and mixer.fixes and (controller is None or hasattr(controller, "fixed"))
    alone = fixes and on_token is None
    look_every = look_every or (LOOK_EVERY if alone and pool.device.type == "cuda" else 1)
    if look_every > 1 and not alone:
        raise MopeError(
            f"look_every: {look_every} found, 1 is expected with this pool, mixer or controller, or a listener"
        )
    batch_size = batch_size or pool.room(requests, look_every > 1)
    by_length = sorted(range(len(requests)), key=lambda number: -max(map(len, requests[number].prompts)))
    done = 0
    with progress(len(requests), "answers", shown=on_token is None) as bar:  # else whoever listens shows the tokens
        for first in range(0, len(requests), batch_size):
            numbers = by_length[first : first + batch_size]
            with torch.inference_mode():
                together = [requests[number] for number in numbers]
                batch = Batch(pool, mixer, together, controller, sampling.expert_temperature)
                own = [answers[number] for number in numbers]
                run = BatchDecoder(batch, sampling, ends, own, record, others)
                unattended = UnattendedSteps(run) if look_every > 1 else None
                for step in range(0, run.steps, look_every):
                    if unattended is None:
                        going_on = run.step(step, numbers, on_token)
                    else:
                        going_on = unattended.take(step, min(look_every, run.steps - step))
                    ended = first + run.alive.count(False)
                    bar.update(ended - done)
                    done = ended
                    if not going_on:
                        break
            run.finish()
            del batch, run, unattended  # frees their caches before the next batch needs room
    return answers


def allowed_batch_size(count: int, start: int) -> int:
    """The smallest allowed size ≥ `count` of a batch that began with `start` requests.

    Allowed are the multiples of an eighth of `start`, and the powers of two below half an eighth. They are few because
    every change of size copies the caches of the requests that stay, and CPU kernels are generated per shape.
    """
    eighth = max(1, start // 8)
    return -(-count // eighth) * eighth if count > eighth // 2 else max(1, 2 ** (count - 1).bit_length())


class BatchDecoder:
    """Writes the answers of one batch; what is recorded stays on the pool's device until `finish`."""

    def __init__(
        self,
        batch: Batch,
        sampling: Sampling,
        ends: TurnEnds,
        answers: list[Answer],
        record: bool,
        others: int = 0,
    ):
        self.batch, self.sampling, self.ends, self.answers = batch, sampling, ends, answers
        requests = batch.requests
        self.steps = max(request.max_new_tokens for request in requests)
        self.alive = [True] * len(requests)
        size, device = sampling.no_repeat_ngram, batch.pool.device
        self.ngrams = [Ngrams(size, request.prompts) for request in requests] if size else None
        # Draws are in float64, which Apple's GPUs lack: for these the CPU draws.
        place = "cpu" if device.type == "mps" else device
        self.uniform = torch.from_numpy(np.stack([uniforms(r.seed, self.steps) for r in requests])).to(place)
        shape = (len(requests), self.steps)
        given = batch.weights() is not None
        self.alphas = torch.zeros(*shape, len(batch.pool.names), device=device) if given else None
        self.logprob = torch.zeros(*shape, device=device) if record else None
        self.expert_logprobs = torch.zeros(*shape, batch.experts.shape[1], device=device) if record else None
        recorded = (*shape, others, batch.experts.shape[1])
        self.other_logprobs = torch.zeros(*recorded, device=device) if others else None

    def step(self, step: int, numbers: list[int], on_token: Callable[[Token], None] | None) -> bool:
        """Choose a token for every request; False when none is left to go on."""
        batch = self.batch
        mixed, experts, alphas = batch.mixture()
        allowed, place = self.allowed(mixed), self.uniform.device
        uniform = self.uniform[batch.index.to(place), step]
        tokens = draw_tokens(allowed.to(place), self.sampling, uniform).to(allowed.device)
        alphas = None if alphas is None else batch.spread(alphas)
        chosen = self.note(step, tokens, mixed, experts, alphas)
        kept = []
        for b, token in enumerate(tokens.tolist()):
            m = batch.members[b]
            if not self.alive[m]:
                continue
            if on_token is not None:
                size = len(batch.requests[m].experts)
                on_token(Token(numbers[m], token, None if alphas is None else alphas[b], chosen[b, :size]))
            self.append(m, token)
            if self.alive[m]:
                kept.append(b)
        if not kept:
            return False
        if len(kept) < len(batch.members):
            tokens = self.leave(tokens, kept)
        batch.advance(tokens)
        return True

    def note(
        self,
        step: int | torch.Tensor,
        tokens: torch.Tensor,
        mixed: torch.Tensor,
        experts: torch.Tensor,
        alphas: torch.Tensor | None,
    ) -> torch.Tensor:
        """Record what is asked for of `step`, an int or a tensor (1,), and return log p_i(y_t) (B, k) of its tokens.

        tokens (B,), mixed (B, V), experts (B, k, V), as `Batch.mixture` returns them; alphas (B, n) over all experts of
        the pool.
        """
        batch = self.batch
        chosen = experts.gather(2, tokens[:, None, None].expand(-1, experts.shape[1], 1))[:, :, 0]
        if alphas is not None:
            self.alphas[batch.index, step] = alphas
        if self.logprob is not None:
            self.logprob[batch.index, step] = mixed.gather(1, tokens[:, None])[:, 0]
            self.expert_logprobs[batch.index, step, : chosen.shape[1]] = chosen
        if self.other_logprobs is not None:
            count = self.other_logprobs.shape[2]
            others = mixed.scatter(1, tokens[:, None], float("-inf")).topk(count).indices  # (B, m)
            found = experts.gather(2, others[:, None].expand(-1, experts.shape[1], -1)).transpose(1, 2)  # (B, m, k)
            self.other_logprobs[batch.index, step, :, : found.shape[2]] = found
        return chosen

    def append(self, m: int, token: int) -> None:
        """Write a token to answer m, which may end it."""
        answer, request = self.answers[m], self.batch.requests[m]
        answer.tokens.append(token)
        if token in self.ends.ids:
            answer.finish_reason = "stop"
        self.alive[m] = token not in self.ends.ids and len(answer.tokens) < request.max_new_tokens
        if self.ngrams:
            self.ngrams[m].append(token)

    def leave(self, tokens: torch.Tensor, kept: list[int]) -> torch.Tensor:
        """Drop finished requests down to the next allowed batch size; finished ones that stay read padding.

        `tokens` (B,) of the batch, `kept` the indices of unfinished requests. Returns the tokens of those that stay.
        """
        alive = torch.tensor(kept, device=tokens.device)
        tokens = torch.full_like(tokens, self.ends.pad_id).index_copy_(0, alive, tokens[alive])
        stay = self.staying(kept)
        if stay is None:
            return tokens
        self.batch.keep(stay)
        return tokens[stay]

    def staying(self, kept: list[int]) -> torch.Tensor | None:
        """Ascending indices of requests to keep: those `kept`, and finished ones up to an allowed size. None: all."""
        size = len(kept)
        if self.batch.pool.waits:
            size = min(allowed_batch_size(size, len(self.alive)), len(self.batch.members))
        if size == len(self.batch.members):
            return None
        waiting = [b for b, m in enumerate(self.batch.members) if not self.alive[m]][: size - len(kept)]
        return torch.tensor(sorted(kept + waiting), device=self.batch.pool.device)

    def allowed(self, mixed: torch.Tensor) -> torch.Tensor:
        """`mixed` (B, V) without the tokens that may not come next; the bans yield where nothing else has mass."""
        banned = []
        for b, m in enumerate(self.batch.members):
            if len(self.answers[m].tokens) < self.batch.requests[m].min_new_tokens:
                banned += [(b, token) for token in self.ends.ids]
            if self.ngrams:
                banned += [(b, token) for token in self.ngrams[m].banned()]
        return without_banned(mixed, banned)

    def finish(self) -> None:
        """Hand the records over, as tensors on the CPU that autograd may use (hence the clones)."""
        for m, answer in enumerate(self.answers):
            count, size = len(answer.tokens), len(self.batch.requests[m].experts)
            if self.alphas is not None:
                answer.alphas = self.alphas[m, :count].cpu().clone()
            if self.logprob is not None:
                answer.logprob = self.logprob[m, :count].cpu().clone()
                answer.expert_logprobs = self.expert_logprobs[m, :count, :size].cpu().clone()
            if self.other_logprobs is not None:
                answer.other_logprobs = self.other_logprobs[m, :count, :, :size].cpu().clone()
