"""Batched decoding equals a naive loop: uncached, unpadded, one request at a time. 240 random requests."""

import random
from dataclasses import replace

import pytest
import torch
from module_controller import ModuleController
from scipy import stats
from tiny import (
    ALL_LINEAR,
    ENDS,
    EOS,
    VOCABULARY,
    TinyController,
    merged,
    naive_answer,
    random_adapter,
    tiny_model,
)
from transformers.generation import NoRepeatNGramLogitsProcessor

from mope.controller.mixture_logprobs import token_logprobs
from mope.decoding.loop import decode
from mope.decoding.mixers.arithmetic import Arithmetic
from mope.decoding.mixers.logit import Logit
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling, uniforms
from mope.decoding.step_controller import LlamaController
from mope.errors import MopeError
from mope.pools.adapters import AdapterPool
from mope.pools.separate import SeparatePool

GREEDY = Sampling(temperature=0)
EXPERTS = 6
BASE = EXPERTS  # pool index of the bare base


@pytest.fixture(scope="module")
def adapters():
    """Five adapters on every projection, of two ranks, and one on q and v alone."""
    model = tiny_model(0)
    made = {f"e{i}": random_adapter(model, i, rank=3 + i % 2, names=ALL_LINEAR) for i in range(EXPERTS - 1)}
    return model, {**made, "qv": random_adapter(model, 9, names=("q_proj", "v_proj")), "base": "__base__"}


@pytest.fixture(scope="module")
def models(adapters):
    model, made = adapters
    return [model if adapter == "__base__" else merged(model, adapter) for adapter in made.values()]


@pytest.fixture(scope="module")
def pools(adapters, models):
    model, made = adapters
    return {
        "adapters": AdapterPool(model, made),
        "separate": SeparatePool(dict(zip(made, models))),
    }


@pytest.fixture(scope="module")
def controller():
    return TinyController(3, EXPERTS + 1)


def random_requests(seed: int, count: int, weighted: bool = False, base: bool = False) -> list[Request]:
    rng = random.Random(seed)

    def text() -> list[int]:
        return [rng.randrange(2, VOCABULARY) for _ in range(rng.randrange(1, 12))]

    requests = []
    for number in range(count):
        experts = rng.sample(range(EXPERTS), rng.choice([1, 2, 3, 3, 3]))
        if base:
            experts.insert(rng.randrange(len(experts) + 1), BASE)
        shared = text()
        prompts = [text() for _ in experts] if rng.random() < 0.5 else [shared] * len(experts)
        longest = rng.randrange(1, 17)
        weights = [rng.random() for _ in experts] if weighted else None
        requests.append(
            Request(experts, prompts, text(), weights, longest, rng.choice([0, 0, min(3, longest)]), seed=number)
        )
    return requests


def greedy(mixed: torch.Tensor, step: int) -> int:
    return int(mixed.argmax())


# name: mixer, options of the requests, whether a controller weighs
SETTINGS = {
    "uniform": (Probability(), {}, False),
    "controller": (Probability(), {}, True),
    "constant": (Probability(), {"weighted": True}, False),
    "logit": (Logit(), {}, False),
    "logit with controller": (Logit(), {}, True),
    "arithmetic": (Arithmetic(BASE, strength=0.8), {"base": True}, False),
}


@pytest.mark.parametrize("backend,count", [("adapters", 30), ("separate", 10)])
@pytest.mark.parametrize("setting", SETTINGS)
def test_greedy(setting, backend, count, pools, models, controller):
    mixer, options, controlled = SETTINGS[setting]
    requests = random_requests(len(setting) + count, count, **options)
    kind = LlamaController(controller.model, controller.head) if backend == "adapters" else ModuleController(controller)
    answers = decode(
        pools[backend], mixer, requests, GREEDY, ENDS, controller=kind if controlled else None, batch_size=12
    )
    for request, answer in zip(requests, answers):
        want = naive_answer(models, mixer, request, greedy, controller if controlled else None)
        assert answer.tokens == want
        assert answer.finish_reason == ("stop" if want[-1] == EOS else "length")


def test_some_requests_of_the_greedy_cases_stop_early(pools):
    answers = decode(pools["adapters"], Probability(), random_requests(1, 60), GREEDY, ENDS)
    assert 5 < sum(answer.finish_reason == "stop" for answer in answers) < 55


def test_sampled_answers_with_all_settings_equal_the_naive_loop(pools, models, controller):
    """Temperature and banned n-grams, with the numbers that decide the draws known to both."""
    requests = random_requests(5, 24)
    answers = decode(
        pools["adapters"],
        Probability(),
        requests,
        Sampling(temperature=0.7, no_repeat_ngram=2),
        ENDS,
        controller=ModuleController(controller),
    )
    for request, answer in zip(requests, answers):
        draws = uniforms(request.seed, 64)

        def draw(mixed, step, draws=draws):
            mass = (mixed / 0.7).double().softmax(-1).cumsum(0)
            return int((mass > draws[step]).int().argmax())

        def repeats(tokens, request=request):
            banned = set()
            tail = [*request.prompts[0], *tokens][-1:]
            for prompt in request.prompts:
                text = torch.tensor([[*prompt, *tokens, *([] if tokens else tail)]])
                scores = NoRepeatNGramLogitsProcessor(2)(text, torch.zeros(1, VOCABULARY))
                banned |= set((scores[0] == float("-inf")).nonzero()[:, 0].tolist())
            return sorted(banned)

        if request.prompts.count(request.prompts[0]) == len(request.prompts):
            assert answer.tokens == naive_answer(models, Probability(), request, draw, controller, repeats)


@pytest.mark.parametrize("setting", SETTINGS)
def test_batched_equals_alone(setting, pools, controller):
    mixer, options, controlled = SETTINGS[setting]
    requests = random_requests(11, 24, **options)
    fast = LlamaController(controller.model, controller.head) if controlled else None
    sampling = Sampling(temperature=1.0, top_p=0.95, top_k=30, no_repeat_ngram=3)
    together = decode(pools["adapters"], mixer, requests, sampling, ENDS, fast, record=True)
    for request, answer in zip(requests, together):
        [alone] = decode(pools["adapters"], mixer, [request], sampling, ENDS, fast, record=True)
        assert alone.tokens == answer.tokens
        torch.testing.assert_close(alone.expert_logprobs, answer.expert_logprobs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_sampled_frequencies_are_those_of_the_exact_mixture(temperature, pools, models):
    """Each expert's distribution is the softmax of its logits divided by the temperature, before they are mixed."""
    prompt, weights = [7, 20, 33], [0.6, 0.3, 0.1]
    requests = [Request([0, 2, 4], [prompt] * 3, weights=weights, max_new_tokens=2, seed=s) for s in range(4000)]
    sampling = Sampling(expert_temperature=temperature)
    answers = decode(pools["adapters"], Probability(), requests, sampling, ENDS, batch_size=500)

    def check(tokens: list[int], text: list[int]) -> None:
        with torch.no_grad():
            logits = [models[e](torch.tensor([text])).logits[0, -1].double() for e in (0, 2, 4)]
        rows = [(row / temperature).softmax(-1) for row in logits]
        expected = sum(w * row for w, row in zip(weights, rows)) * len(tokens)
        counts = torch.bincount(torch.tensor(tokens), minlength=VOCABULARY).double()
        rare = expected < 5
        observed = [*counts[~rare].tolist(), counts[rare].sum().item()]
        wanted = [*expected[~rare].tolist(), expected[rare].sum().item()]
        assert stats.chisquare(observed, wanted).pvalue > 0.01

    first = [answer.tokens[0] for answer in answers]
    check(first, prompt)
    common = max(set(first) - {EOS}, key=first.count)
    check([answer.tokens[1] for answer in answers if answer.tokens[0] == common], [*prompt, common])


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_records_cost_no_forward_pass_and_are_right(temperature, pools, models, controller, monkeypatch):
    pool, fast = pools["adapters"], LlamaController(controller.model, controller.head)
    steps = []
    monkeypatch.setattr(AdapterPool, "step", lambda self, *a, step=AdapterPool.step: steps.append(1) or step(self, *a))
    requests = random_requests(21, 10)
    sampling = Sampling(expert_temperature=temperature)
    answers = decode(pool, Probability(), requests, sampling, ENDS, fast, record=True)
    assert len(steps) == max(len(answer.tokens) for answer in answers) - 1
    for request, answer in zip(requests, answers):
        for t, token in enumerate(answer.tokens):
            with torch.no_grad():
                rows = [
                    (models[e](torch.tensor([[*p, *answer.tokens[:t]]])).logits[0, -1] / temperature).log_softmax(-1)[
                        token
                    ]
                    for e, p in zip(request.experts, request.prompts)
                ]
                logits = controller(torch.tensor([[*request.controller_ids, *answer.tokens[:t]]])).logits[0, -1]
            alphas = torch.zeros(EXPERTS + 1)
            alphas[list(request.experts)] = logits[list(request.experts)].softmax(-1)
            torch.testing.assert_close(answer.expert_logprobs[t], torch.stack(rows), atol=2e-4, rtol=2e-4)
            torch.testing.assert_close(answer.alphas[t], alphas, atol=1e-4, rtol=1e-3)
            mixed = (answer.alphas[t][list(request.experts)].log() + answer.expert_logprobs[t]).logsumexp(0)
            assert answer.logprob[t].item() == pytest.approx(mixed.item(), abs=1e-4)
    # Autograd takes the records as they are.
    weight = torch.zeros(len(requests[0].experts), requires_grad=True)
    (answers[0].expert_logprobs * weight).sum().backward()


def test_the_rest_of_the_vocabulary_gives_back_a_mixture_in_logit_space(pools, controller):
    """What REBEL computes from the records is what was sampled from."""
    pool, fast = pools["adapters"], LlamaController(controller.model, controller.head)
    requests = random_requests(22, 10)
    answers = decode(pool, Logit(), requests, Sampling(), ENDS, fast, record=True, others=pool.vocab_size - 1)
    for request, answer in zip(requests, answers):
        logits = answer.alphas[None][..., list(request.experts)].log()
        found = token_logprobs(logits, answer.expert_logprobs[None], answer.other_logprobs[None])[0]
        torch.testing.assert_close(found, answer.logprob, atol=1e-4, rtol=1e-4)


def test_streamed_tokens_are_those_of_the_answers(pools, controller):
    events = []
    fast = LlamaController(controller.model, controller.head)
    requests = random_requests(31, 9)
    answers = decode(
        pools["adapters"], Probability(), requests, Sampling(), ENDS, fast, True, 4, on_token=events.append
    )
    for number, answer in enumerate(answers):
        mine = [event for event in events if event.request == number]
        assert [event.token for event in mine] == answer.tokens
        torch.testing.assert_close(torch.stack([event.alphas for event in mine]), answer.alphas)
        torch.testing.assert_close(torch.stack([event.expert_logprobs for event in mine]), answer.expert_logprobs)


def test_a_single_model_equals_transformers_generate(models):
    pool = AdapterPool(models[0], {"only": "__base__"})
    prompts = [request.prompts[0] for request in random_requests(41, 8)]
    answers = decode(pool, Probability(), [Request([0], [p], max_new_tokens=20) for p in prompts], GREEDY, ENDS)
    for prompt, answer in zip(prompts, answers):
        want = models[0].generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=20,
            do_sample=False,
        )
        assert answer.tokens == want[0, len(prompt) :].tolist()


@pytest.mark.parametrize(
    "change,message",
    [
        ({"experts": [0, 0, 1]}, "distinct"),
        ({"experts": [0, 1, 77]}, "distinct numbers from 0 to 6"),
        ({"prompts": [[5], [5]]}, "each expert needs one prompt"),
        ({"prompts": [[5], [], [5]]}, "empty prompt"),
        ({"max_new_tokens": 0}, "new tokens"),
        ({"min_new_tokens": 9}, "new tokens"),
        ({"weights": [1.0]}, "1 weights for 3 experts"),
        ({"controller_ids": None}, "controller_ids"),
    ],
)
def test_bad_requests_are_named_before_any_work(change, message, pools, controller):
    good = Request([0, 1, 2], [[5]] * 3, [5], max_new_tokens=4)
    with pytest.raises(MopeError, match=f"request 1: .*{message}"):
        requests = [good, replace(good, **change)]
        decode(pools["adapters"], Probability(), requests, GREEDY, ENDS, ModuleController(controller))


def test_several_answers_to_one_prompt_are_those_of_each_alone(pools, controller):
    kind = LlamaController(controller.model, controller.head)
    requests = [replace(r, seed=seed) for seed in range(4) for r in random_requests(3, 5)]
    sampling = Sampling(temperature=1.0)

    def answers(some):
        return [a.tokens for a in decode(pools["adapters"], Probability(), some, sampling, ENDS, controller=kind)]

    together = answers(requests)
    assert together == [answers([request])[0] for request in requests]
    assert len({tuple(tokens) for tokens in together[::5]}) > 1
