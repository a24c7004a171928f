"""A base of another architecture and vocabulary through every stage that runs models, and a PCM from a LLaMA."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_settings import tiny
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    AutoModel,
    AutoTokenizer,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
    PreTrainedTokenizerFast,
)

from mope import preferences
from mope.controller.controller_settings import ControllerSettings
from mope.controller.pcm import grown_from
from mope.controller.train import train_controller
from mope.decoding.turn_ends import turn_ends
from mope.errors import MopeError
from mope.methods.generation import generate
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.pools.open_pool import open_pool
from mope.rewards.combined import Rewards, references_of
from mope.rewards.forms.bt import BradleyTerry
from mope.rewards.reference import reference_answers
from mope.rewards.reward_model import load_reward_models
from mope.rewards.scoring import score_responses
from mope.training.candidates import sample_candidates
from mope.training.checkpoints import Checkpoints
from mope.training.expert import ExpertSettings, task, train_expert
from mope.training.imported import check_controller, check_space, import_base, licence
from mope.training.reward import RewardSettings, train_reward

TEMPLATE = (
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
IDS = ["P1A", "P1B", "P2A", "P3A"]
PROMPTS = pd.DataFrame({"prompt_id": ["a", "b"], "prompt": ["Why is the sky blue?", "What is rain?"]})


def own_tokenizer(template: str | None = TEMPLATE, extra: tuple[str, ...] = ()) -> PreTrainedTokenizerFast:
    """Byte-level BPE with other special tokens, numbers and format than the project's own."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<|end|>", "<unused>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["the sky is blue because light is scattered by the air"], trainer)
    tokenizer.add_tokens(list(extra))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", chat_template=template)


def save_model(folder: Path, tokenizer: PreTrainedTokenizerFast, rows: int = 320) -> Path:
    torch.manual_seed(0)
    shape = {"vocab_size": rows, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    GPTNeoXForCausalLM(GPTNeoXConfig(**shape, intermediate_size=48, max_position_embeddings=256)).save_pretrained(
        folder
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    import_base(save_model(folder / "given", own_tokenizer()), "<unused>", [], folder / "base")
    return folder / "base"


def save_llama(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    torch.manual_seed(1)
    shape = {"vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(**shape, intermediate_size=32)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_every_stage_runs_on_a_base_of_another_architecture(
    root: Path, base: Path, saved: Checkpoints, tmp_path: Path
) -> None:
    active = preferences.load_preferences(root / "workflow/prompts/preferences.yaml", IDS)
    candidates = sample_candidates(base, PROMPTS, active, 2, 1.0, 8, 1)
    assert candidates.response.str.len().gt(0).any()
    rows = [("ab"[i % 2], PROMPTS.prompt[i % 2], f"Light {i}.", f"Air {i}.") for i in range(8)]
    feedback = pd.DataFrame(rows, columns=["prompt_id", "prompt", "chosen", "rejected"])
    train_reward(
        base,
        feedback,
        tiny(RewardSettings, "reward", batch=4, held_out=0.5, max_length=96, micro_batch=2),
        saved,
        tmp_path / "reward",
    )
    models = load_reward_models(base, dict.fromkeys(IDS, tmp_path / "reward"))
    shared = load_reward_models(base, dict.fromkeys(IDS, tmp_path / "reward"), shared=0)
    question, answer = [PROMPTS.prompt[0]], ["Light is scattered."]
    assert torch.allclose(models["P1A"].score(question, answer), shared["P3A"].score(question, answer), atol=1e-5)
    settings = tiny(ExpertSettings, "expert", steps=1, max_new_tokens=8, micro_batch=2)
    tasks = [task(prompt, ["be brief"], "P1A") for prompt in PROMPTS.prompt]
    train_expert(base, lambda x, y, _: models["P1A"].score(x, y), tasks, settings, saved, tmp_path / "expert")
    reference = reference_answers(base, PROMPTS, 1.0, 8, 1)
    pool = open_pool(base, dict.fromkeys(IDS, tmp_path / "expert"))
    rewards = Rewards(models, references_of(reference, active.combinations()), BradleyTerry())
    tokenizer = AutoTokenizer.from_pretrained(base)
    start = save_llama(tmp_path / "llama", own_tokenizer())
    controlled = tiny(ControllerSettings, "controller", max_new_tokens=8, expert_prompt="own")
    xis, asked, out = active.combinations(), list(PROMPTS.prompt), tmp_path / "controller"
    curve = train_controller(
        tokenizer, pool, rewards, asked, xis, active, controlled, saved, out, start, ends=turn_ends(base, tokenizer)
    )
    assert len(curve) == 2
    generator = Generator(
        Models(base, dict.fromkeys(IDS, tmp_path / "expert"), {0: out}),
        active,
        tiny(GenerationSettings, "generation", no_repeat_ngram=3, max_new_tokens=8),
    )
    for method in ({"kind": "soup", "average": "exact", "prompt": "all"}, {"kind": "base", "prompt": "none"}):
        assert len(generate(generator, method, PROMPTS)) == 2 * len(xis)
    responses = generate(generator, {"kind": "mix", "mixer": "controller", "prompt": "own"}, PROMPTS)
    assert score_responses(responses, reference, models).bt_reward.between(0, 1).all()


def test_a_controller_begins_as_the_pretrained_llama_with_rows_for_new_tokens(base: Path, tmp_path: Path) -> None:
    start = save_llama(tmp_path / "llama", own_tokenizer())
    body = LlamaModel.from_pretrained(start)
    known = body.config.vocab_size
    controller = grown_from(start, IDS, known + 5)
    controller.save_pretrained(tmp_path / "controller")
    again = AutoModel.from_pretrained(tmp_path / "controller").eval()
    ids = torch.randint(0, known, (1, 9))
    assert torch.equal(again.model(ids).last_hidden_state, body.eval()(ids).last_hidden_state)
    assert torch.equal(again(torch.tensor([[known + 4]])).logits, torch.zeros(1, 1, len(IDS)))
    rows = again.model.embed_tokens.weight
    assert torch.allclose(rows[known + 4], rows[:known].mean(dim=0))


@pytest.mark.parametrize(
    ("tokenizer", "pad_token", "rows", "said"),
    [
        (own_tokenizer(None), "<unused>", 320, "no chat template"),
        (own_tokenizer(), None, 320, "pad token that differs .*; name one .* as base.pad_token"),
        (own_tokenizer(), "<|end|>", 320, "pad token that differs"),
        (own_tokenizer(), "<nothing>", 320, "base.pad_token: '<nothing>' found"),
        (own_tokenizer(), "<unused>", 200, "the model embeds only 200"),
    ],
)
def test_what_no_stage_could_use_is_refused(tokenizer, pad_token: str, rows: int, said: str, tmp_path: Path) -> None:
    folder = save_model(tmp_path / "given", tokenizer, rows)
    with pytest.raises(MopeError, match=said):
        import_base(folder, pad_token, [], tmp_path / "base")


def test_a_controller_with_another_tokenizer_is_refused(base: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    check_controller(save_llama(tmp_path / "same", own_tokenizer(extra=("<new>",))), tokenizer)
    other = own_tokenizer()
    shifted = Tokenizer(models.WordLevel({token: (i + 1) % 300 for token, i in other.get_vocab().items()}))
    wrong = PreTrainedTokenizerFast(tokenizer_object=shifted, eos_token="<|end|>")
    with pytest.raises(MopeError, match="one tokenizer is needed"):
        check_controller(save_llama(tmp_path / "shifted", wrong), tokenizer)
    with pytest.raises(MopeError, match="a gpt_neox found, a model of type llama"):
        check_controller(save_model(tmp_path / "neox", own_tokenizer()), tokenizer)


def test_licence_and_disk_are_looked_at(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert licence(tmp_path) == "not stated; look it up before you use the model"
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n")
    assert licence(tmp_path) == "apache-2.0"
    check_space(base, tmp_path)
    monkeypatch.setattr("mope.training.imported.COPIES", 10**9)
    with pytest.raises(MopeError, match="GB of disk are free, about"):
        check_space(base, tmp_path)


def test_the_size_of_the_backward_pass_changes_nothing_but_rounding(
    base: Path, saved: Checkpoints, tmp_path: Path
) -> None:
    rows = [("abcd"[i % 4], f"Why {i % 4}?", f"Light {i}.", f"Air {i}.") for i in range(16)]
    feedback = pd.DataFrame(rows, columns=["prompt_id", "prompt", "chosen", "rejected"])
    weights = []
    for micro in (None, 1):
        out = tmp_path / f"reward{micro}"
        train_reward(
            base,
            feedback,
            tiny(RewardSettings, "reward", batch=4, held_out=0.25, max_length=96, micro_batch=micro),
            saved,
            out,
        )
        weights.append(load_file(out / "adapter_model.safetensors"))
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-4), name
