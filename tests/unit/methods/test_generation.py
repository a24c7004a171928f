"""Every row of the shipped experiments answers, and every controller among them trains, on tiny real models."""

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from tokenizers import Tokenizer, decoders, models
from transformers import (
    AutoModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

from mope import preferences
from mope.analysis.shard_tables import GATHER
from mope.config.load import load_config
from mope.controller.controller_settings import ControllerSettings
from mope.controller.loading import load_controller
from mope.controller.train import train_controller
from mope.decoding.mixture import PromptScheme, mixture_request
from mope.decoding.turn_ends import TurnEnds
from mope.errors import MopeError
from mope.explain.alphas import Sampler, sample_alphas, swap_alphas, texts
from mope.methods.entries import in_tables, needs, pairs, rewarded
from mope.methods.generation import generate, generate_front
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.methods.kinds.merged_soup import merged_adapters
from mope.methods.selection import Chooser
from mope.pools.adapters import AdapterPool
from mope.rewards.combined import Rewards
from mope.rewards.form_table import FORMS
from mope.rewards.forms.raw import Raw
from mope.rewards.reference import reference_answers
from mope.rewards.reward_model import RewardModel
from mope.runtime.shards import WHOLE, Shard
from mope.training.checkpoints import Checkpoints
from mope.training.tokenizer import train_tokenizer

ROOT = Path(__file__).parents[3]
CONFIG = {name: load_config(ROOT, {"experiment": name}) for name in ("tables", "scaling", "rivals")}
PROMPTS = pd.DataFrame([("q0", "What is rain?"), ("q1", "Explain the sky to me.")], columns=["prompt_id", "prompt"])
TINY = {"seed": 0, "hidden": 16, "layers": 1, "heads": 2, "intermediate": 16, "steps": 2, "prompts_per_step": 2}
TINY |= {"epochs": 2, "max_new_tokens": 6, "temperature": 1.0}


def active(experiment: str) -> preferences.Preferences:
    return preferences.load_preferences(ROOT / "workflow/prompts/preferences.yaml", CONFIG[experiment]["preferences"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base, and for each of the eight preferences an expert and a reward model, with random weights."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    everything = active("scaling")
    tokenizer = train_tokenizer([*PROMPTS.prompt, *everything.texts.values()] * 3, 320)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=512, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None, tie_word_embeddings=False, initializer_range=0.5,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    own = {"r": 2, "target_modules": "all-linear", "init_lora_weights": False}
    for name in [*everything.ids, "policy"]:
        base = LlamaForCausalLM.from_pretrained(folder / "base")
        get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **own)).save_pretrained(folder / "expert" / name)
        judge = LlamaForSequenceClassification.from_pretrained(folder / "base", num_labels=1)
        head = LoraConfig(task_type="SEQ_CLS", modules_to_save=["score"], **own)
        get_peft_model(judge, head).save_pretrained(folder / "reward" / name)
    return folder


@pytest.fixture(scope="module")
def reference(run: Path) -> pd.DataFrame:
    return reference_answers(run / "base", PROMPTS, 1.0, 6, 0)


@pytest.fixture(scope="module")
def controllers(run: Path, reference: pd.DataFrame) -> dict[tuple[str, str], Path]:
    """Every controller of both experiments after two steps."""
    trained = {}
    for experiment, config in CONFIG.items():
        for name, own in config["controllers"].items():
            settings = config["controller"] | own | TINY
            for needless in ("seeds", "reference", "path", "hub", "pretraining"):
                del settings[needless]
            settings = ControllerSettings(**settings)
            xi = settings.combinations or active(experiment).combinations()
            met = [i for i in active(experiment).ids if any(i in x.split("-") for x in xi)]
            known = preferences.load_preferences(ROOT / "workflow/prompts/preferences.yaml", met)
            pool = AdapterPool(run / "base", {i: run / "expert" / i for i in known.ids})
            models = {i: RewardModel(run / "base", run / "reward" / i) for i in known.ids}
            answers = {(row.prompt, x): row.response for row in reference.itertuples() for x in xi}
            rewards = Rewards(models, answers, FORMS[settings.reward]())
            folder = trained[experiment, name] = run / "controller" / experiment / name
            tokenizer = Generator(Models(run / "base", {}, {}), known, None).tokenizer
            saved = Checkpoints(folder.parent / f".{name}", minutes=60)
            curve = train_controller(
                tokenizer, pool, rewards, list(PROMPTS.prompt), xi, known, settings, saved, folder,
                ends=TurnEnds((tokenizer.eos_token_id,), tokenizer.pad_token_id),
            )  # fmt: skip
            assert curve.drop(columns="step").notna().all(axis=None), name
            uniform = math.log(len(met) if settings.mixes == "all" else 3)
            assert curve.entropy[0] == pytest.approx(uniform, abs=0.05), name
    return trained


def generator(run: Path, experiment: str, **models: dict) -> Generator:
    experts = {i: run / "expert" / i for i in active(experiment).ids}
    settings = {"seed": 0, "temperature": 0.5, "top_p": 1.0, "top_k": 0, "no_repeat_ngram": 3, "min_new_tokens": 1}
    rewards = {i: run / "reward" / i for i in active(experiment).ids}
    parts = Models(run / "base", experts, models.get("controllers", {}), models.get("policies", {}), rewards)
    return Generator(parts, active(experiment), GenerationSettings(**settings, max_new_tokens=6))


ROWS = [
    (experiment, name)
    for experiment, config in CONFIG.items()
    for name in config["methods"]
    if experiment != "rivals" or name not in CONFIG["tables"]["methods"]  # the others have been seen there
]


@pytest.mark.parametrize(("experiment", "name"), ROWS)
def test_a_row_answers(experiment: str, name: str, run: Path, reference: pd.DataFrame, controllers: dict) -> None:
    method, models = CONFIG[experiment]["methods"][name], {}
    if "controllers" in needs(method):
        models["controllers"] = {0: controllers[experiment, method["controller"]]}
    if "policies" in needs(method):
        models["policies"] = {0: run / "expert" / "policy"}
    own = generator(run, experiment, **models)
    if rewarded(method):
        chooser = Chooser(run / "base", {i: run / "reward" / i for i in active(experiment).ids}, reference)
        table = generate(own, method, PROMPTS, chooser)
    else:
        table = generate(own, method, PROMPTS)
    combinations = active(experiment).combinations()
    assert list(table.combination) == combinations * len(PROMPTS)
    assert list(table.prompt_id) == [p for p in PROMPTS.prompt_id for _ in combinations]
    assert set(table.seed) == {0} and table.n_tokens.between(1, 6).all()


@pytest.mark.parametrize("name", ["mope", "best_of_3", "soup_exact"])
def test_answers_in_shards_are_those_of_one_job(
    name: str, run: Path, reference: pd.DataFrame, controllers: dict
) -> None:
    method, seeds = (
        CONFIG["tables"]["methods"][name],
        {7: controllers["tables", "mope"], 0: controllers["tables", "eta1"]},
    )
    own = generator(run, "tables", controllers=seeds)
    chooser = Chooser(run / "base", {i: run / "reward" / i for i in active("tables").ids}, reference)

    def answered(shard: Shard) -> pd.DataFrame:
        prompts = shard.share(PROMPTS)
        return generate(own, method, prompts, chooser)

    whole = answered(WHOLE)
    assert list(whole.seed.unique()) == ([7, 0] if name == "mope" else [0])
    assert GATHER["responses"]([answered(Shard(0, 2)), answered(Shard(1, 2))]).equals(whole)


def test_best_of_n_is_the_best_of_its_samples(run: Path, reference: pd.DataFrame) -> None:
    chooser = Chooser(run / "base", {i: run / "reward" / i for i in active("tables").ids}, reference)
    own, method = generator(run, "tables"), {"kind": "best_of", "n": 1, "prompt": "all"}
    one, five = (generate(own, method | {"n": n}, PROMPTS, chooser) for n in (1, 5))
    means = []
    for table in (one, five):
        rewards = Rewards(chooser.models, {}, Raw())
        means.append(rewards(list(table.prompt), list(table.response), list(table.combination)))
    assert (five.response != one.response).any()
    assert means[1].mean() > means[0].mean()


def test_an_expert_that_joined_after_training_leaves_the_others_as_they_were(run: Path, controllers: dict) -> None:
    everything = active("scaling")
    pool = AdapterPool(run / "base", {i: run / "expert" / i for i in everything.ids})
    tokenizer = generator(run, "scaling").tokenizer
    added = load_controller(controllers["scaling", "added"], pool, everything, tokenizer)
    trained = AutoModel.from_pretrained(controllers["scaling", "added"]).eval()
    assert list(trained.config.experts) == [i for i in everything.ids if i != "P3D"]
    assert list(added.config.experts) == list(everything.ids)
    ids = torch.arange(4, 12)[None]
    before, after = trained(ids).logits, added(ids).logits
    assert torch.allclose(before, after[..., :-1], atol=1e-6) and before.abs().max() > 0
    assert not torch.allclose(after[..., -1], after[..., -2])
    with pytest.raises(MopeError, match="trained for experts"):
        load_controller(controllers["tables", "mope"], pool, everything, tokenizer)


def test_constant_weights_are_constant_and_those_of_the_combination(run: Path, controllers: dict) -> None:
    method = CONFIG["tables"]["methods"]["constant"]
    own = generator(run, "tables", controllers={0: controllers["tables", "constant"]})
    samples = sample_alphas(Sampler(own, method, PROMPTS))
    ids = list(active("tables").ids)
    assert (samples.groupby("combination")[ids].nunique() == 1).all(axis=None)
    assert samples[ids].drop_duplicates().shape[0] > 1


def test_alphas_and_what_they_would_be_under_another_preference(run: Path, controllers: dict) -> None:
    method, names = CONFIG["tables"]["methods"]["mope"], list(active("tables").ids)
    own = generator(run, "tables", controllers={0: controllers["tables", "mope"]})
    sampler = Sampler(own, method, PROMPTS)
    samples, swaps = sample_alphas(sampler), swap_alphas(sampler)
    assert samples[names].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert samples.top_share.between(0, 1).all()
    assert len(swaps) == len(PROMPTS) * 8 * 3 and swaps.change.between(0, 1).all() and swaps.change.max() > 0
    # Swapping there and back gives the weights that the answer was written with.
    first = sampler.answers[0]
    own_weights = first.alphas[:, sampler.generator.preferences.indices(sampler.asked[0][1])]
    assert swaps.weight_before[0] == pytest.approx(own_weights[:, 0].mean().item(), abs=1e-5)


GRADED = {
    "uniform": {"kind": "mix", "mixer": "uniform", "prompt": "all"},
    "mod": {"kind": "mix", "mixer": "logit", "prompt": "all"},
    "arithmetic": {"kind": "mix", "mixer": "arithmetic", "prompt": "all", "strength": 1 / 3},
    "soup_factor": {"kind": "soup", "average": "factor", "prompt": "all"},
    "soup_exact": {"kind": "soup", "average": "exact", "prompt": "all"},
    "soup_sum": {"kind": "soup", "average": "sum", "prompt": "all", "strength": 1 / 3},
}


@pytest.mark.parametrize("name", GRADED)
def test_a_front_goes_from_one_expert_alone_to_another(name: str, run: Path) -> None:
    """At a corner the expert of that dimension answers alone; equal weights are those of the row without weights."""
    own, xi = generator(run, "tables"), "P1A-P2B-P3A"
    front = generate_front(own, GRADED[name], PROMPTS, [xi], step=1.0)
    assert list(front.point) == [0, 0, 1, 1, 2, 2] and set(front.combination) == {xi}
    for point, expert in enumerate(xi.split("-")):
        alone = generate(own, {"kind": "expert", "expert": expert, "prompt": "all"}, PROMPTS, combinations=[xi])
        assert list(front[front.point == point].response) == list(alone.response)
    assert front.response.nunique() > 2
    equal = generate(own, GRADED[name] | {"weights": [1 / 3] * 3}, PROMPTS, combinations=[xi])
    assert equal.equals(generate(own, GRADED[name], PROMPTS, combinations=[xi]))


def test_a_prompted_base_reads_weights_in_words(run: Path) -> None:
    own, method, xi = generator(run, "tables"), {"kind": "base", "prompt": "all"}, "P1A-P2B-P3A"
    texts = own.texts_read(method | {"weights": [0.75, 0.25, 0.0]}, xi)
    assert [text.rpartition(" Weight: ")[2] for text in texts] == ["75%.", "25%.", "0%."]
    assert [text.rpartition(" Weight: ")[0] for text in texts] == own.texts_read(method, xi)
    front = generate_front(own, method, PROMPTS, None, step=1.0)
    assert len(front) == 3 * len(PROMPTS) * 8
    first, last = (front[front.point == point].response.reset_index(drop=True) for point in (0, 2))
    assert (first != last).any()


def test_a_soup_reads_its_texts_without_weights(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, read = generator(run, "tables"), []
    statements = preferences.Preferences.statements
    monkeypatch.setattr(
        preferences.Preferences,
        "statements",
        lambda self, xi, weights=None: read.append(weights) or statements(self, xi, weights),
    )
    generate(own, GRADED["soup_exact"] | {"weights": [0.5, 0.25, 0.25]}, PROMPTS)
    assert read and set(read) == {None}


def test_which_methods_are_compared() -> None:
    methods = {"a": {}, "b": {}, "c": {"against": ["b"]}, "d": {}, "e": {"against": ["c", "a"]}}
    assert in_tables(methods) == ["a", "b", "d"]
    assert pairs(methods) == [("a", "b"), ("a", "d"), ("a", "e"), ("b", "c"), ("b", "d"), ("c", "e")]


def test_the_texts_of_tokens_keep_the_spaces_that_some_tokenizers_drop() -> None:
    tokenizer = Tokenizer(models.WordLevel({"▁Rain": 0, "▁is": 1, "▁wa": 2, "ter": 3, ".": 4, "?": 5}, unk_token="?"))
    tokenizer.decoder = decoders.Metaspace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    assert [fast.decode([token]) for token in (1, 2)] == ["is", "wa"]
    assert texts(fast, [0, 1, 2, 3, 4]) == ["Rain", " is", " wa", "ter", "."]


def test_graded_preferences_of_a_free_mixture_are_only_read() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"?": 0}, unk_token="?")))
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    known = preferences.load_preferences(ROOT / "workflow/prompts/preferences.yaml", ["P1A", "P1B", "P2A", "P3A"])
    for mixes, expected in (("all", None), ("combination", (0.7, 0.2, 0.1))):
        reading = PromptScheme("all", mixes=mixes, weights=(0.7, 0.2, 0.1))
        assert mixture_request(tokenizer, known, "Why?", "P1B-P2A-P3A", reading, known.ids, 8, 0).weights == expected


def test_stronger_experts(run: Path) -> None:
    own = generator(run, "tables")
    [name, *_] = own.models.experts
    assert own.experts({"kind": "mix"}) == own.models.experts
    peft = PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained(run / "base"), own.models.experts[name]).eval()
    for module in peft.modules():
        if isinstance(module, LoraLayer):
            module.scaling["default"] *= 2.5
    pool = own.pool(own.experts({"kind": "mix", "expert_strength": 2.5}))
    ids = [5, 6, 7, 8]
    _, found = pool.prefill([ids], [pool.names.index(name)])
    expected = peft(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    torch.testing.assert_close(found[0], expected, atol=1e-4, rtol=1e-4)


def test_the_sum_of_updates_is_the_average_of_stronger_experts(run: Path) -> None:
    own, soup = generator(run, "tables"), {"kind": "soup", "prompt": "all"}
    count = len(active("tables").dimensions)
    added = merged_adapters(own, soup | {"average": "sum", "strength": 1.0})
    averaged = merged_adapters(own, soup | {"average": "exact", "expert_strength": float(count)})
    for xi, adapter in added.items():
        for module, pair in adapter.items():
            other = averaged[xi][module]
            torch.testing.assert_close(pair.scale * pair.b @ pair.a, other.scale * other.b @ other.a)
