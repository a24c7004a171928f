"""Trainings that two processes share (gloo, on a CPU) end as those of one process do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from mope.cli import STOPPED
from mope.prompting import messages

SCRIPT = Path(__file__).with_name("one_stage.py")
PATHS = ("workflow", "tests/helpers", "tests/unit/training")


@pytest.fixture(scope="module")
def environment(root: Path) -> dict[str, str]:
    path = os.pathsep.join(str(root / name) for name in PATHS)
    return os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def folder(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the base model of `stages.py`."""
    folder = tmp_path_factory.mktemp("models")
    code = "import sys, stages; f = stages.Path(sys.argv[1]); sys.exit(stages.train('base', f, f / 'base', 1000))"
    subprocess.run([sys.executable, "-c", code, folder], env=environment, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def start(environment: dict[str, str], folder: Path) -> Callable[..., subprocess.Popen]:
    """`start(processes, stage, out, minutes=1000, **changes)`: a training on the models in `folder`."""

    def call(processes: int, stage: str, out: Path, minutes: float = 1000, **changes) -> subprocess.Popen:
        launcher = ["-m", "mope.launch", str(processes)] if processes > 1 else []
        command = [sys.executable, *launcher, SCRIPT, stage, folder, out, json.dumps(changes), str(minutes)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=environment, **pipes)

    return call


def finish(process: subprocess.Popen) -> str:
    """What a training has printed, when it has ended well."""
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    return output


def weights(out: Path) -> dict[str, torch.Tensor]:
    (file,) = out.glob("*.safetensors")
    return load_file(file)


@pytest.mark.parametrize(
    ("stage", "changes"),
    [
        ("reward", {"micro_batch": 1}),
        ("policy", {}),
        ("controller", {}),  # three prompts: two of them in the first process
        ("controller", {"objective": "ppo", "kl": 0.1}),
    ],
    ids=["reward", "policy", "rebel", "ppo"],
)
def test_two_processes_train_what_one_does(stage: str, changes: dict, start: Callable, tmp_path: Path) -> None:
    outputs = [finish(start(n, stage, tmp_path / str(n), **changes)) for n in (1, 2)]
    one, two = weights(tmp_path / "1"), weights(tmp_path / "2")
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)
    assert outputs[1].count("process 0 is done") == 1 and "process 1 is done" not in outputs[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "1.meta.json", "2", "2.meta.json"]
    if stage == "controller":
        curves = [pd.read_csv(tmp_path / str(n) / "curve.csv") for n in (1, 2)]
        pd.testing.assert_frame_equal(*curves, atol=1e-4, rtol=1e-3)
        assert curves[0].entropy.iloc[-1] < curves[0].entropy[0] - 0.01  # it has learnt something


def test_an_expert_learns_from_the_answers_of_both_processes(start: Callable, folder: Path, tmp_path: Path) -> None:
    """Answers are drawn anew, so one step is computed again from them: Adam's first one is the gradient's sign."""
    changes = {"steps": 1, "iterations": 1, "kl": 0.0, "generations": 4, "max_new_tokens": 24}
    finish(start(2, "expert", tmp_path / "expert", **changes))
    seen = [json.loads((tmp_path / f"expert.{process}.json").read_text()) for process in (0, 1)]
    assert [len(process["rows"]) for process in seen] == [4, 4]
    prompts = [set(process["prompts"]) for process in seen]
    assert list(map(len, prompts)) == [1, 1] and prompts[0] != prompts[1]
    whole, half = (directions(folder, tmp_path / "expert", part) for part in (seen, seen[:1]))
    assert all(torch.equal(step, -sign) for step, sign in whole)
    assert not all(torch.equal(step, -sign) for step, sign in half)


def directions(folder: Path, adapter: Path, seen: list[dict]) -> list[tuple]:
    """(sign of the step that was taken, sign of RLOO's gradient) of the clear entries of every matrix B."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder / "base"), adapter, is_trainable=True)
    matrices = [matrix for name, matrix in model.named_parameters() if "lora_B" in name]
    taken = [matrix.detach().clone() for matrix in matrices]
    for matrix in matrices:
        torch.nn.init.zeros_(matrix)
    for process in seen:
        chat = messages(process["prompts"][0], ["be brief"])
        start = len(tokenizer.apply_chat_template(chat, add_generation_prompt=True)["input_ids"])
        rows = [[token for token in row if token != tokenizer.pad_token_id] for row in process["rows"]]
        answers = tokenizer.batch_decode([row[start:] for row in rows], skip_special_tokens=True)
        reward = torch.tensor([float(answer.count("e")) for answer in answers])
        for row, gain in zip(rows, reward - (reward.sum() - reward) / 3):
            ids = torch.tensor([row])
            logprobs = (model(ids).logits[0, start - 1 : -1] / 0.7).log_softmax(-1)
            (-gain * logprobs.gather(1, ids[0, start:, None]).sum()).backward()
    clear = [matrix.grad.abs() > 0.05 * matrix.grad.abs().max() for matrix in matrices]
    return [(step[c].sign(), matrix.grad[c].sign()) for step, matrix, c in zip(taken, matrices, clear)]


def test_bad_input_is_one_line_with_its_status(start: Callable, tmp_path: Path) -> None:
    process = start(2, "controller", tmp_path / "out", prompts_per_step=1)
    output, _ = process.communicate(timeout=200)
    line = "error: devices.controller: 2 found, a number ≤ 1 (controller.prompts_per_step) is expected"
    assert output.splitlines()[-1] == line and output.count("error: ") == 1 and "Traceback" not in output
    assert process.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", ["reward", "controller"])
def test_a_signal_to_the_launcher_saves_and_a_rerun_goes_on(stage: str, start: Callable, tmp_path: Path) -> None:
    changes = {"reward": {"epochs": 40.0}, "controller": {"steps": 60}}[stage]
    finish(start(2, stage, tmp_path / "peace", **changes))
    process = start(2, stage, tmp_path / "stopped", **changes)
    sign = {"reward": "'loss'", "controller": "'step': 3"}[stage]
    next(line for line in process.stdout if sign in line)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == STOPPED and "Traceback" not in output
    assert output.splitlines()[-1].startswith("stopped: SIGTERM received, step ")
    assert "going on after step" in finish(start(2, stage, tmp_path / "stopped", **changes))
    peace, again = weights(tmp_path / "peace"), weights(tmp_path / "stopped")
    assert all(torch.equal(peace[name], again[name]) for name in peace)
