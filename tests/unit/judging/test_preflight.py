"""What is checked of a chat judge before the first job."""

from pathlib import Path

import pytest
import yaml
from configurations import copy_configurations

from mope.config.load import load_config
from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache
from mope.judging.preflight import before_first_job
from mope.judging.price import cost, count_comparisons
from mope.preferences import load_preferences

FEW = {"kind": "chat", "base_url": "https://api.example.com/v1", "model": "m"}
PRICES = {"price_input": 1.0, "price_output": 1.0}


def loaded(root, **changes):
    return load_config(root, {"experiment": "smoke", "judges": {"llm": {**FEW, **changes}}})


def problems(root, environment, names=("llm",), cache=Path("none"), **changes):
    config = loaded(root, **changes)
    preferences = load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"])
    return list(before_first_job(config, preferences, list(names), environment, cache))


def test_only_address_and_model_are_needed(root):
    assert loaded(root)["judges"]["llm"] == FEW
    assert problems(root, {"JUDGE_API_KEY": "sk-12345678"}) == []


@pytest.mark.parametrize(
    "address",
    ["http://host:99999/v1", "http://host:0/v1", "http://host:-1/v1", "http://host:port/v1", "http://[::1/v1",
     "host/v1", "ftp://host/v1", "http:///v1", "http://host/v1#x", "http://ho st/v1", "http://host/v\n1", "\x00",
     "https://api.example.com/v1/chat/completions", "https://api.example.com/v1/chat/completions/"],
)  # fmt: skip
def test_addresses_that_cannot_be(root, address):
    with pytest.raises(MopeError, match=r"judges\.llm\.base_url: .*expected") as caught:
        loaded(root, base_url=address)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("address", ["https://me:hunter2@host/v1", "me:hunter2@host", "https://host:hunter2@x/v1",
                                     "http://host/v1?key=hunter2", "http://host:hunter2/v1"])  # fmt: skip
def test_what_may_be_a_secret_is_not_repeated(root, address):
    with pytest.raises(MopeError, match="base_url") as caught:
        loaded(root, base_url=address)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["api_key", "Authorization", "token"])
def test_a_secret_is_no_parameter_of_a_call(root, name):
    with pytest.raises(MopeError, match=rf"judges\.llm\.extra\.{name}: may be a secret") as caught:
        loaded(root, extra={name: "hunter2"})
    assert "hunter2" not in str(caught.value)


KEY = "sk-hunter2hunter2hunter2"


@pytest.mark.parametrize(
    "changes,key",
    [({"extra": {"headers": {"Authorization": "hunter2"}}}, "extra.headers.Authorization"),
     ({"extra": {"access_token": "hunter2"}}, "extra.access_token"),
     ({"extra": {"x-api-key": "hunter2"}}, "extra.x-api-key"),
     ({"extra": {"user": KEY}}, "extra.user"), ({"extra": {"a": [{"b": f"Bearer {KEY}"}]}}, r"extra.a\[0\].b"),
     ({"key_variable": [KEY]}, "key_variable"), ({"key_variable": ["hunter2"]}, "key_variable"),
     ({"extra": KEY}, "extra"),
     ({"extra": "hunter2"}, "extra"), ({"timeout": KEY}, "timeout")],
)  # fmt: skip
def test_a_secret_in_a_wrong_place_is_refused_and_not_repeated(root, changes, key):
    with pytest.raises(MopeError, match=rf"judges\.llm\.{key}") as caught:
        loaded(root, **changes)
    assert "hunter2" not in str(caught.value) and "expected" in str(caught.value)


def test_parameters_about_tokens_are_no_secrets(root):
    names = ("return_tokens_as_token_ids", "stop_token_ids", "min_tokens", "prompt_cache_key", "top_k")
    loaded(root, extra=dict.fromkeys(names, 1) | {"user": "task-force"})


@pytest.mark.parametrize("address", ["http://127.0.0.1:8765/v1", "http://[::1]:8000/v1", "https://höst.example/v1/"])
def test_addresses_that_can_be(root, address):
    loaded(root, base_url=address)


@pytest.mark.parametrize(
    "changes,key",
    [({"limit": "tokens"}, "limit"), ({"content": "list"}, "content"), ({"system_role": "never"}, "system_role"),
     ({"extra": {"stream": True}}, "extra.stream"), ({"extra": {"n": 2}}, "extra.n"), ({"extra": []}, "extra"),
     ({"extra": {"since": yaml.safe_load("2020-01-01")}}, "extra"), ({"temperature": 1e300}, "temperature"),
     ({"concurrency": 10**9}, "concurrency"), ({"timeout": 1e300}, "timeout"), ({"attempts": 10**6}, "attempts")],
)  # fmt: skip
def test_values_that_make_no_sense(root, changes, key):
    with pytest.raises(MopeError, match=rf"judges\.llm\.{key}: "):
        loaded(root, **changes)


def test_null_leaves_a_parameter_out(root):
    loaded(root, temperature=None, seed=None)


def test_the_key_must_be_there_unless_the_server_is_here(root):
    (problem,) = problems(root, {})
    assert problem.startswith("judges.llm: JUDGE_API_KEY is not set") and "key_variable" in problem
    (problem,) = problems(root, {"JUDGE_API_KEY": "  "}, key_variable="OTHER_KEY")
    assert "OTHER_KEY" in problem
    assert problems(root, {}, base_url="http://localhost:8000/v1") == []
    assert problems(root, {}, names=()) == []  # nothing is asked of it
    with pytest.raises(MopeError, match="holds characters") as caught:
        problems(root, {"JUDGE_API_KEY": "“sk-secret”"})
    assert "secret" not in str(caught.value)


def test_a_budget_below_the_estimate(root):
    config = loaded(root, **PRICES)
    preferences = load_preferences(root / "workflow/prompts/preferences.yaml", config["preferences"])
    longest, new = config["data"]["longest"], config["generation"]["max_new_tokens"]
    most = cost(config["judges"]["llm"], count_comparisons(config, preferences), new, longest)
    key = {"JUDGE_API_KEY": "sk-12345678"}
    assert problems(root, key, **PRICES, budget=most * 1.01) == []
    (problem,) = problems(root, key, **PRICES, budget=most * 0.99)
    assert problem.startswith("judges.llm.budget: ") and f"up to {most:,.2f}" in problem


def test_the_cache_of_answers_must_be_one(root, tmp_path):
    file, key = tmp_path / "cache.sqlite", {"JUDGE_API_KEY": "sk-12345678"}
    AnswerCache(file).close()
    assert problems(root, key, cache=file) == problems(root, key, cache=tmp_path / "none") == []
    file.write_text("id,answer\n1,a\n")
    (problem,) = problems(root, key, cache=file)
    assert problem.startswith(f"{file}: is no SQLite file; ")
    assert problems(root, key, cache=tmp_path) == [problem.replace(str(file), str(tmp_path))]
    assert problems(root, key, names=(), cache=file) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("frame.yaml", None, "missing"),
        ("frame.yaml", "system: [", "line 1"),
        ("P1A.yaml", "criterion: Which is simpler?", "expected the keys"),
    ],
)
def test_a_template_that_cannot_be_used_is_known_at_once(root, tmp_path, name, text, said):
    folder = copy_configurations(root, tmp_path)
    file = folder / "workflow/prompts/judge" / name
    assert loaded(folder)
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(MopeError, match=rf"judges\.llm: .*{name}: .*{said}"):
        loaded(folder)
