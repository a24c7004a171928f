"""The cache of paid answers, written by several processes at once."""

import os
import sqlite3
import subprocess
import sys

import pytest
from judge_helpers import ROOT

from mope.errors import MopeError
from mope.judging import answer_cache as module
from mope.judging.answer_cache import AnswerCache, key_of

FILL = """
import pathlib, sys
from mope.judging.answer_cache import AnswerCache
cache = AnswerCache(pathlib.Path(sys.argv[1]))
for i in range(int(sys.argv[2]), int(sys.argv[2]) + 200):
    cache.put(f"key {i}", {"text": str(i)})
"""


def test_two_processes_write_one_cache(tmp_path):
    path = tmp_path / "cache.sqlite"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    commands = [[sys.executable, "-c", FILL, str(path), start] for start in ("0", "100")]
    workers = [subprocess.Popen(c, env=environment, stderr=subprocess.PIPE, text=True) for c in commands]
    outputs = [worker.communicate(timeout=300)[1] for worker in workers]
    cache = AnswerCache(path)
    assert [w.returncode for w in workers] == [0, 0], outputs
    assert len(cache) == 300
    assert cache.get("key 250") == {"text": "250"} and cache.get("absent") is None


def test_keys_tell_every_difference_apart():
    assert key_of({"a": 1, "b": "x"}) == key_of({"b": "x", "a": 1}) != key_of({"a": 1, "b": "y"})


def test_an_answer_stays_and_what_is_none_gives_way(tmp_path):
    cache = AnswerCache(tmp_path / "cache.sqlite")
    cache.put("k", {"text": "", "why": "refused: no"})
    cache.put("k", {"text": "TIE"})
    cache.put("k", {"text": "Output (a)"})
    cache.put("k", {"text": "", "why": "refused: no"})
    assert cache.get("k") == {"text": "TIE"} and len(cache) == 1


def no_sqlite(path):
    path.write_text("This is a letter, no data base. " * 100)


def folder(path):
    path.mkdir()


def other_table(path):
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE answers (question TEXT)")


def cut_short(path):
    AnswerCache(path).put("k", {"text": "x" * 20_000})
    path.write_bytes(path.read_bytes()[:5000])


def link_loop(path):
    path.symlink_to(path)


@pytest.mark.parametrize("spoil", [no_sqlite, folder, other_table, cut_short, link_loop])
def test_a_file_that_is_no_cache_is_named_in_one_line(tmp_path, spoil):
    path = tmp_path / "cache.sqlite"
    spoil(path)
    with pytest.raises(MopeError, match="cache.sqlite: .*SQLite file that can be written") as caught:
        AnswerCache(path).get("k")
    assert str(caught.value).isprintable()


def test_no_folder_can_be_made_for_it(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(MopeError, match="cache of answers"):
        AnswerCache(tmp_path / "results" / "cache.sqlite")


def test_a_cache_that_another_process_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    cache = AnswerCache(tmp_path / "cache.sqlite")
    with sqlite3.connect(tmp_path / "cache.sqlite", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MopeError, match="cache.sqlite: database is locked"):
            cache.put("k", {"text": "TIE"})
        other.execute("ROLLBACK")
    cache.put("k", {"text": "TIE"})
    assert cache.get("k") == {"text": "TIE"}


def test_a_cache_that_may_not_be_written(tmp_path):
    path = tmp_path / "cache.sqlite"
    cache = AnswerCache(path)
    cache._connection.execute("PRAGMA query_only = ON")  # as on a file system mounted read-only, for root, too
    with pytest.raises(MopeError, match="cache.sqlite: attempt to write a readonly database"):
        cache.put("k", {"text": "TIE"})
