"""The chat judge against `transformers serve`, a real OpenAI-compatible server, with a tiny model of random weights."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache
from mope.judging.chat_judge import ChatJudge
from mope.judging.kinds.chat_settings import ChatJudgeSettings
from mope.judging.template_files import load_templates
from mope.judging.verdicts import Comparison

pytest.importorskip("fastapi", reason="transformers serve needs fastapi")
pytest.importorskip("uvicorn", reason="transformers serve needs uvicorn")

TEMPLATES = Path(__file__).parents[3] / "workflow" / "prompts" / "judge"
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<eos>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    fast.chat_template = CHAT
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=8192, pad_token_id=0, eos_token_id=1, bos_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def server(model):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", "--host", "127.0.0.1",
               "--port", str(port), "--device", "cpu", str(model)]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(240):
            if process.poll() is not None:
                pytest.fail(process.stdout.read()[-2000:])
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.communicate(timeout=300)


def judge(server, tmp_path, model):
    settings = ChatJudgeSettings(
        model=str(model), base_url=server, key_variable="JUDGE_KEY", temperature=0.0, seed=0, max_tokens=4,
        max_characters=500, price_input=1.0, price_output=1.0, budget=1.0, concurrency=2, timeout=60.0, attempts=5,
    )  # fmt: skip
    return ChatJudge(settings, load_templates(TEMPLATES, ["P1A"]), AnswerCache(tmp_path / "cache.sqlite"), "llm")


def test_protocol(server, model, tmp_path):
    first = judge(server, tmp_path, model)
    comparisons = [Comparison("What is rain?", "P1A", "Rain is water.", f"Answer {i}.") for i in range(2)]
    opinions = first.judge(comparisons)
    assert [o.verdict for o in opinions] == ["unparsed"] * 2  # random weights talk nonsense, over a sound protocol
    assert first.spent > 0
    again = judge("http://127.0.0.1:9/v1", tmp_path, model)
    assert again.estimate(comparisons).calls == 2  # another server is another judge
    assert judge(server, tmp_path, model).judge(comparisons) == opinions


def test_unknown_model(server, tmp_path):
    with pytest.raises(MopeError, match="Error"):
        judge(server, tmp_path, "no/such-model").judge([Comparison("What is rain?", "P1A", "Water.", "Air.")])
