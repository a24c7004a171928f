"""The text that each token adds, against the text of all tokens decoded together."""

import pytest
from gguf_tokenizer import SPECIAL, tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from mope.explain.token_text import TextSoFar
from mope.serve.answer_text import AnswerText


def sentence_pieces() -> Tokenizer:
    """A tokenizer that marks words by the space before them, which is lost before the first, and knows all bytes."""
    words = ["\u2581rain", "\u2581is", "\u2581", "ing", ".", "\u00e9", *SPECIAL]
    vocabulary = {token: number for number, token in enumerate([*(f"<0x{n:02X}>" for n in range(256)), *words])}
    made = Tokenizer(models.BPE(vocabulary, [], byte_fallback=True))
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(steps)
    return made


def byte_level() -> Tokenizer:
    made = tokenizer()
    made.decoder = decoders.ByteLevel()
    return made


KINDS = {
    name: PreTrainedTokenizerFast(tokenizer_object=make(), eos_token=SPECIAL[0], additional_special_tokens=SPECIAL[1:])
    for name, make in {"bytes": byte_level, "pieces": sentence_pieces}.items()
}
LETTERS = "rain is \u00e9\u00e9 \U0001f327 wet"


def tokens_of(kind: str) -> st.SearchStrategy[list[int]]:
    """Whole characters and special tokens, byte by byte or not."""
    known = KINDS[kind]
    if kind == "bytes":
        texts = st.text(LETTERS, max_size=5).map(lambda text: known(text)["input_ids"])
    else:
        texts = st.text(LETTERS, max_size=5).map(lambda text: list(text.encode()))
        texts |= st.sampled_from(range(256, 262)).map(lambda token: [token])
    special = st.sampled_from(sorted(known.added_tokens_decoder)).map(lambda token: [token])
    return st.lists(texts | special, max_size=8).map(lambda parts: sum(parts, []))


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=150)
@given(data=st.data())
def test_the_parts_are_the_whole(kind: str, data: st.DataObject) -> None:
    tokens, text = data.draw(tokens_of(kind)), TextSoFar(KINDS[kind])
    shown = ""
    for length, token in enumerate(tokens, start=1):
        shown += text.added(token)
        whole = KINDS[kind].decode(tokens[:length], skip_special_tokens=True)
        assert shown == whole or whole.endswith("\ufffd")


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=150)
@given(data=st.data(), stops=st.lists(st.text("rain is", min_size=1, max_size=4), max_size=3))
def test_an_answer_ends_before_the_first_stop_text(kind: str, data: st.DataObject, stops: list[str]) -> None:
    tokens, known = data.draw(tokens_of(kind)), KINDS[kind]
    if kind == "bytes":  # in pieces of words a broken character spoils the whole ones before it
        tokens += data.draw(st.sampled_from([[], known("\u00e9")["input_ids"][:1]]))
    answer, shown = AnswerText(known, stops), ""
    for length, token in enumerate(tokens, start=1):
        last = length == len(tokens)
        added, stopped = answer.push(token, last)
        shown += added
        whole = known.decode(tokens[:length], skip_special_tokens=True)
        if whole.endswith("\ufffd") and not last:
            continue
        places = [whole.find(stop) for stop in stops if stop in whole]
        assert stopped == bool(places)
        assert whole.startswith(shown)
        if places or last:
            assert shown == whole[: min(places, default=None)]
            break


def test_a_token_costs_the_same_late_in_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    known, sizes = KINDS["bytes"], []
    decode = known.decode
    monkeypatch.setattr(known, "decode", lambda tokens, **kw: sizes.append(len(tokens)) or decode(tokens, **kw))
    answer = AnswerText(known, ["never"])
    for token in known("rain is wet " * 50)["input_ids"]:
        answer.push(token, False)
    assert max(sizes) <= 8
