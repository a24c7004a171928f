"""Reward-guided decoding: the base model, token by token, by the reward models of ξ (ARGS, arXiv 2402.01694).

No expert takes part. Each token takes one forward pass of the base and one of every reward model of ξ, which reads all
`top_k` candidates in it: with three preferences, five candidates and a chat template that closes an answer with one
token, 3 · (1 + 5 · 2) = 33 tokens to each token of the answer. Deviation, in the rival's favour: the reward models
that guide are those that train the experts.
"""

from mope.decoding.mixers.probability import Probability
from mope.methods.generator import Answers, Generator, PromptCombinations
from mope.pools.adapters import BASE
from mope.rewards.guided_pool import GuidedPool
from mope.rewards.reward_model import load_reward_models
from mope.rewards.token_rewards import TokenRewards

REQUIRED = {
    "prompt": {"enum": ["all", "none"]},  # the preference texts that the base reads; reward models read none
    "strength": {"type": "number", "minimum": 0},  # w, of the mean reward against the base's log-probability
    "top_k": {"type": "integer", "minimum": 1},  # candidates, the most probable tokens of the base
}
OPTIONAL = {}
NEEDS = ["rewards"]


def answers(generator: Generator, method: dict, pairs: PromptCombinations) -> Answers:
    """The guided base's answers."""
    preferences, models = generator.preferences, generator.models
    combinations = preferences.combinations()
    requests = [
        generator.plain_request(combinations.index(xi), prompt, generator.texts_read(method, xi), xi)
        for prompt, xi in pairs
    ]
    rewards = load_reward_models(models.base, models.rewards, precision=generator.settings.precision)
    pool = GuidedPool(
        generator.pool({"base": BASE}),
        {name: TokenRewards(reward, generator.ends.ids) for name, reward in rewards.items()},
        {xi: preferences.members(xi) for xi in combinations},
        {tuple(request.prompts[0]): prompt for request, (prompt, _) in zip(requests, pairs, strict=True)},
        method["strength"],
        method["top_k"],
    )
    return {0: generator.decode(pool, Probability(), requests)}
