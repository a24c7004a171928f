"""What weights of preferences do to a row is what they do in the fronts."""

import copy
from dataclasses import replace

import pytest
from tiny_run import QUESTION

from mope.serve.asked import ParsedQuestion, parse_question
from mope.serve.question_fields import ChatQuestion, FieldError
from mope.serve.run_facts import facts_of
from mope.serve.served_run import ServedRun, rows_of

XI = "P1A-P2B-P3A"
GRADED, EQUAL = {"P1A": 98, "P2B": 1, "P3A": 1}, {"P1A": 1, "P2B": 1, "P3A": 1}


def parsed(run: ServedRun, name: str, **fields) -> ParsedQuestion:
    said = [{"role": "user", "content": QUESTION}]
    return parse_question(run, ChatQuestion(model=name, messages=said, seed=1, **fields))


def method_of(run: ServedRun, name: str) -> dict:
    return rows_of(run.run)[name]["method"]


@pytest.mark.parametrize(
    ("stated", "weights"), [(GRADED, [0.98, 0.01, 0.01]), (EQUAL, [1 / 3] * 3), (None, [0.34, 0.33, 0.33])]
)
def test_a_controller_for_weights_reads_them(served: ServedRun, stated: dict | None, weights: list[float]) -> None:
    model = served.models["mope_graded"]
    method = method_of(served, "mope_graded") | {"weights": weights}
    offline = model.generator.mixture_request(model.pool, method, QUESTION, XI, controller=model.controller)
    asked = parsed(served, "mope_graded", preferences=stated) if stated else parsed(served, f"mope_graded:{XI}")
    assert asked.request.controller_ids == offline.controller_ids and asked.request.prompts == offline.prompts
    assert asked.emphasis is None


def test_the_alphas_of_any_other_are_multiplied(served: ServedRun) -> None:
    asked, plain = parsed(served, "mope", preferences=GRADED), parsed(served, f"mope:{XI}")
    assert asked.emphasis == pytest.approx([0.98, 0.01, 0.01]) and plain.emphasis is None
    assert asked.request == plain.request == parsed(served, "mope", preferences=EQUAL).request


def test_equal_weights_that_are_stated_take_the_place_of_a_rows_own(served: ServedRun) -> None:
    assert parsed(served, f"mod_graded:{XI}").request.weights == [0.34, 0.33, 0.33]
    assert parsed(served, "mod_graded", preferences=EQUAL).request.weights == pytest.approx([1 / 3] * 3)
    assert parsed(served, "mod", preferences=EQUAL).request.weights is None


def test_the_prompted_base_reads_weights_in_words(served: ServedRun) -> None:
    generator = served.models["prompting"].generator
    texts = generator.texts_read(method_of(served, "prompting") | {"weights": [0.98, 0.01, 0.01]}, XI)
    offline = generator.plain_request(0, QUESTION, texts, XI)
    asked = parsed(served, "prompting", preferences=GRADED)
    assert asked.request.prompts == offline.prompts
    assert asked.request == replace(offline, experts=asked.request.experts, seed=1)
    assert parsed(served, "prompting", preferences=EQUAL).request == parsed(served, f"prompting:{XI}").request


def test_an_answer_whose_length_is_not_stated_ends_with_the_positions(served: ServedRun) -> None:
    run = copy.copy(served)
    longest = max(map(len, parsed(served, f"mope:{XI}").request.prompts))
    for left, most in ((100, 6), (4, 4), (1, 1)):  # 6 are the run's own
        run.positions = longest + left
        request = parsed(run, f"mope:{XI}").request
        assert (request.max_new_tokens, request.min_new_tokens <= most) == (most, True)
    for left, stated, field in (
        (4, {"max_tokens": 5}, "max_tokens"),
        (4, {"max_completion_tokens": 5}, "max_completion_tokens"),
        (0, {}, "messages"),
        (0, {"max_tokens": 1}, "messages"),
    ):
        run.positions = longest + left
        with pytest.raises(FieldError) as refused:
            parsed(run, f"mope:{XI}", **stated)
        assert refused.value.field == field
    assert parsed(run, "base", max_tokens=5).request.max_new_tokens == 5  # whose prompt is shorter


def test_a_controller_needs_positions_for_what_it_reads(served: ServedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    read = len(parsed(served, f"mope:{XI}").request.controller_ids)
    monkeypatch.setattr(served.models["mope"].controller.config, "max_position_embeddings", read + 2)
    assert parsed(served, f"mope:{XI}").request.max_new_tokens == 2
    with pytest.raises(FieldError, match="3 found, at most 2"):
        parsed(served, f"mope:{XI}", max_tokens=3)


def test_what_the_page_says_of_weights(served: ServedRun) -> None:
    facts = {model["id"]: model for model in facts_of(served)["models"]}
    names = ["mope", "mope_graded", "mod", "prompting", "soup_exact", "base"]
    assert [facts[name]["weights"] for name in names] == [True, True, True, True, False, False]
    assert [facts[name]["mixes"] for name in names] == [True, True, True, False, False, False]
    assert [facts[name]["multiplied"] for name in names] == [True, False, False, False, False, False]
