"""The text on which the laptop's base model is trained: instructions, some with preferences, and answers."""

import random

from mope.preferences import Preferences
from mope.prompting import messages
from mope.world.answers import STYLES, Style, compose
from mope.world.questions import split_questions
from mope.world.worlds import World


def corpus(world: World, size: int, seed: int, follow_rate: float, preferences: Preferences) -> list[dict]:
    """`size` conversational records {prompt, completion}.

    Each question carries at most one preference text per dimension, each dimension with probability one half. A stated
    preference is followed with probability `follow_rate` only: like a 7 B instruct model, the base follows preference
    texts partly.
    """
    rng = random.Random(f"corpus {seed}")
    known = [STYLES[p] for p in preferences.ids]
    manners, formality = ([value for part, value in known if part == wanted] for wanted in ("tone", "formality"))
    questions = split_questions(world, seed)["train"]
    records = []
    for i in range(size):
        question = questions[i % len(questions)]
        stated = [rng.choice(poles) for poles in preferences.dimensions.values() if rng.random() < 0.5]
        followed = dict(STYLES[p] for p in stated if rng.random() < follow_rate)
        answer = compose(world, question, Style(**followed), rng, manners, formality)
        records.append(
            {
                "prompt": messages(question.text, [preferences.texts[p] for p in stated]),
                "completion": [{"role": "assistant", "content": answer}],
            }
        )
    rng.shuffle(records)
    return records
