"""What weights of preferences do to a row is what they do in the fronts."""

from dataclasses import replace

import pytest
from tiny_run import QUESTION

from mope.serve.asked import ParsedQuestion, parse_question
from mope.serve.question_fields import ChatQuestion
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


def test_what_the_page_says_of_weights(served: ServedRun) -> None:
    facts = {model["id"]: model for model in facts_of(served)["models"]}
    names = ["mope", "mope_graded", "mod", "prompting", "soup_exact", "base"]
    assert [facts[name]["weights"] for name in names] == [True, True, True, True, False, False]
    assert [facts[name]["mixes"] for name in names] == [True, True, True, False, False, False]
    assert [facts[name]["multiplied"] for name in names] == [True, False, False, False, False, False]
