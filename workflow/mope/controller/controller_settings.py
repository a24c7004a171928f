"""The section `controller` of config.yaml."""

from dataclasses import dataclass, field

from mope.decoding.mixture import PromptScheme
from mope.decoding.sampling import Sampling


@dataclass(frozen=True)
class ControllerSettings:
    """The section `controller` of config.yaml, which explains the keys, for one of its seeds."""

    seed: int
    start: str  # the initial weights of the backbone: random | base | embeddings
    hidden: int
    layers: int
    heads: int
    intermediate: int
    eta: float
    kl: float
    learning_rate: float
    steps: int
    prompts_per_step: int
    epochs: int
    temperature: float
    tempers: str  # experts | mixture
    max_new_tokens: int
    objective: str
    clip: float
    reward: str
    expert_prompt: str
    expert_strength: float
    reads: str
    mixes: str
    scores: str
    space: str
    combinations: list[str] | None
    weights: list[list[float]] | None
    micro_batch: int | None  # prompts per backward pass
    precision: str = "float32"
    own: dict[str, object] = field(default_factory=dict)  # keys that the objective declares for itself

    def sampling(self) -> Sampling:
        """How training answers are sampled: `tempers` says whether `temperature` is the experts' or their mixture's."""
        if self.tempers == "experts":
            return Sampling(expert_temperature=self.temperature)
        return Sampling(temperature=self.temperature)

    def reading(self, weights: list[float] | None = None) -> PromptScheme:
        """What experts and controller read in training; `weights` are those of graded preferences, by dimension."""
        return PromptScheme(self.expert_prompt, self.reads, self.mixes, weights)
