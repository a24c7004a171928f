"""Questions of an embedded world, and their split into training and evaluation.

Evaluation prompts differ from training prompts twice: some phrasings are never seen in training, and of the other
phrasings the pairs (topic, phrasing) asked in evaluation are held out.
"""

import random
from dataclasses import dataclass

from mope.world.topics import Topic
from mope.world.worlds import World

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


def _pairs(world: World, templates: tuple[str, ...], rng: random.Random, count: int) -> list[Question]:
    """`count` distinct comparison questions."""
    seen: dict[str, Question] = {}
    while len(seen) < count:
        first, other = rng.sample(world.topics, 2)
        question = ask(rng.choice(templates), first, other)
        seen[question.text] = question
    return list(seen.values())


def split_questions(world: World, seed: int) -> dict[str, list[Question]]:
    """Disjoint, shuffled question lists: `train`, the evaluation sets `single` and `comparison`, and `development`.

    `development` is made like the evaluation sets, half of each; settings are chosen on it and never on those.
    """
    rng, forms = random.Random(seed), world.questions
    seen = [ask(template, topic) for topic in world.topics for template in forms.single]
    rng.shuffle(seen)
    held = int(HELD_OUT * len(seen))
    unseen = [ask(template, topic) for topic in world.topics for template in forms.single_unseen]
    rng.shuffle(unseen)
    compared = _pairs(world, forms.comparison, rng, 2000)
    unseen_compared = _pairs(world, forms.comparison_unseen, rng, 200)
    # Half of each evaluation set has phrasings never trained on, the other half held-out pairs of seen phrasings.
    single = [question for both in zip(seen[:held], unseen) for question in both]
    comparison = [question for both in zip(compared[:100], unseen_compared) for question in both]
    train = seen[held:] + compared[100:]
    rng.shuffle(train)
    development = [question for both in zip(single[100:200], comparison[100:200]) for question in both]
    return {"train": train, "single": single[:100], "comparison": comparison[:100], "development": development}
