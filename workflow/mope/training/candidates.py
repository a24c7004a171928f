"""Candidate answers on which feedback is collected."""

import random
import re
from pathlib import Path

import pandas as pd
from transformers import AutoTokenizer

from mope.data.tables import derive_seed
from mope.decoding.loop import decode
from mope.decoding.mixers.probability import Probability
from mope.decoding.request import Request
from mope.decoding.sampling import Sampling
from mope.decoding.turn_ends import turn_ends
from mope.pools.adapters import BASE
from mope.pools.open_pool import open_pool
from mope.preferences import Preferences
from mope.prompting import encode

CANDIDATE_COLUMNS = ["prompt_id", "prompt", "response", "kind"]


def spoil(response: str, other: str, kind: str, rng: random.Random) -> str:
    """A spoilt variant of `response`, of a `kind` in `SPOILT`; `other` is an answer to another prompt.

    - repeated: a sentence is said again in place of one or two later ones;
    - shuffled: the words in random order;
    - cut: the first words only;
    - spliced: the first words, then the end of `other`;
    - hollow: the first and last sentence only, which often express tone without content;
    - partial: some of the sentences, which may be a sound but shorter answer, or leave out a topic.

    `ValueError` for any other kind.
    """
    words, sentences = response.split(), re.split(r"(?<=[.!?]) ", response)
    match kind:
        case "repeated":
            said = rng.randrange(len(sentences))
            later = range(said + 1, len(sentences))
            for place in rng.sample(later, min(len(later), rng.randint(1, 2))):
                sentences[place] = sentences[said]  # the length stays, or reward models would learn to punish length
            return " ".join(sentences if later else [*sentences, sentences[said]])
        case "shuffled":
            return " ".join(rng.sample(words, len(words)))
        case "cut":
            return " ".join(words[: rng.randint(1, max(1, len(words) - 2))])
        case "spliced":
            rest = other.split()
            return " ".join(words[: rng.randint(1, len(words) or 1)] + rest[rng.randint(0, len(rest)) :])
        case "hollow":
            return " ".join([sentences[0], *sentences[1:][-1:]])
        case "partial":
            kept = rng.sample(range(len(sentences)), rng.randint(1, max(1, len(sentences) - 1)))
            return " ".join(sentences[place] for place in sorted(kept))
    raise ValueError(kind)


SPOILT = ("repeated", "shuffled", "cut", "spliced", "hollow", "partial")
SPOILT_PER_PROMPT = 2


def sample_candidates(
    base: Path,
    prompts: pd.DataFrame,
    preferences: Preferences,
    per_prompt: int,
    temperature: float,
    max_new_tokens: int,
    seed: int,
    precision: str = "float32",
) -> pd.DataFrame:
    """`per_prompt` answers of the base to every prompt, and two spoilt variants of one of them (`CANDIDATE_COLUMNS`).

    Each answer is generated with the texts of none, one or several random preferences, so that answers differ in what
    feedback is about. `kind` is "sample" or one of `SPOILT`. Deviation, because a small base would exploit reward
    models that never saw such answers (repetition, answers cut off, tone without content, a topic left out): the paper
    compares samples only, without spoilt variants.
    """
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    rng = random.Random(f"candidates {seed}")
    asked, requests = [], []
    for row in prompts.itertuples():
        for i in range(per_prompt):
            stated = [rng.choice(poles) for poles in preferences.dimensions.values() if rng.random() < 0.7]
            ids = encode(tokenizer, row.prompt, [preferences.texts[p] for p in stated])
            key = derive_seed(seed, "candidate", row.prompt_id, i)
            requests.append(Request([0], [ids], max_new_tokens=max_new_tokens, seed=key))
            asked.append((row.prompt_id, row.prompt))
    pool = open_pool(base, {"base": BASE}, precision)
    sampling = Sampling(temperature=temperature)
    answers = decode(pool, Probability(), requests, sampling, turn_ends(base, tokenizer))
    texts = tokenizer.batch_decode([a.tokens for a in answers], skip_special_tokens=True)
    records = [(*a, text, "sample") for a, text in zip(asked, texts, strict=True)]
    for i in range(0, len(records), per_prompt):
        prompt_id, prompt, response, _ = records[i + rng.randrange(per_prompt)]
        for kind in rng.sample(SPOILT, SPOILT_PER_PROMPT):
            records.append((prompt_id, prompt, spoil(response, rng.choice(texts), kind, rng), kind))
    return pd.DataFrame(records, columns=CANDIDATE_COLUMNS)
