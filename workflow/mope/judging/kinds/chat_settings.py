"""What the configuration says of a chat judge. Standard library only: the Snakefile uses this while it is parsed."""

from dataclasses import MISSING, dataclass, field, fields

STAGE = "judge_chat"
REQUIRED = {"base_url": {"type": "string", "minLength": 1}, "model": {"type": "string", "minLength": 1}}
OPTIONAL = {
    "key_variable": {"type": "string", "minLength": 1},
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 4294967295},
    "max_tokens": {"type": "integer", "minimum": 1, "maximum": 1000000},
    "limit": {"enum": ["max_tokens", "max_completion_tokens"]},
    "system_role": {"type": "boolean"},
    "content": {"enum": ["text", "parts"]},
    "extra": {"type": "object"},
    "max_characters": {"type": "integer", "minimum": 100, "maximum": 10000000},
    "price_input": {"type": "number", "minimum": 0, "maximum": 1000000},
    "price_output": {"type": "number", "minimum": 0, "maximum": 1000000},
    "budget": {"type": "number", "minimum": 0, "maximum": 1000000000},
    "concurrency": {"type": "integer", "minimum": 1, "maximum": 1000},
    "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": 86400},
    "attempts": {"type": "integer", "minimum": 1, "maximum": 100},
}


@dataclass(frozen=True)
class ChatJudgeSettings:
    """A judge of kind chat in the section `judges`. Prices are per million tokens, in one currency."""

    base_url: str
    model: str
    key_variable: str = "JUDGE_API_KEY"  # environment variable that holds the key
    temperature: float | None = 0.0  # None: not sent
    seed: int | None = 0  # None: not sent
    max_tokens: int = 8  # of an answer
    limit: str = "max_tokens"  # the parameter that carries `max_tokens`: this or "max_completion_tokens"
    system_role: bool = True  # False: the instructions begin the first message of the user
    content: str = "text"  # of a message: "text" or "parts"
    extra: dict = field(default_factory=dict)  # more parameters of a call, such as {"reasoning_effort": "low"}
    max_characters: int = 4000  # of each text shown to the judge
    price_input: float = 0.0
    price_output: float = 0.0
    budget: float = 20.0
    concurrency: int = 8
    timeout: float = 60.0  # seconds per call
    attempts: int = 6  # per call


DEFAULTS = {f.name: f.default if f.default is not MISSING else {} for f in fields(ChatJudgeSettings)[2:]}


def completed(values: dict) -> dict:
    """The fields of `ChatJudgeSettings` as given, the others as by default; keys that are unknown stay."""
    return DEFAULTS | values
