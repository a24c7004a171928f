"""The project's own instructions: what its README promises, of every file."""

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from mope.data.near_duplicates import near_duplicates
from mope.data.prompt_file import read_prompts

FOLDER = Path(__file__).parents[3] / "workflow" / "prompts" / "instructions"
SMALLEST = {"train": 720, "development": 70, "evaluation": 140}
KINDS = "advice comparison everyday explanation howto opinion smalltalk study writing".split()
# words that would state a preference of workflow/prompts/preferences.yaml, or ask for a length or a form
STATED = re.compile(
    r"\b(elementary|experts?|beginners?|layman\w*|simpl(e|er|y|ified)|phd|concise\w*|verbose|brief\w*|informative|details?|"
    r"detailed|in-depth|thorough\w*|(un)?friendly|polite\w*|rude\w*|witty|humorous\w*|sassy|sarcas\w+|"
    r"short|shorter|(in|at most|about|under) \w+ (words|lines|sentences|paragraphs)|"
    r"tables? of|in a table|bullet points?|translat\w+|python|javascript|html)\b",
    re.IGNORECASE,
)


def read(name: str) -> list[dict[str, str]]:
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


FILES = {name: read(name) for name in SMALLEST}
EVERY = [row for rows in FILES.values() for row in rows]
each_file = pytest.mark.parametrize("rows", FILES.values(), ids=FILES)


def share(rows: list[dict[str, str]], holds: Callable[[str], bool]) -> float:
    return sum(holds(row["prompt"]) for row in rows) / len(rows)


def messy(prompt: str) -> bool:
    """Without a capital at the start or without a mark at the end."""
    return prompt[0].islower() or prompt[-1] not in ".?!"


@pytest.mark.parametrize("name", SMALLEST)
def test_the_reader_of_prompts_reads_every_line(name: str) -> None:
    rows = FILES[name]
    assert len(rows) >= SMALLEST[name]
    expected = [{"prompt_id": row["id"], "prompt": row["prompt"]} for row in rows]
    found = read_prompts(FOLDER / f"{name}.jsonl")
    assert [{key: row[key] for key in ("prompt_id", "prompt")} for row in found] == expected


def test_rows_have_their_keys_and_ids_of_their_own() -> None:
    for row in EVERY:
        assert list(row) == ["id", "kind", "topic", "prompt"]
        slug = "-".join(re.findall("[a-z0-9]+", row["topic"].lower().replace("'", "")))
        assert re.fullmatch(rf"{row['kind']}-{slug}-\d{{3}}", row["id"])
        assert row["prompt"] == " ".join(row["prompt"].split())
    assert len({row["id"] for row in EVERY}) == len({row["prompt"] for row in EVERY}) == len(EVERY)


@each_file
def test_kinds_are_balanced(rows: list[dict[str, str]]) -> None:
    counts = Counter(row["kind"] for row in rows)
    assert sorted(counts) == KINDS
    assert min(counts.values()) >= 0.08 * len(rows)
    assert max(counts.values()) <= 0.16 * len(rows)


def test_topics_are_many_and_no_topic_fills_a_file() -> None:
    for rows in FILES.values():
        assert max(Counter(row["topic"] for row in rows).values()) <= 8
    assert len({row["topic"] for row in EVERY}) >= 120


@pytest.mark.parametrize("pair", list(combinations(FILES, 2)), ids="-".join)
def test_files_are_apart_by_topic(pair: tuple[str, str]) -> None:
    """Not even a word of four letters or more of a topic's name is in a topic's name of another file."""
    first, second = (
        {word for row in FILES[name] for word in re.findall(r"\w{4,}", row["topic"].lower())} for name in pair
    )
    assert first & second == set()


@each_file
def test_lengths_are_mixed(rows: list[dict[str, str]]) -> None:
    assert all(4 <= len(row["prompt"].split()) <= 95 for row in rows)
    assert share(rows, lambda prompt: len(prompt.split()) <= 8) >= 0.10
    assert 0.15 <= share(rows, lambda prompt: len(prompt.split()) >= 30) <= 0.25


@each_file
def test_some_are_messy(rows: list[dict[str, str]]) -> None:
    assert 0.10 <= share(rows, messy) <= 0.20


@each_file
def test_no_opening_is_frequent(rows: list[dict[str, str]]) -> None:
    openings = Counter(tuple(re.findall(r"[\w'-]+", row["prompt"].lower())[:3]) for row in rows)
    opening, count = openings.most_common(1)[0]
    assert count <= 0.03 * len(rows), opening


def test_none_states_a_preference_or_asks_for_a_form() -> None:
    assert [row["prompt"] for row in EVERY if STATED.search(row["prompt"])] == []


def test_no_two_are_nearly_the_same_within_a_file_or_across() -> None:
    found = near_duplicates([row["prompt"] for row in EVERY], threshold=0.35)
    assert [(EVERY[first]["id"], EVERY[second]["id"]) for first, second, _ in found] == []


def test_the_readme_counts_them_rightly() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, rows in FILES.items():
        topics = {row["topic"] for row in rows}
        assert f"| `{name}.jsonl` | {len(rows)} | {len(topics)} |" in readme
