"""An answer ends where the chat template, the tokenizer or the generation configuration say so, in every stage."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AddedToken, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import TurnEnds, template_end, turn_ends
from mope.errors import MopeError
from mope.pools.adapters import BASE
from mope.pools.open_pool import open_pool
from mope.rewards.reference import reference_answers
from mope.training.imported import import_base

WORDS = ["<pad>", "<|endoftext|>", "<|turn|>", "<|eot_id|>", "<|user|>", "it", "is", "rain", "?"]
PAD, EOS, TURN, EOT, USER = range(5)
CLOSED = (
    "{% for m in messages %}{{ '<|user|>' if m['role'] == 'user' else '<|turn|>' }}{{ m['content'] }}"
    "{{ END }}{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>' }}{% endif %}"
)
OPEN = CLOSED.replace("{{ END }}", "")


def tokenizer_of(template: str, special: bool = True) -> PreTrainedTokenizerFast:
    """A word-level tokenizer whose end-of-text token is not what the template writes."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_tokens([AddedToken(word, special=special, normalized=False) for word in WORDS[TURN : USER + 1]])
    given = {"pad_token": WORDS[PAD], "eos_token": WORDS[EOS], "unk_token": "?"}
    return PreTrainedTokenizerFast(tokenizer_object=words, chat_template=template, **given)


def save(folder: Path, tokenizer: PreTrainedTokenizerFast, ends: object, says: list[int] = ()) -> Path:
    """A LLaMA that writes the tokens `says` one after the other, whatever it has read before."""
    shape = {"vocab_size": len(WORDS), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=2, tie_word_embeddings=False))
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        model.model.norm.weight.fill_(1)
        model.model.embed_tokens.weight[:, : len(WORDS)] = torch.eye(len(WORDS))
        for before, after in zip((TURN, *says), says):
            model.lm_head.weight[after, before] = 30.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}))
    return folder


@pytest.mark.parametrize(
    ("written", "named", "expected"),
    [
        ("<|eot_id|>", EOS, (EOT, EOS)),  # Llama 3: the tokenizer's own is another
        ("<|eot_id|>\n", [EOS, USER], (EOT, EOS, USER)),  # ChatML's line break; a list
        ("", [EOT, EOS], (EOS, EOT)),  # only generation_config knows
        ("\n", None, (EOS,)),  # a line break is text, not an end
        ("{{ eos_token }}", EOS, (EOS,)),
        (" rain", None, (EOS,)),
    ],
)
def test_the_ends_are_those_of_all_three(written: str, named: object, expected: tuple, tmp_path: Path) -> None:
    end = written if "{{" in written else "{{ " + repr(written) + " }}"
    tokenizer = tokenizer_of(CLOSED.replace("{{ END }}", end))
    folder = save(tmp_path / "given", tokenizer, named)
    assert turn_ends(folder, tokenizer) == TurnEnds(expected, PAD)
    import_base(folder, None, [], tmp_path / "base")
    base = AutoTokenizer.from_pretrained(tmp_path / "base")
    assert turn_ends(tmp_path / "base", base) == TurnEnds(expected, PAD)
    assert json.loads((tmp_path / "base/generation_config.json").read_text())["eos_token_id"] == list(expected)


def test_the_longest_token_is_the_end() -> None:
    tokenizer = tokenizer_of(CLOSED.replace("{{ END }}", "{{ '<|eot_id|>' }}"))
    tokenizer.add_special_tokens({"extra_special_tokens": ["<|eot"]})
    assert template_end(tokenizer) == EOT


@pytest.mark.parametrize("special", [True, False])
def test_answers_stop_there_and_do_not_show_it(special: bool, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(CLOSED.replace("{{ END }}", "{{ '<|eot_id|>' }}"), special)
    folder = save(tmp_path / "given", tokenizer, EOS, [WORDS.index("it"), WORDS.index("is"), EOT])
    import_base(folder, None, [], tmp_path / "base")
    prompts = pd.DataFrame({"prompt_id": ["a"], "prompt": ["rain"]})
    assert reference_answers(tmp_path / "base", prompts, 0.0, 12, 1).response.tolist() == ["it is"]


def test_no_end_comes_before_the_least_length(tmp_path: Path) -> None:
    tokenizer = tokenizer_of(OPEN)
    folder = save(tmp_path / "base", tokenizer, [EOT, EOS], [EOT])
    pool, ends = open_pool(folder, {"base": BASE}), turn_ends(folder, tokenizer)
    greedy = Sampling(temperature=0)
    for least in (0, 3):
        request = Request([0], [[TURN]], max_new_tokens=5, min_new_tokens=least)
        [answer] = decode(pool, Probability(), [request], greedy, ends)
        assert not set(answer.tokens[:least]) & set(ends.ids)
        assert (answer.tokens == [EOT]) == (least == 0)


@pytest.mark.parametrize("named", [[99], [-1], [1.5], ["1"], [[1]], {"a": 1}, True])
def test_ends_that_are_no_tokens_are_refused(named: object, tmp_path: Path) -> None:
    folder = save(tmp_path / "given", tokenizer_of(OPEN), named)
    with pytest.raises(MopeError, match="generation_config.json: eos_token_id"):
        import_base(folder, None, [], tmp_path / "base")
