"""One expert for every combination, or the best one of each combination in hindsight (an oracle)."""

from mope.methods.generator import Answers, Generator, PromptCombinations

REQUIRED = {"prompt": {"enum": ["all", "none"]}, "expert": {"type": "string"}}  # a preference, or `best`
OPTIONAL = {"expert_strength": {"type": "number", "exclusiveMinimum": 0}}  # factor on the expert's update
NEEDS = ["experts"]
CHOSEN_BY = ["combination"]  # rewards choose one candidate for each combination
CHOSEN_WITH = {"expert": "best"}


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """Of one expert; with `expert: best` of every expert of the combination, by its place, to choose from.

    An oracle: the choice is made on the evaluation prompts themselves, in the baseline's favour.
    """
    experts, preferences = generator.experts(method), generator.preferences
    if method["expert"] != "best":
        return {0: generator.single(generator.pool({method["expert"]: experts[method["expert"]]}), method, pairs)}
    pool, names = generator.pool(experts), list(experts)
    return {
        place: generator.single(
            pool, method, pairs, lambda xi, place=place: names.index(preferences.members(xi)[place])
        )
        for place in range(len(preferences.dimensions))
    }
