"""What the server answers is what the offline decoder answers: tokens, log-probabilities, weights."""

from dataclasses import replace
from pathlib import Path

import openai
import pytest
from served_tiny_run import XI
from tiny_run import QUESTION

from mope.controller.loading import load_controller
from mope.decoding.loop import decode
from mope.decoding.mixer_table import MIXERS
from mope.decoding.mixers.probability import Probability
from mope.decoding.mixers.truncated import Truncated
from mope.decoding.request import Answer, Request
from mope.decoding.sampling import Sampling
from mope.methods.kinds.expert_mixture import mixing_rule
from mope.methods.kinds.merged_soup import merged_adapters
from mope.pools.adapters import BASE
from mope.pools.remote import Endpoint, RemotePool
from mope.prompting import encode, prompt_text
from mope.serve.served_run import ServedRun, rows_of

TURNS = [
    {"role": "user", "content": QUESTION},
    {"role": "assistant", "content": "It is not."},
    {"role": "user", "content": "Why?"},
]


@pytest.fixture(scope="module")
def run(served: Path) -> ServedRun:
    return ServedRun(served)


def offline(run: ServedRun, name: str, prompt: str, seed: int) -> tuple[Request, Answer]:
    """The answer of a row to one prompt under `XI`, by the decoder that has written the tables."""
    method = rows_of(run.run)[name]["method"]
    generator, preferences = run.models[name].generator, run.preferences
    if method["kind"] == "soup":
        pool, decoder, mixer = generator.pool(merged_adapters(generator, method)), None, Probability()
        place = preferences.combinations().index(XI)
        request = generator.plain_request(place, prompt, generator.texts_read(method, XI), XI)
    else:
        reads_base = MIXERS[method["mixer"]].READS_BASE
        pool = generator.pool(generator.experts(method) | ({"base": BASE} if reads_base else {}))
        base = pool.names.index("base") if reads_base else None
        controller = decoder = None
        if "controller" in method:
            folder = run.run / "controller" / method["controller"] / "seed0"
            controller = load_controller(folder, pool, preferences, generator.tokenizer)
            decoder = controller.decoder()
        request = generator.mixture_request(pool, method, prompt, XI, base, controller)
        mixer = mixing_rule(method, base)
    request = replace(request, seed=seed)
    return request, generator.answers(pool, mixer, [request], decoder, record=True)[0]


@pytest.mark.parametrize("said", [TURNS[:1], TURNS], ids=["one turn", "two turns"])
@pytest.mark.parametrize("name", ["mope", "mope_x2", "uniform", "mod", "arithmetic", "soup_exact"])
def test_served_as_offline(client: openai.OpenAI, run: ServedRun, name: str, said: list[dict]) -> None:
    prompt = prompt_text(said)
    request, answer = offline(run, name, prompt, 11)
    asked = {"model": f"{name}:{XI}", "messages": said, "seed": 11, "logprobs": True}
    reply = client.chat.completions.create(**asked, extra_body={"alphas": True})
    [choice], found = reply.choices, reply.choices[0].logprobs.content
    assert reply.usage.prompt_tokens == len(request.prompts[0])
    assert choice.finish_reason == answer.finish_reason
    assert [token.token for token in found] == [run.tokenizer.decode([token]) for token in answer.tokens]
    assert [token.logprob for token in found] == pytest.approx(answer.logprob.tolist(), abs=1e-4)
    if answer.alphas is not None:
        alphas = answer.alphas[:, list(request.experts)].tolist()
        assert [list(token["alphas"].values()) for token in choice.mope] == [pytest.approx(a, abs=1e-5) for a in alphas]
        terms = answer.alphas[:, list(request.experts)] * answer.expert_logprobs.exp()
        for token, term in zip(choice.mope, terms / terms.sum(dim=1, keepdim=True)):
            assert list(token["shares"].values()) == pytest.approx(term.tolist(), abs=1e-4)
    assert ("carrier" in choice.mope[0]) == (name in ("mope", "mope_x2", "uniform"))


def test_a_conversation_goes_on(client: openai.OpenAI, run: ServedRun) -> None:
    """Turn by turn, as a chat client asks: each answer becomes part of the next question."""
    said = []
    for question in (QUESTION, "Is it blue?", "Why?"):
        said.append({"role": "user", "content": question})
        _, answer = offline(run, "mope", prompt_text(said), 5)
        reply = client.chat.completions.create(model=f"mope:{XI}", messages=said, seed=5)
        text = run.tokenizer.decode(answer.tokens, skip_special_tokens=True)
        assert reply.choices[0].message.content == text
        said.append({"role": "assistant", "content": text or "?"})


def test_experts_behind_this_server_are_mixed_as_those_of_a_local_pool(address: str, run: ServedRun) -> None:
    names = ["P1A", "P2B"]
    ids = encode(run.tokenizer, QUESTION)
    requests = [Request([run.pool.names.index(name) for name in names], [ids, ids], max_new_tokens=6, seed=4)]
    [near] = decode(run.pool, Truncated(Probability(), 20), requests, Sampling(), run.ends)
    endpoints = {name: Endpoint(f"{address}/v1", name) for name in names}
    with RemotePool(endpoints, run.tokenizer) as pool:
        [far] = decode(pool, Probability(), [replace(requests[0], experts=[0, 1])], Sampling(), run.ends)
    assert far.tokens == near.tokens
