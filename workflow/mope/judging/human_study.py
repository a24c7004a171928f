"""A study with people: blinded pairs in random order on a page that needs nothing but a browser (paper, table 5)."""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mope.data.rating_file import all_ratings
from mope.errors import MopeError
from mope.judging.verdicts import JUDGMENT_KEYS, aligned
from mope.preferences import members_of
from mope.prompting import transcript

PAGE = Path(__file__).parent / "human_study.html"
STUDY_PLACEHOLDER = "{{STUDY}}"
KEY_COLUMNS = ["study", "item", "left", "right", *JUDGMENT_KEYS, "seed_left", "seed_right"]


@dataclass(frozen=True)
class Item:
    """One pair as a rater sees it: no method is named."""

    item: str
    prompt: str
    wishes: list[str]
    left: str
    right: str


def draw_study(
    responses: dict[str, pd.DataFrame], focus: str, rivals: list[str], pairs: int, texts: dict[str, str], seed: int
) -> tuple[list[Item], pd.DataFrame]:
    """`pairs` items in random order, each rival equally often, sides drawn at random; and the key (`KEY_COLUMNS`).

    Pairs with identical texts are left out: they can only tie. `texts` are the preference texts by id. `MopeError`
    where too few pairs are left.
    """
    rng = random.Random(seed)
    chosen = []
    for number, rival in enumerate(rivals):
        table = aligned(responses[focus], responses[rival])
        table = table[table["response_a"] != table["response_b"]]
        share = pairs // len(rivals) + (number < pairs % len(rivals))
        if share > len(table):
            raise MopeError(
                f"human_study.pairs: {share} pairs of {focus} and {rival} wanted, but only {len(table)} differ; "
                "at most that many are expected"
            )
        chosen += [(rival, row) for row in table.iloc[rng.sample(range(len(table)), share)].itertuples()]
    rng.shuffle(chosen)
    items, key = [], []
    for number, (rival, row) in enumerate(chosen):
        sides = [(focus, row.response_a, row.seed_a), (rival, row.response_b, row.seed_b)]
        rng.shuffle(sides)
        (left, left_text, left_seed), (right, right_text, right_seed) = sides
        name = f"item-{number:03d}"
        wishes = [texts[p] for p in members_of(row.combination)]
        items.append(Item(name, transcript(row.prompt), wishes, left_text, right_text))
        key.append((name, left, right, row.prompt_id, row.combination, left_seed, right_seed))
    study = study_id(items)
    return items, pd.DataFrame([(study, *row) for row in key], columns=KEY_COLUMNS)


def study_id(items: list[Item]) -> str:
    """A name made from the items' content, so that ratings of other answers are never read with this key."""
    return "study-" + hashlib.sha256(json.dumps([vars(item) for item in items]).encode()).hexdigest()[:12]


def study_page(items: list[Item]) -> str:
    """The self-contained HTML page; characters of HTML are escaped, so that no answer can end the page's script."""
    data = json.dumps({"study": study_id(items), "items": [vars(item) for item in items]}, ensure_ascii=True)
    safe = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return PAGE.read_text().replace(STUDY_PLACEHOLDER, safe)


def read_ratings(paths: list[Path], key: pd.DataFrame) -> pd.DataFrame:
    """All raters' answers: item, rater, answer ("left", "tie" or "right"); `MopeError` names file and line."""
    study, known, rows = key["study"].iloc[0], set(key["item"]), []
    for rating in all_ratings(paths):
        where = rating.place
        if rating.study != study:
            raise MopeError(f"{where}: answers study {rating.study!r}, the page and key at hand are {study!r}")
        if rating.item not in known:
            raise MopeError(
                f"{where}: item {rating.item!r} found; one of the {len(known)} in the key of this study is expected"
            )
        rows.append((rating.item, rating.rater, rating.answer))
    return pd.DataFrame(rows, columns=["item", "rater", "answer"])
