"""Checks the folder of a sequence classifier that is to be a judge, without loading it. Standard library only."""

from pathlib import Path

from mope.errors import MopeError
from mope.runtime.suggestion import one_of
from mope.training.model_code import check_no_code
from mope.training.model_folder import check_model_folder, positions_in, read_json

KIND = "ForSequenceClassification"  # how the transformers library names such models


def check_classifier(folder: Path, label: str | int | None = None) -> int:
    """The number of the `label` by which the classifier in `folder` judges; None: its only one.

    `MopeError`, which names the folder, unless it holds a sequence classifier that passes the checks of any model's
    folder, brings no code of its own and has that label.
    """
    check_no_code(folder, f"folder {folder}")
    check_model_folder(folder)
    config, place = read_json(folder / "config.json"), f"{folder}/config.json"
    kinds = config.get("architectures")
    if not isinstance(kinds, list) or not any(isinstance(name, str) and name.endswith(KIND) for name in kinds):
        raise MopeError(f"{place}: architectures is {kinds!r}; a model of a kind ...{KIND} is expected")
    names = label_names(config, place)
    if label is None and len(names) > 1:
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise MopeError(f"{place}: {len(names)} labels found ({shown}); one, or its name as `label`, is expected")
    if label is None or label in names:
        return 0 if label is None else names.index(label)
    if not isinstance(label, int) or not 0 <= label < len(names):
        raise MopeError(f"{place}: it has no label {label!r}; {one_of(str(label), names)} is expected")
    return label


def label_names(config: dict, place: str) -> list[str]:
    """The names of a classifier's labels, in order; without any, as many numbered ones as `num_labels` says."""
    named, count = config.get("id2label"), config.get("num_labels", 2)  # the library's default
    if named is None and type(count) is int and 0 < count < 100_000:
        return [f"LABEL_{number}" for number in range(count)]
    keys = [str(number) for number in range(len(named))] if isinstance(named, dict) else []
    if not keys or any(not isinstance(named.get(key), str) for key in keys):
        raise MopeError(f"{place}: id2label is {str(named)[:80]}; names of labels by their numbers are expected")
    return [named[key] for key in keys]


def classifier_positions(folder: Path) -> int | None:
    """How many tokens the classifier reads; None where there is no limit."""
    return positions_in(read_json(folder / "config.json"))
