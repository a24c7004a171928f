"""What a user's files must hold is known before the first job."""

import json
import shutil
from pathlib import Path

import gguf
import pytest
from bare_model_folder import bare_model_folder
from tokenizers import Tokenizer, models, pre_tokenizers

from mope.config.checks import cross_check
from mope.config.load import load_config
from mope.errors import MopeError

TINY = {"experiment": "smoke", "preferences": ["P1A", "P2A", "P3A"]}


@pytest.fixture
def base(folder: Path) -> str:
    """A folder with the configuration and tokenizer of a model: a token for each word."""
    bare_model_folder(folder / "base", max_position_embeddings=400)
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
    assert "base.path: folder later does not exist" in problem(folder, changes)
    del changes["base"]
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
    sets["mine"] |= {"prompts": 4, "skip": 2}
    assert load_config(folder, TINY | own)["evaluation_sets"]["mine"]["skip"] == 2
    sets["mine"]["skip"] = 3
    assert "evaluation_sets.mine.prompts: 4 after the first 3 found, but p.jsonl holds 6" in problem(folder, own)
    sets["mine"] = {"source": "world", "prompts": 6, "skip": 1}
    assert "evaluation_sets.mine.skip: 1 found; only with a file" in problem(folder, own)


def test_ratings_are_looked_through(folder: Path) -> None:
    own = {"human_study": {"ratings": "ratings"}}
    (folder / "ratings").mkdir()
    assert "no file found in folder ratings" in problem(folder, own)
    (folder / "ratings/ann.csv").write_text("study,rater,item,answer\ns,Ann,item-0,left\n")
    assert load_config(folder, TINY | own)["human_study"]["ratings"] == "ratings"
    (folder / "ratings/bob.csv").mkdir()
    assert "bob.csv: is a folder" in problem(folder, own)
    (folder / "ratings/bob.csv").rmdir()
    (folder / "ratings/bob.csv").write_text("study,rater,item,answer\ns,Bob,item-0,maybe\n")
    assert "bob.csv: line 2: answer 'maybe'" in problem(folder, own)
    (folder / "ratings/bob.csv").write_text("study,rater,item,answer\n")
    assert "ratings/bob.csv: no answer found" in problem(folder, own)
    (folder / "ratings/bob.csv").rename(folder / "ratings/bob.CSV")
    (folder / "ratings/bob.CSV").write_text((folder / "ratings/ann.csv").read_text())
    assert "Ann answered item-0 before" in problem(folder, own)


@pytest.mark.parametrize("section", ["base", "controller"])
def test_a_model_with_code_of_its_own_is_refused(folder: Path, base: str, section: str) -> None:
    (folder / "own").mkdir()
    (folder / "own/config.json").write_text('{"auto_map": {"AutoModel": "own.Own"}}')
    with pytest.raises(MopeError, match=rf"{section}\.path: folder own: config.json has auto_map"):
        load_config(folder, TINY | {section: {"path": "own"}})


def said_of(folder: Path, changes: dict) -> dict[tuple, str]:
    """What is wrong with a configuration, by key."""
    config = load_config(folder, {"experiment": "smoke"})
    for section, values in changes.items():
        config[section] |= values
    return dict(cross_check(config, folder, True, folder))


def test_answers_fit_the_positions_of_the_base(folder: Path, base: str) -> None:
    own = {"base": {"path": base}}
    found = said_of(folder, own | {"reward": {"max_length": 401}})
    assert found["reward", "max_length"] == "401 found, but the base has 400 positions; at most that is expected"
    for section in ("candidates", "expert", "controller", "generation"):
        said = said_of(folder, own | {section: {"max_new_tokens": 400}})[section, "max_new_tokens"]
        assert (
            said == "400 found, but the base has 400 positions; a smaller number, with room for a prompt, is expected"
        )
    fits = own | {"reward": {"max_length": 400}, "generation": {"max_new_tokens": 399}}
    assert not [said for said in said_of(folder, fits).values() if "positions" in said]


def test_prompts_preferences_and_answers_fit_the_positions_of_the_base(folder: Path, base: str) -> None:
    long, short = {"id": "x", "prompt": "word " * 390}, [{"prompt": f"What is {i}?"} for i in range(40)]
    source = {"prompts": 4, "source": write(folder / "mine.jsonl", [*short, long])}
    changes = {"base": {"path": base}, "evaluation_sets": {"single": source}, "generation": {"max_new_tokens": 16}}
    assert not [said for said in said_of(folder, changes).values() if "positions" in said]  # four are asked
    write(folder / "mine.jsonl", [long, *short])
    said = said_of(folder, changes)["generation", "max_new_tokens"]
    assert said.startswith("16 found, but a prompt of mine.jsonl has 390 tokens, the preference texts ")
    assert "the base 400 positions" in said
    bare_model_folder(folder / "base", model_type="bloom")  # which has distances only
    assert not [said for said in said_of(folder, changes).values() if "positions" in said]


def test_no_more_layers_than_the_base_has(folder: Path, base: str) -> None:
    bare_model_folder(folder / base, num_hidden_layers=2, hidden_size=64)
    own = {"base": {"path": base}, "reward": {"layers": 2}, "expert": {"layers": 99}}
    grown = {"mope": {"start": "base", "layers": 98}}
    found = {key: said for key, said in said_of(folder, own | {"controllers": grown}).items() if key[-1] == "layers"}
    assert found.keys() == {("expert", "layers"), ("controllers", "mope", "layers")}
    assert found["expert", "layers"] == "99 found, but the base has 2 layers; at most that is expected"
    wide = {"mope": {"start": "embeddings", "hidden": 4096}}
    assert ("controllers", "mope", "hidden") in said_of(folder, own | {"controllers": wide})


def test_the_head_of_a_gguf_file_tells_the_positions(folder: Path) -> None:
    writer = gguf.GGUFWriter(folder / "tiny.gguf", "llama")
    writer.add_context_length(300)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    found = said_of(folder, {"base": {"gguf": "tiny.gguf"}, "generation": {"max_new_tokens": 300}})
    assert found["generation", "max_new_tokens"].startswith("300 found, but the base has 300 positions; ")
    (folder / "tiny.gguf").write_bytes((folder / "tiny.gguf").read_bytes()[:-4])  # the import says what is wrong
    assert not [said for said in said_of(folder, {"base": {"gguf": "tiny.gguf"}}).values() if "positions" in said]


def test_a_base_of_the_hub_is_known_where_it_lies_in_the_cache(
    folder: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = {"id": "org/model", "revision": "a" * 40}
    long = {"source": write(folder / "mine.jsonl", [{"prompt": f"word {i} " + "word " * 390} for i in range(9)])}
    own = {"base": {"hub": hub}, "evaluation_sets": {"single": long | {"prompts": 4}}, "reward": {"max_length": 401}}
    cache = folder / "cache"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    assert not [said for said in said_of(folder, own).values() if "positions" in said]  # neither known nor asked for
    shutil.copytree(folder / base, cache / "models--org--model/snapshots" / hub["revision"])
    found = said_of(folder, own)
    assert found["reward", "max_length"] == "401 found, but the base has 400 positions; at most that is expected"
    assert "has 392 tokens, the preference texts " in found["generation", "max_new_tokens"]
