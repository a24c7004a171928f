"""The code in a model's folder is not run, whatever standard input answers, and the model is refused with one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoTokenizer

from mope.errors import MopeError
from mope.training.model_code import check_no_code

CODE = """
from pathlib import Path
from transformers import PretrainedConfig

Path({marker!r}).touch()

class OwnConfig(PretrainedConfig):
    model_type = "own"
"""


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that is there once the model's code has run."""
    return tmp_path / "has_run"


@pytest.fixture
def model(tmp_path: Path, marker: Path) -> Path:
    """A model whose configuration names a class in a Python file beside it."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "configuration_own.py").write_text(CODE.format(marker=str(marker)))
    own = {"model_type": "own", "auto_map": {"AutoConfig": "configuration_own.OwnConfig"}}
    (folder / "config.json").write_text(json.dumps(own))
    return folder


def answered_yes(script: str, root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "workflow/scripts" / script, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(root / "workflow")}
    options = {"input": "y\n" * 5, "env": environment, "capture_output": True, "text": True, "timeout": 120}
    return subprocess.run(command, cwd=root, **options)


def test_the_code_runs_where_somebody_allows_it(model: Path, marker: Path, tmp_path: Path) -> None:
    """Else the tests below would prove nothing."""
    program = f"from transformers import AutoConfig; AutoConfig.from_pretrained({str(model)!r})"
    environment = os.environ | {"HF_MODULES_CACHE": str(tmp_path / "modules")}
    outcome = subprocess.run(
        [sys.executable, "-c", program], input="y\n", env=environment, capture_output=True, text=True, timeout=120
    )
    assert outcome.returncode == 0, outcome.stderr
    assert marker.exists()


def test_the_import_refuses_it_with_one_line(root: Path, model: Path, marker: Path, tmp_path: Path) -> None:
    settings = json.dumps({"pad_token": None, "grown": False})
    outcome = answered_yes("import_base.py", root, "--path", model, "--settings", settings, "--out", tmp_path / "out")
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1)
    assert f"error: base.path {model}: configuration_own.py found; a model's own code is never run" in outcome.stderr
    assert not marker.exists() and not (tmp_path / "out").exists()


def test_a_plan_for_it_refuses_it_with_one_line(root: Path, model: Path, marker: Path) -> None:
    outcome = answered_yes("plan.py", root, "--experiment", "smoke", "--base", model)
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1), outcome.stderr
    assert "configuration_own.py found" in outcome.stderr
    assert not marker.exists()


@pytest.mark.parametrize("kind", [AutoConfig, AutoTokenizer])
def test_a_loading_call_that_says_no_runs_nothing(
    kind: type, model: Path, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(ValueError):
        kind.from_pretrained(model, trust_remote_code=False)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "processor_config.json"])
def test_a_name_of_own_code_without_the_file_is_refused(tmp_path: Path, name: str) -> None:
    """As the folder of a download is, which takes no Python files."""
    (tmp_path / name).write_text(json.dumps({"auto_map": {"AutoTokenizer": ["a--b.C", None]}}))
    with pytest.raises(MopeError, match=f"origin: {name} has auto_map; a model's own code is never run here"):
        check_no_code(tmp_path, "origin")


@pytest.mark.parametrize("text", ["{}", "[]", '"auto_map"', "{", '{"x": {"auto_map": 1}}', "\xff", "[" * 100_000])
def test_models_without_code_pass(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    (tmp_path / "model.safetensors").touch()
    check_no_code(tmp_path, "origin")
