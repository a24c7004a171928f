"""The sentence and table of soundness, by hand."""

from pathlib import Path

import pandas as pd

from mope.report.docs.reference_runs import ReferenceRun
from mope.report.docs.soundness_tables import soundness_sections, soundness_sentence


def table() -> pd.DataFrame:
    row = {"set": "own", "preference": "all", "answers": 9, "sound": 0.9, "sound_low": 0.8, "sound_high": 0.95}
    row |= {"sound_difference": -0.015, "sound_difference_low": -0.03, "sound_difference_high": 0.001}
    row |= {"relevant_difference": 0.02, "relevant_difference_low": -0.01, "relevant_difference_high": 0.05}
    return pd.DataFrame([row | {"method": "mope"}, row | {"method": "mope", "preference": "P1A"}])


def test_the_sentence_tells_differences_in_points() -> None:
    assert soundness_sentence(table()[:1]) == (
        "Answers of `mope` minus those of `prompting`, in points: sound -1.5 [-3.0, 0.1] and relevant 2.0 [-1.0, 5.0] "
        "on own."
    )
    assert soundness_sentence(table()[["set", "method"]]) == ""


def test_a_run_without_the_table_has_no_section() -> None:
    run = ReferenceRun("r", Path(), {"open_text_soundness": table()}, [], None, "", [])
    heading, explained, sentence, shown = soundness_sections(run)
    assert heading.startswith("### ") and "sound -1.5" in sentence and shown.count("| mope |") == 1
    assert not list(soundness_sections(ReferenceRun("r", Path(), {}, [], None, "", [])))
