"""A run of tiny models with random weights, as `make results` would leave it, and the real server behind it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_config
from transformers import LlamaForCausalLM

from mope.config.load import load_config
from mope.controller.pcm import PreferenceController, PreferenceControllerConfig
from mope.preferences import load_preferences
from mope.provenance.artifact import write
from mope.training.tokenizer import train_tokenizer

ROOT = Path(__file__).resolve().parents[2]
IDS = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]
XI = "P1A-P2B-P3A"
EXAMPLE = "Why is the sky blue?"


def write_run(folder: Path) -> Path:
    """Base, experts, a controller, and the records of the rows."""
    torch.manual_seed(0)
    texts = load_preferences(ROOT / "workflow/prompts/preferences.yaml", IDS)
    tokenizer = train_tokenizer([EXAMPLE, *texts.texts.values()] * 5, 320)
    shape = tiny_config(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    record = {"params": {}, "seeds": {}, "inputs": []}

    def keep(path: Path, *models) -> None:
        with write(path, stage="t", **record) as tmp:
            for model in models:
                model.save_pretrained(tmp)

    keep(folder / "base", LlamaForCausalLM(shape), tokenizer)
    lora = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear", init_lora_weights=False)
    for name in IDS:
        keep(folder / "expert" / name, get_peft_model(LlamaForCausalLM(shape), lora))
    controller = PreferenceController(PreferenceControllerConfig(IDS, **shape.to_dict()))
    torch.nn.init.normal_(controller.head.weight)
    keep(folder / "controller/mope/seed0", controller)
    with write(folder / "preferences.yaml", stage="t", **record) as tmp:
        tmp.write_text((ROOT / "workflow/prompts/preferences.yaml").read_text())
    config = load_config(ROOT)
    for name, method in config["methods"].items():
        generation = config["generation"] | {"max_new_tokens": 12}
        params = {"name": name, "method": method, "generation": generation, "preferences": IDS}
        params |= {"seed": 7, "precision": "float32"}
        with write(folder / f"responses/single/{name}.parquet", stage="t", params=params, seeds={}, inputs=[]) as tmp:
            pd.DataFrame({"prompt": [EXAMPLE]}).to_parquet(tmp)
    return folder


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(run: Path, *options: str) -> tuple[subprocess.Popen, str]:
    """A server on a free port, ready to answer; its address. It works in the run's folder, not the project's."""
    port = free_port()
    command = [
        sys.executable,
        str(ROOT / "workflow/scripts/serve.py"),
        "--run",
        str(run),
        "--port",
        str(port),
        *options,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(command, cwd=run, env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if curl(f"http://127.0.0.1:{port}/health")[0] == 200:
            return server, f"http://127.0.0.1:{port}"
        assert server.poll() is None, server.stderr.read()
        time.sleep(0.2)
    raise TimeoutError


def curl(url: str, body: bytes | None = None) -> tuple[int, str]:
    """Status and text."""
    post = [] if body is None else ["-H", "Content-Type: application/json", "--data-binary", "@-"]
    done = subprocess.run(
        ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", *post, url], input=body, capture_output=True
    )
    text, _, status = done.stdout.decode().rpartition("\n")
    return int(status), text
