"""Each page docs/howto/new_*.md, followed on the finished smoke run: what was added runs, and nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from finished_run import planned_jobs
from howto_page import code_blocks, install, run_commands, write_files

from mope.runtime.yaml_file import merged

SMOKE = "workflow/experiments/smoke.yaml"
TABLES = {"aggregate", "agreement", "annotator_agreement", "claims", "correctness", "mean_rewards", "tables"}
OWN_TABLES = {"expert_distances", "reward_table", "tone_classifier", "sample_alphas"}  # of each experiment, of any rows
PAGES_OF_RESULTS = {"plot", "table_pages", "overview", "write_manifest", "all"}
JUDGED = {f"judge_text set=single, judge={judge}" for judge in ("truth", "rubric")}


def row(name: str) -> set[str]:
    """The jobs of a new row: its answers, their rewards, its comparisons."""
    return {f"generate method={name}", f"score method={name}"} | JUDGED


JOBS = {  # page -> the jobs of its dry run, without the tables and what shows them
    "new_kind": row("style_alone"),
    "new_mixer": row("power_half") | row("mope_power"),
    "new_controller_objective": row("mope_dpo") | {"train_controller controller=dpo, seed=0"},
    "new_controller_reward": row("mope_geometric") | {"train_controller controller=geometric, seed=0"},
    "new_policy_objective": row("compromise") | {"train_policy policy=compromise, seed=0"},
    "new_judge": JUDGED | {"judge_text set=single, judge=relevance"},
    "new_figure": {"plot figure=reward_bars"},
    "new_method": row("mod_own")
    | row("soup_strong")
    | row("mope_wide")
    | {"train_body shape=128-1-4-384-100", "train_controller controller=wide, seed=0"},
}
CHANGING_CODE = [page for page in JOBS if page != "new_method"]


@pytest.fixture(scope="module")
def house(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished run, to which one page after the other is added."""
    folder = shutil.copytree(smoke, tmp_path_factory.mktemp("additions") / "project", symlinks=True)
    install(folder)
    return folder


def beside_smoke(folder: Path) -> None:
    """Let the experiments of a page extend `smoke` and use its artifacts: the run that has finished here."""
    for file in (folder / "workflow/experiments").glob("my_*.yaml"):
        text = file.read_text()
        assert text.count("artifacts: laptop\n") == 1, file.name
        file.write_text(text.replace("artifacts: laptop\n", "artifacts: smoke\nextends: smoke\n"))


def add_to_smoke(page: Path, folder: Path) -> None:
    """Write the files of a page; the rows of its experiment are added to the smoke experiment."""
    write_files(code_blocks(page.read_text()), folder)
    for file in (folder / "workflow/experiments").glob("my_*.yaml"):
        added = yaml.safe_load(file.read_text())
        file.unlink()
        del added["run"], added["artifacts"]
        smoke = merged(yaml.safe_load((folder / SMOKE).read_text()), added)
        (folder / SMOKE).write_text(yaml.safe_dump(smoke, sort_keys=False))


def test_every_page_of_an_addition_is_followed(root: Path) -> None:
    assert {page.stem for page in root.glob("docs/howto/new_*.md")} == JOBS.keys()


@pytest.mark.parametrize("page", JOBS)
def test_only_what_a_page_adds_would_run(page: str, house: Path, root: Path) -> None:
    """By the page's own commands; one that names no experiment is about the run that has finished."""
    sources = {file: file.read_text() for file in house.glob("workflow/**/*") if file.suffix in (".py", ".yaml")}
    blocks = code_blocks((root / f"docs/howto/{page}.md").read_text())
    assert {block.mark for block in blocks if block.language == "bash"} == {"dry run"}
    write_files(blocks, house)
    beside_smoke(house)
    try:
        done = [run_commands(block, house, EXPERIMENT="smoke") for block in blocks if block.language == "bash"]
        jobs = set().union(*map(planned_jobs, done))
    finally:
        for file in house.glob("workflow/**/*"):
            if file in sources:
                file.write_text(sources[file])
            elif file.suffix in (".py", ".yaml"):
                file.unlink()
    always = TABLES | PAGES_OF_RESULTS | OWN_TABLES
    shown = {job for job in jobs if job.split()[0] in always} - JOBS[page]
    assert jobs - shown == JOBS[page]
    if page == "new_figure":
        assert {job.split()[0] for job in shown} <= {"write_manifest", "all"}


@pytest.fixture(scope="module")
def ran(house: Path, root: Path, snakemake: Callable) -> Path:
    """The run with all additions at once, as far as they and the tables that name them."""
    for page in CHANGING_CODE:
        add_to_smoke(root / f"docs/howto/{page}.md", house)
    targets = ("tables/mean_rewards.csv", "tables/agreement.csv", "figures/reward_bars.svg")
    options = ("--cores", "2", "--quiet", "rules", "--config", "experiment=smoke", "--")
    outcome = snakemake(house, *options, *(f"results/smoke/{target}" for target in targets))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return house / "results/smoke"


def test_all_additions_together_run(ran: Path, smoke: Path) -> None:
    rewards = pd.read_csv(ran / "tables/mean_rewards.csv").set_index("method")
    added = {"style_alone", "power_half", "mope_power", "mope_dpo", "mope_geometric", "compromise"}
    before = set(pd.read_csv(smoke / "results/smoke/tables/mean_rewards.csv")["method"])
    assert set(rewards.index) == before | added and rewards["bt_reward"].between(0, 1).all()
    agreement = pd.read_csv(ran / "tables/agreement.csv")
    assert agreement[(agreement["judge"] == "rubric") & (agreement["other"] == "relevance")]["n"].max() > 100
    judged = pd.read_parquet(ran / "judgments/single/relevance/mod--mope.parquet")
    assert set(judged["verdict"]) <= {"a", "tie", "b"} and len(judged) > 0
    svg = (ran / "figures/reward_bars.svg").read_text()
    assert "mean reward" in svg and (ran / "figures/reward_bars.png").exists()


def test_what_was_trained_before_is_as_it_was(ran: Path, smoke: Path) -> None:
    trained = list((smoke / "results/smoke").rglob("*.safetensors"))
    assert len(trained) > 8
    for file in trained:
        assert (ran / file.relative_to(smoke / "results/smoke")).stat().st_mtime_ns == file.stat().st_mtime_ns, file
