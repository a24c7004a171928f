"""What the base of a run knows: the topics of the embedded world on which it was trained, if it was."""

import textwrap
from pathlib import Path

from mope.judging.knowledge import asked_topics
from mope.prompting import wording
from mope.provenance.artifact import read_meta
from mope.world.worlds import World, load

MOST_TOPICS = 2  # of a question in the corpus


def world_of(run: Path) -> World | None:
    """The world of whose corpus the base in folder `run` was trained; None where the base was imported."""
    if read_meta(run / "base")["stage"] != "train_base":
        return None
    return load(read_meta(run / "data/corpus.parquet")["params"]["world"])


def listing(world: World | None, width: int) -> str:
    """What can be asked, in lines of `width` characters."""
    if world is None:
        return "The base was not trained here but imported: there is no list of what it knows."
    topics = sorted(topic.phrase for topic in world.topics)
    told = f"The model was trained on {len(topics)} topics and knows nothing else; ask about one, or compare two:"
    return textwrap.fill(f"{told} {', '.join(topics)}.", width)


def outside(world: World | None, question: str) -> bool:
    """Whether a question is about anything that the base was not trained on; False without a `world`."""
    return world is not None and not 1 <= len(asked_topics(world, wording(question))) <= MOST_TOPICS
