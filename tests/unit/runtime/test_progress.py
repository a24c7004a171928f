"""The time left, and what stands on the screen."""

from collections import Counter
from pathlib import Path

import pytest

from mope.runtime.estimate import earlier_durations, format_duration, reference_durations, seconds_left
from snakemake_logger_plugin_mope.handler import last_line


def test_time_left_by_hand() -> None:
    durations = {"train": [90.0, 110.0], "plot": [4.0]}
    # 2 waiting trainings of 100 s, 1 plot of 4 s, one training with 70 s to go, another that takes longer than usual
    waiting, running = Counter(train=2, plot=1), [("train", 30.0), ("train", 300.0)]
    assert seconds_left(waiting, running, durations, parallel=2) == pytest.approx((200 + 4 + 70) / 2)


def test_no_promise_for_a_rule_never_timed() -> None:
    assert seconds_left(Counter(judge=1), [], {"train": [1.0]}, 2) is None
    assert seconds_left(Counter(judge=0), [], {}, 2) == 0


def test_earlier_durations_are_read_from_benchmark_files(tmp_path: Path) -> None:
    (tmp_path / "train.P1A.tsv").write_text("s\th:m:s\n1.5\t0:00:01\n")
    (tmp_path / "train.P1B.tsv").write_text("s\th:m:s\n2.5\t0:00:02\n")
    (tmp_path / "plot.tsv").write_text("")
    assert earlier_durations(tmp_path) == {"train": [1.5, 2.5]}


def test_a_first_run_falls_back_on_the_reference_of_the_same_run(tmp_path: Path) -> None:
    assert reference_durations(tmp_path / "laptop") == {}
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/timings.csv").write_text("run,rule,seconds\nlaptop,train,8.0\n")
    assert reference_durations(tmp_path / "laptop") == {"train": [8.0]}
    assert reference_durations(tmp_path / "smoke") == {}


@pytest.mark.parametrize(("seconds", "text"), [(3.2, "3 s"), (89, "89 s"), (90, "2 min"), (4800, "1 h 20 min")])
def test_durations_are_spoken(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_the_last_state_of_a_bar_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("loading\n 10%|# | 1/10\r 20%|##| 2/10\r")
    assert last_line(str(log)) == "20%|##| 2/10"
    assert last_line(str(tmp_path / "none.log")) == last_line(None) == ""
