"""The cache of paid answers, written by several processes at once."""

import os
import subprocess
import sys

from judge_helpers import ROOT

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
    outputs = [worker.communicate(timeout=60)[1] for worker in workers]
    cache = AnswerCache(path)
    assert [w.returncode for w in workers] == [0, 0], outputs
    assert len(cache) == 300
    assert cache.get("key 250") == {"text": "250"} and cache.get("absent") is None


def test_keys_tell_every_difference_apart():
    assert key_of({"a": 1, "b": "x"}) == key_of({"b": "x", "a": 1}) != key_of({"a": 1, "b": "y"})
