"""What the tests of the chat judge share."""

from pathlib import Path

from mope.judging.verdicts import Comparison

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "workflow" / "prompts" / "judge"
KEY_VARIABLE = "JUDGE_KEY"
SECRET = "sk-secret-0123456789"
ALL = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B", "P3C", "P3D", "P4A", "P4B"]
SETTINGS = {
    "model": "m", "base_url": "", "key_variable": KEY_VARIABLE, "temperature": 0.0, "seed": 1, "max_tokens": 8,
    "max_characters": 4000, "price_input": 1.0, "price_output": 2.0, "budget": 1.0, "concurrency": 4, "timeout": 5.0,
    "attempts": 4,
}  # fmt: skip


def compare(n, first="first answer", second="second answer"):
    return [Comparison(f"question {i}?", "P1A", f"{first} {i}", second) for i in range(n)]


def verdicts(opinions):
    return [o.verdict for o in opinions]
