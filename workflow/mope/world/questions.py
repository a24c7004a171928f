"""Questions of the embedded world, and their split into training and evaluation.

Evaluation prompts differ from training prompts twice: some phrasings are never seen in training, and of the other
phrasings the pairs (topic, phrasing) asked in evaluation are held out.
"""

import random
from dataclasses import dataclass

from mope.world.topics import Topic, topics

SINGLE = (
    "What {verb} {phrase}?",
    "Tell me about {phrase}.",
    "Explain {phrase} to me.",
    "Can you explain {phrase}?",
    "I want to learn about {phrase}.",
    "Please describe {phrase}.",
    "What should I know about {phrase}?",
    "How would you explain {phrase}?",
    "Give me an answer about {phrase}.",
    "What can you tell me about {phrase}?",
    "Teach me about {phrase}.",
    "Help me understand {phrase}.",
    "I am curious about {phrase}.",
    "Let us talk about {phrase}.",
    "Say something about {phrase}.",
)
SINGLE_UNSEEN = (
    "Could you tell me what {phrase} {verb}?",
    "I have a question about {phrase}.",
    "What do we know about {phrase}?",
)
COMPARISON = (
    "What is the difference between {phrase} and {other}?",
    "Compare {phrase} and {other}.",
    "Explain {phrase} and {other} to me.",
    "Tell me about {phrase} and {other}.",
    "Contrast {phrase} with {other}.",
    "What sets {phrase} apart from {other}?",
    "Can you explain {phrase} and {other}?",
    "I want to learn about {phrase} and {other}.",
    "Please describe {phrase} and {other}.",
    "What should I know about {phrase} and {other}?",
)
COMPARISON_UNSEEN = (
    "How do {phrase} and {other} compare?",
    "I want to know more about {phrase} and {other}.",
)
HELD_OUT = 0.1  # share of (topic, seen phrasing) pairs that no training stage ever asks


@dataclass(frozen=True)
class Question:
    """A question and the topics that a good answer is about (one, or two for a comparison)."""

    text: str
    topics: tuple[Topic, ...]


def ask(template: str, *about: Topic) -> Question:
    """Fill one phrasing."""
    first, other = about[0], about[-1]
    return Question(template.format(phrase=first.phrase, verb=first.verb, other=other.phrase), about)


def _pairs(templates: tuple[str, ...], rng: random.Random, count: int) -> list[Question]:
    """`count` distinct comparison questions."""
    world, seen = topics(), {}
    while len(seen) < count:
        first, other = rng.sample(world, 2)
        question = ask(rng.choice(templates), first, other)
        seen[question.text] = question
    return list(seen.values())


def split_questions(seed: int) -> dict[str, list[Question]]:
    """Disjoint, shuffled question lists: `train`, the evaluation sets `single` and `comparison`, and `development`.

    `development` is made like the evaluation sets, half of each; settings are chosen on it and never on those.
    """
    rng = random.Random(seed)
    seen = [ask(template, topic) for topic in topics() for template in SINGLE]
    rng.shuffle(seen)
    held = int(HELD_OUT * len(seen))
    unseen = [ask(template, topic) for topic in topics() for template in SINGLE_UNSEEN]
    rng.shuffle(unseen)
    compared = _pairs(COMPARISON, rng, 2000)
    unseen_compared = _pairs(COMPARISON_UNSEEN, rng, 200)
    # Half of each evaluation set has phrasings never trained on, the other half held-out pairs of seen phrasings.
    single = [question for both in zip(seen[:held], unseen) for question in both]
    comparison = [question for both in zip(compared[:100], unseen_compared) for question in both]
    train = seen[held:] + compared[100:]
    rng.shuffle(train)
    development = [question for both in zip(single[100:200], comparison[100:200]) for question in both]
    return {"train": train, "single": single[:100], "comparison": comparison[:100], "development": development}
