"""The models of a run as folders that others can load: one repository for each model, with a model card."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from mope.data.tables import read_csv
from mope.errors import MopeError
from mope.provenance.artifact import meta_path, read_meta
from mope.provenance.manifest import require_listed
from mope.publish.cards import CARD_KINDS, ModelResults, card
from mope.report.docs.win_rate_tables import average_table, of_judge
from mope.report.formats import percent
from mope.training.base_source import KNOWN_PACKAGES

ADAPTER = "adapter_config.json"
LOGGED = 5  # steps at each end of a training curve that a card averages


@dataclass(frozen=True)
class Model:
    """A trained model of a run, and the name of its repository."""

    folder: Path
    stage: str
    repository: str


def models(run: Path, owner: str, wanted: Sequence[str] = ("",)) -> Iterator[Model]:
    """The models of a run whose path in the run begins with one of `wanted`.

    Left out are controllers' pretrained bodies, which are no finished models, and an imported base, trained by others.
    """
    for meta in sorted(run.rglob("*.meta.json")):
        folder = meta.with_name(meta.name.removesuffix(".meta.json"))
        if folder.is_dir() and folder.parent.name != "body":
            stage, name = read_meta(folder)["stage"], folder.relative_to(run).as_posix()
            if stage in CARD_KINDS and name.startswith(tuple(wanted)):
                yield Model(folder, stage, f"{owner}/mope-{run.name}-{name.replace('/', '-').lower()}")


def base_of(run: Path, owner: str) -> str:
    """The repository of the run's base: its own if it was trained here, else its id on the Hub, or its folder or file.

    The model in a known package has the id of the model that it was made from: adapters load on that one.
    """
    record = read_meta(run / "base")
    if record["stage"] == "train_base":
        return f"{owner}/mope-{run.name}-base"
    if "gguf" in record["params"]:
        known = {package.sha256: package.model for package in KNOWN_PACKAGES.values()}
        return next((known[sha] for sha in record["inputs"].values() if sha in known), record["params"]["gguf"])
    source = Path(record["params"]["path"])
    return (
        read_meta(source)["params"].get("id", source.as_posix()) if meta_path(source).is_file() else source.as_posix()
    )


def results_of(model: Model, run: Path) -> ModelResults:
    """A model's results from the run's metrics, training curves and tables; `MopeError` if a file has changed."""
    metrics, curve = (model.folder.with_name(f"{model.folder.name}.{kind}") for kind in ("metrics.json", "curve.csv"))
    if metrics.is_file():
        found = json.loads(require_listed(run, metrics).read_text())
        text = f"Accuracy on {found['n_pairs']} held-out pairs: {percent(found['accuracy'])} %."
        return ModelResults(text, {"accuracy": found["accuracy"]}, "held-out pairs of the feedback")
    if model.stage == "train_expert":
        steps = read_csv(require_listed(run, curve))
        first, last = steps.reward.head(LOGGED).mean(), steps.reward.tail(LOGGED).mean()
        return ModelResults(
            f"Mean reward in training: {first:.2f} in the first {LOGGED} logged steps, {last:.2f} in the last {LOGGED}."
        )
    averages = run / "tables/average_win_rates.csv"
    if model.stage == "train_controller" and averages.is_file():
        table = average_table(of_judge(read_csv(require_listed(run, averages))))
        return ModelResults(f"Average pairwise win rates of the run's methods:\n\n{table}")
    return ModelResults()


def publish_models(
    run: Path, owner: str, out: Path, texts: dict[str, str], wanted: Sequence[str] = ("",)
) -> list[Path]:
    """Copy the `wanted` models of `run` to `out`/`owner`/<name>, each with its card; returns these folders.

    `wanted` are beginnings of paths in the run; `texts` maps preferences to the texts that cards quote. Adapters name
    their published base. `MopeError` where `owner` is no name of the Hub, where no model is wanted, or where a model or
    a file that its card is made from differs from its record or the manifest.
    """
    try:
        validate_repo_id(f"{owner}/mope")
    except HFValidationError:
        raise MopeError(f"OWNER: {owner!r} found, a user or organisation of the Hugging Face Hub is expected") from None
    if not meta_path(run / "base").is_file():
        raise MopeError(f"{run}: no base found; a finished run with models of its own (`artifacts: null`) is expected")
    base, folders = base_of(run, owner), []
    for model in models(run, owner, wanted):
        target = out / model.repository
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(require_listed(run, model.folder), target, ignore=shutil.ignore_patterns("README.md", ".*"))
        config = target / ADAPTER
        if config.is_file():
            config.write_text(json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": base}, indent=2))
        own = None if model.stage in ("train_base", "train_controller") else base
        about = texts.get(model.folder.name) if model.stage in ("train_expert", "train_reward") else None
        own_card = card(model.stage, model.repository, own, about, read_meta(model.folder), results_of(model, run))
        own_card.save(target / "README.md")
        folders.append(target)
    if not folders:
        raise MopeError(
            f"{run}: no model begins with {' or '.join(wanted)}; e.g. base, expert or controller/mope is expected"
        )
    return folders
