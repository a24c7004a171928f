"""The annotator in worlds whose answers may be formal or informal; in any other world it is that of `annotator`.

It tells formality by coarse signs only: a short list of formal words and one of informal words. Formal and informal
sentences count as words of an answer, but not as its content; said whole and once, they are no faults.
"""

import re
from dataclasses import replace
from functools import cache, lru_cache

from mope.world import annotator
from mope.world.worlds import World

FORMAL = frozenset(
    "sir madam kindly allow enquiry respect respectfully honour esteemed regards remain disposal faithfully duly "
    "hereby herewith obliged respond response reply submit acknowledge request sincerely pursuant humbly "
    "compliments".split()
)
INFORMAL = frozenset(
    "yo yeah yep yup nope wanna gonna gotta gotcha lemme gimme kinda sorta ya folks guys mate eh sup hiya alrighty "
    "righto ain't stuff anyhow laters outta bye reckon dude chat ping holler gist".split()
)
MOST_SIGNS = 4  # more words of a list count no more
POINTS = 2.5  # of a word, as for tones


@cache
def _with_courtesies(world: World) -> World:
    """The world with its formal and informal sentences among the sassy ones, which the annotator knows as a whole."""
    frames = [world.tones["sassy"], *world.formality.values()]
    known = {place: [text for frame in frames for text in frame[place]] for place in world.tones["sassy"]}
    return replace(world, tones=world.tones | {"sassy": known})


def _signs(response: str, words: frozenset[str]) -> int:
    return min(MOST_SIGNS, sum(word in words for word in re.findall(r"[a-z']+", response.lower())))


@lru_cache(maxsize=100_000)
def score_in_world(world: World, prompt: str, response: str, preference: str) -> float:
    """How well `response` meets `preference` by the annotator's rules, in the units of `annotator.annotator_score`.

    `KeyError` for a preference that the annotator does not know.
    """
    known = _with_courtesies(world) if world.formality else world
    if preference not in ("P4A", "P4B"):
        return annotator.annotator_score(known, prompt, response, preference)
    formal = POINTS * (_signs(response, FORMAL) - _signs(response, INFORMAL))
    return (formal if preference == "P4A" else -formal) + annotator.sanity(known, prompt, response)
