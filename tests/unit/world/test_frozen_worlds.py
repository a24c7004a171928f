"""Results stand on these worlds, this annotator and this judge: none of them may change unnoticed.

A world is data, pinned file by file. What the code makes of `everyday` (questions, prompts, corpus, annotations and
scores) was pinned when that world still was the only one. Code is pinned without comments, docstrings and formatting.
"""

import ast
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mope import preferences
from mope.data.feedback import annotate
from mope.data.prompts import world_prompts
from mope.judging import rubric
from mope.provenance.code import canonical
from mope.training.candidates import SPOILT, spoil
from mope.world import annotator
from mope.world.answers import STYLES, Style, compose
from mope.world.corpus import corpus
from mope.world.questions import split_questions
from mope.world.worlds import WORLD_FOLDER, load, names

FILES = {
    "everyday/proper_nouns.yaml": "6cb0a50f2531bd7fdb62f62eff56b8c68957abbcc5d683c63b95c39719fcaa82",
    "everyday/questions.yaml": "17c0fd2c88ade8b1cf7fc02d78b4b22f99992290aac8806cd06c82e5a1b1702d",
    "everyday/tones.yaml": "66d1198fb9406c0d0236808b0b1a0555ebdadf1710ffa115b2f7a73df2f7632d",
    "everyday/topics/daily.yaml": "c80dd02e507b1c18021855f13cbfca64f05641e21ef7b4a81452826ee6142796",
    "everyday/topics/earth.yaml": "b6695c1fd76a58740baa3126a39a3dc21df33ad2ec8b9e56f02d5ab668d34731",
    "everyday/topics/life.yaml": "9525824aa2729c4ca9ac8f829b0cf21238386d3c72c89ea43bbe26aa515cb825",
    "everyday/topics/matter.yaml": "2b2f3c3e8072a377ca43a494203a04fbd94b73e466c40e1945be4bf5bfaf95e7",
    "replication/proper_nouns.yaml": "583d2cbc7e0b62b688fe4405d01ab12d6c52e69813708e31ff3b3a37854be4ff",
    "replication/questions.yaml": "7c7f645b93887a9ec170c39ec82d38a7612fb52d1e1f34cfc25175a3971cfd75",
    "replication/tones.yaml": "2971dafc9dc89c6fa7eff6beb6f11c9f24ec05aba362d95bcf75c26eb8943da7",
    "replication/topics/nature.yaml": "ca24865e5a298796f538a401fea3afd8e9de1c4a0a990ee8e522440cf5f60b1d",
    "replication/topics/planet.yaml": "0b636b098b1ca8848965585aa0976ca1f1c7ce5544e7e0eab9cc866a77a6dddd",
    "replication/topics/society.yaml": "0ea83993520df186ac43ccf04949e2926e2c617daff5012bee8ea73d8eacc3c5",
    "replication/topics/technology.yaml": "2abcd810c9763ca82ee41281ec0f5fcf28102dda5f2531ec366e639832f516ed",
    "replication_formal/formality.yaml": "29f11a758c77704fe03fc1144dae695dd900016a80f3a34b26eda1332b25287e",
    "replication_formal/world.yaml": "1e964c5afc140e4b0e4a37e338bee5675f17e7e5a2ac418c79b1ef671cd0df11",
}
MADE = {
    "questions": "84459820e68bb182e3e804e6436f37709b620fedd587d1ab27aaf76a6b9a95c0",
    "prompts": "d33468eba99fb27885085aa95a41d96128d0299f0ee86ebc459a9482a370a9c1",
    "corpus": "e53539f64af91fa48fe0b3cb5305c9625c42f2d4e4184492acd92fb49413057d",
    "annotations": "7b736dd71444b83365dbb25e8c4953d7d801334a0a8f4d93025b5f5950bd5bcd",
    "scores": "b139a54af7f52b5fdb6901d45a72f36be8e1474b31016f96c43a0db86ff23453",
    "rubric": "ac3201cc183c3a2fcd95c976ec2f1448c5fb6ae54aba9782f0150bc934cd55a4",
}
CODE = {
    "annotator": "dd7b6117c3ef3f9027ad4ec9b8920b87b3e7dcf581945627edd60165f2288fe6",
    "rubric": "abed3f9452c957df761376d29610c95d241ce6ac84fc4862d157b813e1ff3cb8",
}
MODULES = {
    "annotator": ["world/annotator.py"],
    "rubric": [
        f"judging/{name}.py" for name in ("fluency", "knowledge", "lexicons", "rubric", "kinds/rubric_judge", "text")
    ],
}
EVERYDAY = load("everyday")
EIGHT = tuple(preference for preference in STYLES if preference[:2] != "P4")  # that this world knows


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest(value: object) -> str:
    return sha(json.dumps(value, sort_keys=True).encode())


def candidates() -> pd.DataFrame:
    """Answers in every style and spoilt ones, to 80 questions."""
    rng, rows = random.Random("candidates"), []
    for i, question in enumerate(split_questions(EVERYDAY, 7)["train"][:80]):
        manners = ("friendly", "unfriendly", "sassy", "sarcastic")
        texts = [compose(EVERYDAY, question, Style(**dict([STYLES[p]])), rng, manners) for p in EIGHT]
        texts += [spoil(texts[0], texts[1], kind, rng) for kind in SPOILT]
        rows += [(f"train-{i:04d}", question.text, text) for text in texts]
    return pd.DataFrame(rows, columns=["prompt_id", "prompt", "response"])


def questions() -> dict:
    sets = {seed: split_questions(EVERYDAY, seed) for seed in (7, 8)}
    return {
        seed: {name: [[q.text, *[t.id for t in q.topics]] for q in asked] for name, asked in each.items()}
        for seed, each in sets.items()
    }


def prompts() -> list:
    sets = (("train", 600), ("single", 50), ("comparison", 50), ("development", 50))
    return [world_prompts(EVERYDAY, name, count, 7).to_dict("list") for name, count in sets]


def texts() -> list:
    file = "workflow/prompts/preferences.yaml"
    known = [preferences.load_preferences(file, EIGHT[:6]), preferences.load_preferences(file, EIGHT)]
    return [corpus(EVERYDAY, 2000, seed, 0.25, each) for seed in (7, 8) for each in known]


def annotations() -> list:
    table = candidates()

    def scored(preference: str) -> pd.DataFrame:
        answers = zip(table.prompt, table.response, strict=True)
        return table.assign(score=[annotator.annotator_score(EVERYDAY, *answer, preference) for answer in answers])

    return [annotate(scored(p), p, 200, 0.05, 6.0, 7).to_dict("list") for p in (*EIGHT, preferences.GENERAL)]


def scores(score: Callable, preferences: tuple[str, ...]) -> list:
    table = candidates()
    return [
        [round(score(EVERYDAY, prompt, response, p), 6) for p in preferences]
        for prompt, response in zip(table.prompt, table.response)
    ]


MAKE = {
    "questions": questions,
    "prompts": prompts,
    "corpus": texts,
    "annotations": annotations,
    "scores": lambda: scores(annotator.annotator_score, (*EIGHT, preferences.GENERAL)),
    "rubric": lambda: scores(rubric.score, EIGHT),
}


@pytest.mark.parametrize("name", names())
def test_the_files_of_a_world_are_frozen(name: str) -> None:
    files = {
        f.relative_to(WORLD_FOLDER).as_posix(): sha(f.read_bytes())
        for f in sorted((WORLD_FOLDER / name).rglob("*.yaml"))
    }
    pinned = {file: found for file, found in FILES.items() if file.startswith(f"{name}/")}
    assert files == pinned, f"world {name} is frozen: write what is to change as a world with a new name"


@pytest.mark.parametrize("what", MAKE)
def test_what_is_made_of_everyday_is_frozen(what: str) -> None:
    assert digest(MAKE[what]()) == MADE[what], f"the {what} of world everyday are frozen: give what changes a new name"


@pytest.mark.parametrize("what", MODULES)
def test_annotator_and_judge_are_frozen(root: Path, what: str) -> None:
    sources = [(root / "workflow/mope" / module).read_text() for module in MODULES[what]]
    found = sha("\n".join(canonical(ast.parse(source)) for source in sources).encode())
    assert found == CODE[what], f"the {what} is frozen: write what is to change beside it, under a new name"
