"""A repair makes what is damaged anew, in the order of the recorded inputs; what comes out as it was keeps its time."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mope.errors import MopeError
from mope.provenance.artifact import meta_path, require, write
from mope.provenance.manifest import build
from mope.provenance.repair import repair, waves

# A small run: `model` is a folder, made from `data`; `answers` come from the model, `table` from the answers.
MADE_FROM = {"data.csv": [], "model": ["data.csv"], "answers.csv": ["model"], "table.csv": ["answers.csv"]}
DAY = 86_400 * 10**9


class Maker:
    """The jobs of that run, in place of Snakemake; `content` decides what they write."""

    def __init__(self, run: Path):
        self.run, self.made, self.content = run, [], dict.fromkeys(MADE_FROM, "as ever")

    def __call__(self, paths: Sequence[Path]) -> None:
        for path in paths:
            name = path.relative_to(self.run).as_posix()
            if name == "manifest.json":
                self.manifest()
                continue
            sources = [require(self.run / source) for source in MADE_FROM[name]]
            self.made.append(name)
            with write(path, stage="test", params={}, seeds={}, inputs=sources) as temporary:
                file = temporary / "weights" if name == "model" else temporary
                file.parent.mkdir(exist_ok=True)
                file.write_text(self.content[name])
            if name == "model":
                (path / ".snakemake_timestamp").touch()

    def manifest(self) -> None:
        with write(self.run / "manifest.json", stage="write_manifest", params={}, seeds={}) as temporary:
            temporary.write_text(json.dumps(build(self.run)))


def times(run: Path) -> dict[str, int]:
    return {path.relative_to(run).as_posix(): path.stat().st_mtime_ns for path in run.rglob("*")}


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    """The run, finished some days ago: one artifact a day."""
    run = tmp_path / "run"
    made = Maker(run)
    made([run / name for name in MADE_FROM])
    made.manifest()
    began = run.stat().st_mtime_ns - 9 * DAY
    for day, name in enumerate([*MADE_FROM, "manifest.json"]):
        for file in (run / name / "weights", run / name / ".snakemake_timestamp", run / name, meta_path(run / name)):
            if file.exists():
                os.utime(file, ns=(began + day * DAY, began + day * DAY))
    made.made.clear()
    return made


@pytest.mark.parametrize("name", MADE_FROM)
@pytest.mark.parametrize("kind", ["changed", "gone", "no record", "all gone"])
def test_one_damaged_artifact_is_made_anew_alone(maker: Maker, name: str, kind: str) -> None:
    run, path = maker.run, maker.run / name
    before = times(run)
    file = path / "weights" if path.is_dir() else path
    if kind == "changed":
        file.write_text("changed")
    if kind in ("gone", "all gone"):
        file.unlink() if kind == "gone" else os.rename(path, run.parent / "elsewhere")
    if kind in ("no record", "all gone"):
        meta_path(path).unlink()
    assert repair(run, maker) == []
    assert maker.made == [name]
    after = times(run)
    for other in before.keys() - {".", file.relative_to(run).as_posix(), name, f"{name}.meta.json"}:
        if not other.startswith("model/"):
            assert after[other] == before[other], other
    for source in MADE_FROM[name]:
        assert after[name] >= before[source]
    for user, sources in MADE_FROM.items():
        if name in sources:  # what was made from it is not outdated
            stamp = f"{name}/.snakemake_timestamp" if name == "model" else name
            assert after[stamp] <= before[user]


def test_several_are_made_in_order_and_what_lies_between_stays(maker: Maker) -> None:
    run = maker.run
    for file in ("table.csv", "model/weights"):
        (run / file).write_text("changed")
    before = times(run)
    assert repair(run, maker) == []
    assert maker.made == ["model", "table.csv"]
    assert times(run)["answers.csv"] == before["answers.csv"]


@pytest.mark.parametrize("relative", [False, True])
def test_what_is_gone_comes_before_what_was_made_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    maker = Maker(Path("run") if relative else tmp_path / "run")
    maker([maker.run / name for name in MADE_FROM])
    maker.manifest()
    maker.made.clear()
    for name in ("model", "table.csv"):
        (maker.run / name).rename(tmp_path / f"elsewhere-{name}")
    asked = []
    assert repair(maker.run, lambda paths: asked.append([path.name for path in paths]) or maker(paths)) == []
    assert asked == [["model"], ["table.csv"]]


def test_what_comes_out_otherwise_is_said_and_outdates_what_follows(maker: Maker) -> None:
    run = maker.run
    (run / "model/weights").write_text("changed")
    maker.content["model"] = "of another processor"
    (left,) = repair(run, maker)
    assert left.path == run / "model" and "as listed in manifest.json, is expected" in left.problem
    assert times(run)["model/.snakemake_timestamp"] > times(run)["answers.csv"]


def test_a_damaged_manifest_is_written_anew_after_the_rest(maker: Maker) -> None:
    (maker.run / "manifest.json").write_text("{")
    (maker.run / "data.csv").write_text("changed")
    assert repair(maker.run, maker) == []
    assert maker.made == ["data.csv"]
    assert require(maker.run / "manifest.json")


def test_a_whole_run_asks_for_nothing_and_strange_files_stay(maker: Maker) -> None:
    (maker.run / "notes.txt").write_text("mine")
    (left,) = repair(maker.run, maker)
    assert maker.made == [] and left.path.name == "notes.txt" and not left.listed
    assert (maker.run / "notes.txt").read_text() == "mine"


def test_an_unfinished_run_is_no_matter_of_repair(maker: Maker) -> None:
    (maker.run / "manifest.json").unlink()
    with pytest.raises(MopeError, match="finish the run"):
        repair(maker.run, maker)


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9))), st.sets(st.integers(0, 9)))
def test_each_damaged_artifact_comes_once_and_after_its_sources(graph: dict, damaged: set) -> None:
    """Of any graph without circles; in circles, which only damaged records state, each still comes once."""
    names = [Path(str(i)) for i in range(10)]
    free = {names[i]: {names[j] for j in sources if j < i} for i, sources in graph.items()}
    order = [path for wave in waves({names[i] for i in damaged}, free) for path in wave]
    assert sorted(order) == sorted(names[i] for i in damaged)
    for place, path in enumerate(order):
        seen, new = set(), {path}
        while new:  # all that it was made from, by brute force
            new = {s for each in new for s in free.get(each, ())} - seen
            seen |= new
        assert not seen & set(order[place:])
    circles = {names[i]: {names[j] for j in sources} for i, sources in graph.items()}
    assert sorted(p for wave in waves({names[i] for i in damaged}, circles) for p in wave) == sorted(order)
