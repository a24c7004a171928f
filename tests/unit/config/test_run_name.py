"""An experiment's run is called as its file unless it says otherwise, and as no other's; `make` asks for the name."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mope.config.load import load_config, run_name
from mope.errors import MopeError


def experiment(folder: Path, name: str, text: str) -> None:
    (folder / f"workflow/experiments/{name}.yaml").write_text(text)


def test_a_file_without_a_run_gives_it_its_own_name(folder: Path) -> None:
    experiment(folder, "mine", "details: true\n")
    config = load_config(folder, {"experiment": "mine"})
    assert config["run"] == config["artifacts"] == run_name(folder, "mine") == "mine"
    experiment(folder, "own", "run: another\nartifacts: laptop\n")
    assert load_config(folder, {"experiment": "own"})["run"] == run_name(folder, "own") == "another"
    assert run_name(folder) == load_config(folder)["run"] == "laptop"
    assert load_config(folder, {"run": "held_out"})["run"] == "held_out"


def test_artifacts_are_those_of_a_known_run(folder: Path) -> None:
    experiment(folder, "mine", "artifacts: other\n")
    with pytest.raises(MopeError, match=r"mine\.yaml: artifacts: 'other' found, .* is expected: the run of an exper"):
        load_config(folder, {"experiment": "mine"})
    (folder / "results/other").mkdir(parents=True)  # a run that was named on the command line
    assert load_config(folder, {"experiment": "mine"})["artifacts"] == "other"
    experiment(folder, "second", "artifacts: mine\n")
    assert load_config(folder, {"experiment": "second"})["artifacts"] == "mine"


def test_artifacts_are_those_of_a_run_with_the_same_preferences(folder: Path) -> None:
    experiment(folder, "mine", "artifacts: laptop\n")
    known = yaml.safe_load((folder / "workflow/prompts/preferences.yaml").read_text())
    (folder / "results/laptop").mkdir(parents=True)
    kept = known | {key: {i: known[key][i] for i in ("P1A", "P2A")} for key in ("names", "texts")}
    kept |= {"dimensions": {"expertise": ["P1A"], "informativeness": ["P2A"]}}
    (folder / "results/laptop/preferences.yaml").write_text(yaml.safe_dump(kept))
    with pytest.raises(MopeError, match=r"preferences: .* but run laptop, whose artifacts are used, has P1A, P2A; "):
        load_config(folder, {"experiment": "mine"})
    assert load_config(folder, {"experiment": "mine", "preferences": ["P2A", "P1A"]})
    assert load_config(folder)  # the run itself may be made anew


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("mine", "run: reference\n", "workflow/experiments/mine.yaml: run: 'reference' found; results/reference is no"),
        ("mine", "run: published\n", "results/published is no folder of a run"),
        ("mine", "run: smoke\n", "which is the run of workflow/experiments/smoke.yaml"),
        ("mine", '{"run": "laptop"}', "which is the run of config.yaml"),
        ("laptop", "details: true\n", "which is the run of config.yaml"),
        ("mine", "run: other\n", "which is the run of workflow/experiments/flow.yaml"),
        ("mine", "run: plain\n", "which is the run of workflow/experiments/plain.yaml"),
        ("mine", "run: broken\n", "which is the run of workflow/experiments/broken.yaml"),
        ("My-Own", "details: true\n", "experiments/My-Own.yaml: run: 'My-Own' (text) found; expected: lower-case"),
        ("mine", "run: [a]\n", "run: ['a'] (list) found, text is expected"),
        ("mine", "run: null\n", "run: null found, text is expected"),
        ("mine", "extends: [smoke]\n", "mine.yaml: extends: ['smoke'] (list) found, the name of an experiment is expe"),
        ("mine", "extends: {}\n", "mine.yaml: extends: {} (mapping) found, the name of an experiment is expected"),
    ],
)  # fmt: skip
def test_names_that_clash_are_refused_at_once(folder: Path, name: str, text: str, said: str) -> None:
    experiment(folder, "flow", '{details: true, "run": other}')
    experiment(folder, "plain", "details: true\n")
    experiment(folder, "broken", "[")
    experiment(folder, name, text)
    for read in (lambda: load_config(folder, {"experiment": name}), lambda: run_name(folder, name)):
        with pytest.raises(MopeError) as caught:
            read()
        assert said in str(caught.value) and str(caught.value).isprintable()


def test_a_broken_experiment_leaves_the_others_as_they_are(folder: Path) -> None:
    experiment(folder, "broken", "extends: [smoke]\n")
    assert load_config(folder, {"experiment": "smoke"})["run"] == run_name(folder, "smoke") == "smoke"


def test_a_name_on_the_command_line_may_not_be_anothers_either(folder: Path) -> None:
    for changes in ({"run": "smoke"}, {"experiment": "smoke", "run": "laptop"}, {"run": "reference"}):
        with pytest.raises(MopeError, match="--config: run: "):
            load_config(folder, changes)
    assert load_config(folder, files=[folder / "workflow/experiments/smoke.yaml"])["run"] == "smoke"
    assert load_config(folder, {"experiment": "smoke", "run": "smoke"})["run"] == "smoke"


@pytest.mark.parametrize("name", ["../experiments/smoke", "x" * 5000, "a\0b", "", "smoke\n"])
def test_names_of_no_experiment(folder: Path, name: str) -> None:
    with pytest.raises(MopeError, match="experiment: .*one of .*gpu, paper"):
        load_config(folder, {"experiment": name})


def test_make_finds_the_results_where_they_are(project: Path, make: Callable) -> None:
    experiment(project, "mine", "details: false\n")
    experiment(project, "renamed", "run: other_name\n")
    for options, run in (([], "laptop"), (["EXPERIMENT=mine"], "mine"), (["EXPERIMENT=renamed"], "other_name")):
        assert f"verify.py 'results/{run}'\n" in make(project, "-n", "verify", *options).stdout
        assert f"--report 'results/{run}'/report.html" in make(project, "-n", "report", *options).stdout
        assert f"--run 'results/{run}' --out" in make(project, "-n", "reference", *options).stdout
    for options, run in (
        (["CONFIG=run=own"], "own"),
        (["EXPERIMENT=mine", "CONFIG=run='own'"], "own"),
        (["CONFIG=experiment=mine"], "mine"),
        (["EXPERIMENT=mine", "CONFIG=methods={a: {kind: base}}"], "mine"),
    ):
        assert f"verify.py 'results/{run}'\n" in make(project, "-n", "verify", *options).stdout
    for change, said in (("run=reference", "results/reference is no folder"), ("run", "'run' found, key=value is")):
        assert said in make(project, "-n", "verify", f"CONFIG={change}").stderr
    assert "verify.py 'results/given'\n" in make(project, "-n", "verify", "RUN=given").stdout
    experiment(project, "clash", "run: reference\n")
    for name in ("clash", "nosuch", "a';touch pwned;'"):
        outcome = make(project, "verify", f"EXPERIMENT={name}")
        assert outcome.returncode != 0 and outcome.stderr.startswith("error: ") and "run" in outcome.stderr
    assert not (project / "pwned").exists() and not (project / "results").exists()


def test_clean_follows_a_link_and_keeps_what_was_bought(project: Path, make: Callable, tmp_path: Path) -> None:
    for name in ("laptop/base", "reference"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "judge_cache.sqlite").touch()
    (project / "results").symlink_to(tmp_path)
    assert make(project, "clean").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["judge_cache.sqlite", "reference"]
