"""Memory and seconds of a training step of a reward model and of an expert, on random weights and texts.

Losses, batches, precisions and recomputed activations are those of training; TRL's trainer is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, LlamaConfig, PreTrainedModel

from mope.benchmark.decoding_steps import device_name, now
from mope.benchmark.memory import Peak
from mope.benchmark.parts import RandomShape
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import TurnEnds
from mope.pools.open_pool import placement
from mope.pools.separate import SeparatePool
from mope.training.devices import recomputes
from mope.training.expert_settings import ExpertSettings, expert_adapter
from mope.training.reward_settings import RewardSettings, reward_adapter

ADAPTERS = 6
PAD, PROMPT = 0, 32  # id of the padding token, which no text holds; tokens of a prompt


@dataclass(frozen=True)
class Taken:
    """Seconds and peak memory of some work, in MiB: of the allocator on a GPU, of the whole process on a CPU."""

    seconds: float
    megabytes: float


class Meter:
    """`with Meter(device) as meter: ...`, then `meter.taken`."""

    def __init__(self, device: str):
        self.device = device

    def __enter__(self) -> "Meter":
        self.peak, self.begun = Peak(self.device), now(self.device)
        return self

    def __exit__(self, *_: object) -> None:
        seconds = now(self.device) - self.begun
        self.taken = Taken(round(seconds, 3), round((self.peak.start + self.peak.growth()) / 2**20, 1))


def random_classifier(shape: RandomShape, dtype: torch.dtype, device: str) -> PreTrainedModel:
    """A LLaMA with a score head."""
    with torch.device(device):
        config = LlamaConfig(**shape.base, num_labels=1, pad_token_id=PAD)
        return AutoModelForSequenceClassification.from_config(config, dtype=dtype, trust_remote_code=False)


def random_texts(count: int, length: int, vocabulary: int, device: str) -> torch.Tensor:
    """Token ids (count, length), none of them PAD."""
    return torch.randint(PAD + 1, vocabulary, (count, length), device=device)


def prepared(model: PeftModel, recomputed: bool) -> PeftModel:
    """The model in training mode; with `recomputed`, activations are computed again in the backward pass."""
    if recomputed:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
        model.config.use_cache = False
    return model.train()


def trained_parameters(model: PeftModel) -> list[torch.nn.Parameter]:
    """The parameters of the active adapter, made float32."""
    chosen = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in chosen:
        parameter.data = parameter.data.float()
    return chosen


def autocast(device: str, dtype: torch.dtype) -> torch.autocast:
    """The context in which float32 adapters compute in bfloat16 where the base has this dtype."""
    return torch.autocast(device, torch.bfloat16, enabled=dtype == torch.bfloat16)


def benchmark_reward_step(shape: RandomShape, settings: RewardSettings) -> Iterator[dict]:
    """Two records: of a step of one reward model, as in a job of the workflow, and of six adapters on one base.

    Texts have `max_length` tokens. Each adapter takes two steps, of which the second is measured: the first makes the
    optimizer's states.
    """
    torch.manual_seed(settings.seed)
    dtype, device = placement(settings.precision)
    plain = random_classifier(shape, dtype, device)
    adapter = reward_adapter(plain, settings)
    model = get_peft_model(plain, adapter, adapter_name="reward0")
    micro = settings.micro_batch or settings.batch
    texts = random_texts(2 * settings.batch, settings.max_length, shape.base["vocab_size"], device)

    def step(optimizer: torch.optim.Optimizer) -> None:
        for part in texts.split(2 * micro):
            with autocast(device, dtype):
                logits = model(input_ids=part, attention_mask=torch.ones_like(part)).logits[:, 0].float()
            chosen, rejected = logits.chunk(2)
            (-F.logsigmoid(chosen - rejected).mean() * len(chosen) / settings.batch).backward()
        optimizer.step()
        optimizer.zero_grad()

    taken: list[Taken] = []
    optimizers = []
    for number in range(ADAPTERS):
        if number:
            model.add_adapter(f"reward{number}", adapter)
        model.set_adapter(f"reward{number}")
        prepared(model, recomputes(settings.batch, micro))
        optimizers.append(torch.optim.AdamW(trained_parameters(model), lr=settings.learning_rate))
        step(optimizers[-1])
        with Meter(device) as meter:
            step(optimizers[-1])
        taken.append(meter.taken)
        if number in (0, ADAPTERS - 1):
            yield {
                "stage": "train_reward",
                "adapters": number + 1,
                "dtype": str(dtype).removeprefix("torch."),
                "device": device_name(device),
                "pairs": settings.batch,
                "tokens": settings.max_length,
                "micro_batch": micro,
                "seconds": sum(each.seconds for each in taken) / len(taken),
                "peak_memory_mb": max(each.megabytes for each in taken),
            }


def token_logprobs_of(model: PeftModel, ids: torch.Tensor, answer: int) -> torch.Tensor:
    """log π(y_t) (B, T) of the last `answer` tokens of `ids` (B, P + T)."""
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), logits_to_keep=answer + 1).logits[:, :-1]
    return -F.cross_entropy(logits.float().transpose(1, 2), ids[:, -answer:], reduction="none")


def benchmark_expert_step(shape: RandomShape, settings: ExpertSettings) -> Iterator[dict]:
    """One record of a step of one expert: answers of full length are drawn, scored, and learnt from (RLOO).

    The reward model is a second model, as in training. A step of fewer tokens goes before the one that is measured.
    """
    torch.manual_seed(settings.seed)
    dtype, device = placement(settings.precision)
    with torch.device(device):
        config = LlamaConfig(**shape.base, pad_token_id=PAD)
        base = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    batch = settings.prompts_per_step * settings.generations
    micro = settings.micro_batch or batch
    policy = prepared(get_peft_model(base, expert_adapter(base, settings)), recomputes(batch, micro))
    optimizer = torch.optim.AdamW(trained_parameters(policy), lr=settings.learning_rate)
    judge = random_classifier(shape, dtype, device).eval()
    prompts = random_texts(settings.prompts_per_step, PROMPT, config.vocab_size, "cpu").tolist()
    pool = SeparatePool({"policy": policy}, None, device)

    def drawn_answers(tokens: int) -> torch.Tensor:
        """Token ids (B, P + T) of prompts and their answers, those to the same prompt next to each other."""
        policy.eval()
        length = {"max_new_tokens": tokens, "min_new_tokens": tokens}
        asked = [prompt for prompt in prompts for _ in range(settings.generations)]
        requests = [Request([0], [prompt], seed=seed, **length) for seed, prompt in enumerate(asked)]
        sampling = Sampling(temperature=settings.temperature)
        answers = decode(pool, Probability(), requests, sampling, TurnEnds((PAD,), PAD), batch_size=batch)
        rows = [prompt + answer.tokens for prompt, answer in zip(asked, answers, strict=True)]
        return torch.tensor(rows, device=device)

    @torch.inference_mode()
    def scores(ids: torch.Tensor) -> torch.Tensor:
        return judge(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0].float()

    def learn(ids: torch.Tensor, reward: torch.Tensor, tokens: int) -> None:
        """One step of RLOO: an answer's advantage is its reward minus the mean reward of the prompt's other answers."""
        own = reward.view(-1, settings.generations)
        others = (own.sum(1, keepdim=True) - own) / max(1, settings.generations - 1)
        advantage = (own - others).flatten()
        policy.train()
        for rows, weight in zip(ids.split(micro), advantage.split(micro), strict=True):
            with autocast(device, dtype):
                with torch.no_grad(), policy.disable_adapter():
                    reference = token_logprobs_of(policy, rows, tokens).sum(1)
                logprob = token_logprobs_of(policy, rows, tokens).sum(1)
            gain = weight - settings.kl * (logprob.detach() - reference)
            (-(gain * logprob).sum() / batch).backward()
        optimizer.step()
        optimizer.zero_grad()

    for tokens in (min(4, settings.max_new_tokens), settings.max_new_tokens):
        with Meter(device) as sampling:
            ids = drawn_answers(tokens)
        with Meter(device) as scoring:
            reward = scores(ids).clone()
        with Meter(device) as update:
            learn(ids, reward, tokens)
    parts = {"rollout": sampling.taken, "scoring": scoring.taken, "update": update.taken}
    yield {
        "stage": "train_expert",
        "adapters": 1,
        "dtype": str(dtype).removeprefix("torch."),
        "device": device_name(device),
        "answers": batch,
        "tokens": settings.max_new_tokens,
        "micro_batch": micro,
        **{f"{name}_s": taken.seconds for name, taken in parts.items()},
        **{f"{name}_mb": taken.megabytes for name, taken in parts.items()},
        "seconds": round(sum(taken.seconds for taken in parts.values()), 3),
        "peak_memory_mb": max(taken.megabytes for taken in parts.values()),
    }
