"""What a user's files must hold is known before the first job."""

import json
import shutil
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from mope.config.load import load_config
from mope.errors import MopeError

TINY = {"experiment": "smoke", "preferences": ["P1A", "P2A", "P3A"]}


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """The configurations of the project and what they are checked against."""
    shutil.copy(root / "config.yaml", tmp_path)
    for name in ("schemas", "prompts", "experiments"):
        shutil.copytree(root / "workflow" / name, tmp_path / "workflow" / name)
    return tmp_path


@pytest.fixture
def base(folder: Path) -> str:
    """A folder with the configuration and tokenizer of a model: a token for each word."""
    (folder / "base").mkdir()
    (folder / "base/config.json").write_text("{}")
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "base/tokenizer.json"))
    return "base"


def write(path: Path, records: list[dict]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path.name


def problem(folder: Path, changes: dict) -> str:
    with pytest.raises(MopeError) as caught:
        load_config(folder, TINY | changes)
    return str(caught.value)


def feedback(folder: Path, pairs: int, prompts: int, answer: str = "yes") -> None:
    for name in TINY["preferences"]:
        records = [
            {"prompt": f"Why {i % prompts}?", "chosen": f"{answer} {i}", "rejected": f"no {i}"} for i in range(pairs)
        ]
        write(folder / f"feedback/{name}.jsonl", records)


def test_enough_pairs_of_enough_prompts(folder: Path) -> None:
    own = {"feedback": {"source": "feedback", "pairs": 30}}
    feedback(folder, 30, 15)
    assert load_config(folder, TINY | own)["feedback"]["pairs"] == 30
    write(folder / "feedback/P3A.jsonl", [{"prompt": f"Why {i}?", "chosen": "a", "rejected": "b"} for i in range(29)])
    assert "feedback.source: " in problem(folder, own)
    assert "P3A.jsonl: 30 pairs wanted, 29 found" in problem(folder, own)
    feedback(folder, 30, 1)
    assert "reward.held_out: 0.15 of 1 prompts are 0" in problem(folder, own)
    (folder / "feedback/P1A.csv").touch()
    assert "2 files of P1A found" in problem(folder, own)


def test_feedback_is_not_needed_where_files_need_not_be_present(folder: Path) -> None:
    changes = {"feedback": {"source": "later"}, "data": {"train": {"source": "later.jsonl"}}, "base": {"path": "later"}}
    assert load_config(folder, TINY | changes, present=False)["feedback"]["source"] == "later"
    assert "later.jsonl: cannot be read" in problem(folder, changes)


def test_pairs_longer_than_the_reward_models_read(folder: Path, base: str) -> None:
    feedback(folder, 20, 10, answer="so " * 60)  # of 2 + 60 + 1 tokens with their prompt
    own = {"feedback": {"source": "feedback"}, "base": {"path": base}, "controller": {"pretraining": 0}}
    assert load_config(folder, TINY | own | {"reward": {"max_length": 64}})
    feedback(folder, 20, 10, answer="so " * 62)
    message = problem(folder, own | {"reward": {"max_length": 64}})
    assert "reward.max_length: 64 found, but a pair of" in message and "P1A.jsonl has 65 tokens" in message


def test_prompts_longer_than_the_reward_models_read(folder: Path, base: str) -> None:
    texts = [f"Why {i}?" for i in range(24)]
    changes = {"base": {"path": base}, "controller": {"pretraining": 0}, "reward": {"max_length": 64}}
    changes |= {"data": {"train": {"source": write(folder / "p.jsonl", [{"prompt": text} for text in texts])}}}
    assert load_config(folder, TINY | changes)
    write(folder / "p.jsonl", [{"prompt": text} for text in [*texts[1:], "why " * 70]])
    assert "a prompt of p.jsonl has 70 tokens" in problem(folder, changes)


def test_evaluation_prompts_that_training_leaves_over(folder: Path) -> None:
    write(folder / "p.jsonl", [{"prompt": f"Why {i}?"} for i in range(30)])
    sets = {"single": None, "mine": {"source": "p.jsonl", "prompts": 6}}
    own = {"data": {"train": {"source": "p.jsonl", "prompts": 24}}, "evaluation_sets": sets, "judges": {"truth": None}}
    assert load_config(folder, TINY | own)["evaluation_sets"]["mine"]["prompts"] == 6
    sets["mine"]["prompts"] = 7
    assert "evaluation_sets.mine.prompts: 7 found, but p.jsonl holds 6 prompts that are no training" in problem(
        folder, own
    )


def test_ratings_are_looked_through(folder: Path) -> None:
    own = {"human_study": {"ratings": "ratings"}}
    (folder / "ratings").mkdir()
    assert "no CSV file found in folder ratings" in problem(folder, own)
    (folder / "ratings/ann.csv").write_text("study,rater,item,answer\ns,Ann,item-0,left\n")
    assert load_config(folder, TINY | own)["human_study"]["ratings"] == "ratings"
    (folder / "ratings/bob.csv").mkdir()
    assert "bob.csv: is a folder" in problem(folder, own)
    (folder / "ratings/bob.csv").rmdir()
    (folder / "ratings/bob.csv").write_text("study,rater,item,answer\ns,Bob,item-0,maybe\n")
    assert "bob.csv: line 2: answer 'maybe'" in problem(folder, own)


@pytest.mark.parametrize("section", ["base", "controller"])
def test_a_model_with_code_of_its_own_is_refused(folder: Path, base: str, section: str) -> None:
    (folder / "own").mkdir()
    (folder / "own/config.json").write_text('{"auto_map": {"AutoModel": "own.Own"}}')
    with pytest.raises(MopeError, match=rf"{section}\.path: folder own: config.json has auto_map"):
        load_config(folder, TINY | {section: {"path": "own"}})
