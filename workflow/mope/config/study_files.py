"""Studies: several runs whose results make one table. A study is a file of `workflow/studies`."""

from dataclasses import dataclass
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from mope.config.load import load_config
from mope.config.run_name import experiment_file
from mope.errors import MopeError
from mope.runtime.suggestion import one_of
from mope.runtime.yaml_file import read_yaml

STUDY_FOLDER = "workflow/studies"
_NAMES = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["question", "runs", "label", "against", "repeated"],
    "properties": {
        "question": {"type": "string", "minLength": 1},
        "runs": _NAMES | {"minItems": 2},
        "label": {"type": "string", "minLength": 1},
        "against": _NAMES,
        "repeated": {"type": "boolean"},
    },
}


@dataclass(frozen=True)
class Study:
    """`labels`: run -> what it has under the key `label` of the configuration; `experiments`: those to be run.

    `against`: methods that MoPE is shown against one by one. `repeated`: the runs are one experiment made several
    times.
    """

    name: str
    question: str
    label: str
    labels: dict[str, object]
    experiments: list[str]
    against: list[str]
    repeated: bool

    @property
    def runs(self) -> list[str]:
        """Names of the runs."""
        return list(self.labels)


def read_studies(root: Path) -> dict[str, Study]:
    """Every study of the project in folder `root`, by name; `MopeError` for one that names what does not exist."""
    return {file.stem: _read(root, file) for file in sorted((root / STUDY_FOLDER).glob("*.yaml"))}


def read_study(root: Path, name: str) -> Study:
    """The study of that name; `MopeError` where there is none."""
    known = {file.stem: file for file in sorted((root / STUDY_FOLDER).glob("*.yaml"))}
    if name not in known:
        raise MopeError(f"study: {name!r} found, {one_of(name, known)} is expected: a file of {STUDY_FOLDER}")
    return _read(root, known[name])


def _read(root: Path, file: Path) -> Study:
    text, where = read_yaml(file), file.relative_to(root).as_posix()
    problem = best_match(Draft202012Validator(_SCHEMA).iter_errors(text))
    if problem is not None:
        key = ".".join(map(str, problem.absolute_path))
        raise MopeError(f"{where}: {f'{key}: ' if key else ''}{' '.join(problem.message.split())}")
    main = load_config(root, present=False)
    labels, experiments = {}, []
    for run in text["runs"]:
        config = main
        if run != main["run"]:
            config = load_config(root, {"experiment": experiment_file(root, run).stem}, present=False)
            experiments.append(run)
        if config["run"] != run:
            raise MopeError(f"{where}: runs: the experiment {run} is the run {config['run']}; one name is expected")
        labels[run] = _value(config, text["label"], where)
        for method in text["against"]:
            if method not in config["methods"]:
                raise MopeError(
                    f"{where}: against: {method!r} is no method of {run}, one that all runs have is expected"
                )
    return Study(file.stem, text["question"], text["label"], labels, experiments, text["against"], text["repeated"])


def _value(config: dict, key: str, where: str) -> object:
    """What the configuration has under a key such as `data.follow_rate`."""
    value: object = config
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise MopeError(f"{where}: label: {key!r} found, a key of config.yaml such as data.corpus is expected")
        value = value[part]
    return value
