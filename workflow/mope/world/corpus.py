"""The text on which the laptop's base model is trained: instructions, some with preferences, and answers."""

import random

from mope.preferences import Preferences
from mope.prompting import messages
from mope.world.answers import STYLES, Style, compose
from mope.world.questions import split

JITTER = 250  # letters by which the order short to long is blurred
BLOCK, NEIGHBOURS = 800, 16  # records whose order is mixed; records of like length that stay together


def corpus(size: int, seed: int, obedience: float, preferences: Preferences) -> list[dict]:
    """`size` conversational records {prompt, completion}.

    Each question carries the text of none, one or one per dimension of the preferences. A stated preference is
    followed with probability `obedience` only: like a 7 B instruct model, the base follows preference texts partly.
    """
    rng = random.Random(f"corpus {seed}")
    questions = split(seed)["train"]
    records = []
    for i in range(size):
        question = questions[i % len(questions)]
        stated = [rng.choice(poles) for poles in preferences.dimensions.values() if rng.random() < 0.5]
        followed = dict(STYLES[p] for p in stated if rng.random() < obedience)
        records.append(
            {
                "prompt": messages(question.text, [preferences.texts[p] for p in stated]),
                "completion": [{"role": "assistant", "content": compose(question, Style(**followed), rng)}],
            }
        )
    return _curriculum(records, rng)


def _curriculum(records: list[dict], rng: random.Random) -> list[dict]:
    """Short conversations first, roughly, and neighbours of like length.

    Measured: with short answers first the small model binds facts to the topic of the question in half the steps; and
    neighbours of like length need little padding.
    """

    def letters(record: dict) -> int:
        return len(record["prompt"][0]["content"]) + len(record["completion"][0]["content"])

    records = sorted(records, key=lambda record: letters(record) + rng.uniform(0, JITTER))
    blocks = []
    for start in range(0, len(records), BLOCK):
        block = sorted(records[start : start + BLOCK], key=letters)
        batches = [block[i : i + NEIGHBOURS] for i in range(0, len(block), NEIGHBOURS)]
        rng.shuffle(batches)
        blocks += [record for batch in batches for record in batch]
    return blocks
