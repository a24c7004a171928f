"""Every page of docs/howto is followed literally in a copy of the project: its files written, its commands run.

What needs a finished run is in tests/smoke: test_additions.py, test_finished_run_pages.py.
"""

import ast
import json
import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from bare_model_folder import bare_model_folder
from howto_page import code_blocks, install, run_commands, write_files

from mope.texts.embedding_package import EMBEDDING_PACKAGE

ROOT = Path(__file__).resolve().parents[2]
PAGES = [  # pages of additions are followed by tests/smoke/test_additions.py, on a finished run
    page for page in sorted((ROOT / "docs/howto").glob("*.md")) if not page.stem.startswith("new_")
]
COPIED = ["README.md", "docs", "results/reference"]


def model(folder: Path) -> None:
    """What a reader of the pages about models has: one."""
    shape = {"vocab_size": 320, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    bare_model_folder(folder / "models/my-model", num_attention_heads=2, max_position_embeddings=512, **shape)


def feedback_and_judge(folder: Path) -> None:
    """A model, feedback, and the reward models of another run."""
    model(folder)
    (folder / "my_feedback").mkdir()
    for name in ("F1", "F2"):
        pairs = [{"prompt": f"What is {i}?", "chosen": f"{i}, {name}.", "rejected": f"No {i}."} for i in range(20)]
        (folder / f"my_feedback/{name}.jsonl").write_text("\n".join(map(json.dumps, pairs)))
        (folder / f"results/other/reward/{name}").mkdir(parents=True)
    (folder / "results/other/base").mkdir()


def judge(folder: Path) -> None:
    """A sequence classifier."""
    bare_model_folder(folder / "models/my-judge", architectures=["LlamaForSequenceClassification"], num_labels=1)


def ratings(folder: Path) -> None:
    """The files that raters sent back."""
    (folder / "ratings/mine").mkdir(parents=True)
    (folder / "ratings/mine/rater.csv").write_text("study,rater,item,answer\ns,Ann,item-0,left\n")


PLANNED = {  # what the dry runs of a page must mention: the jobs of the rows that it adds
    "experiment": ["results/my_eta/controller/mope/seed0", "results/laptop/controller/my_eta/seed0"],
    "cluster": ["rule train_controller", "results/smoke/controller/mope/seed0"],
    "own_judge": ["judgments/single/gpt"],
    "own_model": ["models/my-model", "download/"],
    "own_preferences": ["reward/F1", "expert/F2"],
    "own_prompts": ["prompts/eval.csv", "results/my_hub_prompts/download/theirs.tsv"],
    "pretrained_model": ["results/smollm2_quick/controller/mope/seed0", "results/smollm2/responses/koala/mope.parquet"],
    "reward_judge": ["judgments/single/my_reward_model", "results/other/reward/P1A"],
    "remote_experts": ["results/my_remote", "responses/single/far.parquet"],
    "study": [
        "results/eta_30/expert/P1A",
        "results/laptop/responses/single/mope_t1.parquet",
        "temperature_win_rates",
        "fronts/scores/single/mod.parquet",
    ],
}
GIVEN = {"reward_judge": judge, "own_model": model, "own_preferences": feedback_and_judge, "human_study": ratings}


@pytest.fixture
def reader(copy_project: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A copy of the project whose .venv are this interpreter's packages."""
    folder = tmp_path / "project"
    folder.mkdir()
    copy_project(folder)
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    install(folder)
    return folder


@pytest.mark.parametrize("page", [page.stem for page in PAGES])
def test_a_page_can_be_followed_literally(page: str, reader: Path) -> None:
    if page == "pretrained_model" and find_spec(EMBEDDING_PACKAGE) is None:
        pytest.skip("the packages of envs/smollm2.txt are not installed")
    blocks = code_blocks((ROOT / f"docs/howto/{page}.md").read_text())
    GIVEN.get(page, lambda folder: None)(reader)
    write_files(blocks, reader)
    said = ""
    for block in blocks:
        if block.language == "bash" and block.mark not in ("not run", "finished run"):
            outcome = run_commands(block, reader)
            told = f"{page}.md:\n{block.text}\n{outcome.stdout[-2000:]}\n{outcome.stderr[-2000:]}"
            assert (outcome.returncode != 0) == (block.mark == "fails"), told
            assert "Traceback" not in outcome.stderr, told
            said += outcome.stdout + outcome.stderr
    assert all(job in said for job in PLANNED.get(page, [])), said[-3000:]


@pytest.mark.parametrize("page", [page.stem for page in PAGES])
def test_what_a_page_imports_exists(page: str) -> None:
    for block in code_blocks((ROOT / f"docs/howto/{page}.md").read_text()):
        if block.language == "python" and not block.mark:
            for node in ast.walk(ast.parse(block.text)):
                if isinstance(node, ast.ImportFrom):
                    module = import_module(node.module)
                    assert all(hasattr(module, alias.name) for alias in node.names), f"{page}.md: {node.module}"


def test_pages_that_run_nothing_say_why() -> None:
    for page in PAGES:
        for block in code_blocks(page.read_text()):
            assert block.mark != "not run" or block.argument, page.name
