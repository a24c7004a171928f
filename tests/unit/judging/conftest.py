"""A chat judge that asks a server of the tests."""

import pytest
from judge_helpers import ALL, KEY_VARIABLE, SECRET, SETTINGS, TEMPLATES

from mope.judging.answer_cache import AnswerCache
from mope.judging.chat_judge import ChatJudge
from mope.judging.kinds.chat_settings import ChatJudgeSettings
from mope.judging.template_files import load_templates
from mope.runtime import retry


@pytest.fixture
def make(tmp_path, monkeypatch):
    """`make(url, **changes)`: a judge with its key in the environment, a fresh cache and no time to lose."""
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    monkeypatch.setattr(retry, "BACKOFF", lambda _: 0.01)

    def build(url, **changes):
        settings = ChatJudgeSettings(**{**SETTINGS, "base_url": url, **changes})
        return ChatJudge(settings, load_templates(TEMPLATES, ALL), AnswerCache(tmp_path / "cache.sqlite"), "llm")

    return build
