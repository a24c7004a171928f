"""Shares of prompts, and tables put together again."""

from pathlib import Path

import pandas as pd
import pytest

from mope.analysis.shard_tables import GATHER, shared_record
from mope.errors import MopeError
from mope.judging.text_judge import TextJudge
from mope.judging.verdicts import judge_pair, read_responses
from mope.provenance.artifact import ROOT, read_meta, write
from mope.runtime.shards import WHOLE, Shard
from mope.world.worlds import load


def answers(texts: list[str], seeds: tuple[int, ...] = (0,)) -> pd.DataFrame:
    """Prompts whose ids are in no alphabetical order, under two combinations."""
    rows = [
        (f"q{7 * i % 5}", f"What is thing {i}?", xi, f"{text} {xi} {seed}", seed)
        for seed in seeds
        for i, text in enumerate(texts)
        for xi in ("P1A-P2A", "P1B-P2A")
    ]
    return pd.DataFrame(rows, columns=["prompt_id", "prompt", "combination", "response", "seed"])


TEXTS = ["It falls.", "It is a thing that falls, I think.", "A thing is a thing.", "Rain, mostly.", "Nobody knows."]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shares_are_everything_once_and_alike_in_size(count: int) -> None:
    table = answers(TEXTS)
    parts = [Shard(number, count).share(table) for number in range(count)]
    assert pd.concat(parts, ignore_index=True).equals(table)
    sizes = [part.prompt_id.nunique() for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_more_parts_than_prompts_are_refused() -> None:
    with pytest.raises(MopeError, match="--shard: 6 parts found, at most 5"):
        Shard(0, 6).share(answers(TEXTS))


def test_an_option_names_a_part() -> None:
    assert Shard.parse("2/3") == Shard(2, 3) and Shard.parse("0/1") == WHOLE
    for wrong in ("3/3", "-1/3", "3", "a/b", "0/0"):
        with pytest.raises((ValueError, TypeError)):
            Shard.parse(wrong)


def test_answers_of_several_seeds_come_back_in_their_order() -> None:
    table = answers(TEXTS, seeds=(2, 0))
    assert GATHER["responses"]([Shard(number, 3).share(table) for number in range(3)]).equals(table)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = []
    for name, table in {"one": answers(TEXTS), "two": answers(TEXTS[::-1], seeds=(1, 0))}.items():
        found.append(tmp_path / "single" / f"{name}.parquet")
        with write(found[-1], stage="test", params={}, seeds={}) as tmp:
            table.to_parquet(tmp, index=False)
    return found


def test_judgments_in_parts_are_those_of_one_job(files: list[Path]) -> None:
    def judged(shard: Shard) -> pd.DataFrame:
        methods = read_responses(files, shard)["single"]
        return judge_pair(TextJudge(load("everyday"), "rubric", 0.05), methods["one"], methods["two"])

    whole = judged(WHOLE)
    assert GATHER["judgments"]([judged(Shard(number, 3)) for number in range(3)]).equals(whole)
    assert len(whole) == 5 * 2 * 2 * 2 * 2  # prompts, combinations, preferences, orders, seeds
    assert whole.verdict.nunique() > 1


def test_the_whole_is_recorded_as_one_job_would_and_parts_must_agree(files: list[Path], tmp_path: Path) -> None:
    record = {"stage": "generate", "params": {"a": 1}, "seeds": {"seed": 3}, "inputs": files}
    parts = [tmp_path / str(number) for number in range(3)]
    for number, part in enumerate(parts):
        with write(part, **(record | {"params": {"a": 1 + number // 2}})) as tmp:
            tmp.write_text(str(number))
    assert shared_record(parts[:2]) == record | {"inputs": [ROOT / name for name in read_meta(parts[0])["inputs"]]}
    with pytest.raises(MopeError, match="2: made of other parameters or inputs than .*0; delete both"):
        shared_record(parts)
