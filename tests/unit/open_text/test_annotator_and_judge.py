"""Annotator and judge of open text on hand-made answers, and that they share nothing but neutral tools."""

import random
from pathlib import Path

import numpy as np
import pytest
from open_text_cases import CASES, POLES

from mope.errors import MopeError
from mope.judging.judge_kinds import JUDGES, known_preferences
from mope.judging.open_text import measure, open_text_score
from mope.judging.open_text_order import disorder
from mope.judging.open_text_tone import (
    OPEN_TEXT_TONES,
    held_out_accuracy,
    open_text_classifier,
    open_text_examples,
    warmth,
)
from mope.judging.text_judge import TextJudge
from mope.judging.verdicts import Comparison
from mope.open_text.open_text_annotator import annotator_scores
from mope.preferences import GENERAL, OPEN_TEXT
from mope.provenance.code import closure
from mope.provenance.declared import chosen
from mope.texts.passages import passage_words, split_sentences
from mope.world.worlds import load

DEAD_BAND = 0.05
# What both may use: it splits and embeds texts, names preferences, reads and writes files, and measures nothing.
NEUTRAL = {f"mope/{name}.py" for name in ("errors", "preferences", "prompting", "texts/embedding", "texts/passages")}
NEUTRAL |= {"mope/texts/embedding_package.py"}
NEUTRAL |= {f"mope/runtime/{path.name}" for path in (Path(__file__).parents[3] / "workflow/mope/runtime").glob("*.py")}
NEUTRAL |= {f"mope/provenance/{name}.py" for name in ("artifact", "code", "output_lock", "record")}
WORKFLOW = Path(__file__).parents[3] / "workflow"
IDS = [f"{dimension}: {pair['prompt']}" for dimension, pair in CASES]


def modules(script: str) -> set[str]:
    """Files of the project that a script runs for this judge, without the machinery of every stage."""
    found = closure(WORKFLOW / "scripts" / f"{script}.py", chosen(JUDGES, ["open_text"]))
    files = (file.relative_to(WORKFLOW).as_posix() for file in found)
    return {file for file in files if file.startswith("mope/") and not file.endswith("__init__.py")}


def test_the_judge_declares_what_it_knows():
    assert tuple(known_preferences("open_text")) == OPEN_TEXT


def test_annotator_and_judge_share_no_module_but_neutral_ones():
    annotator, judge = modules("annotate_open_text"), modules("judge_text")
    assert {f"mope/open_text/{path.name}" for path in (WORKFLOW / "mope/open_text").glob("[a-z]*.py")} <= annotator
    assert {f"mope/judging/{path.name}" for path in (WORKFLOW / "mope/judging").glob("open_text*.py")} <= judge
    assert annotator & judge <= NEUTRAL


def test_annotator_and_judge_share_no_measuring_package():
    def texts(names):
        return "\n".join((WORKFLOW / "mope" / name).read_text() for name in names)

    own = texts(path.relative_to(WORKFLOW / "mope") for path in (WORKFLOW / "mope/open_text").glob("*.py"))
    judges = texts(path.relative_to(WORKFLOW / "mope") for path in (WORKFLOW / "mope/judging").glob("open_text*.py"))
    for package in ("textstat", "vaderSentiment"):
        assert package in own and package not in judges
    for package in ("wordfreq", "zlib"):
        assert package in judges and package not in own
    assert "mope.judging" not in own and "mope.open_text" not in judges


def test_there_are_twelve_pairs_of_each_preference():
    assert all(sum(d == dimension for d, _ in CASES) >= 12 for dimension in POLES)


@pytest.mark.parametrize(("dimension", "pair"), CASES, ids=IDS)
def test_the_judge_prefers_what_a_person_prefers(dimension, pair, embed):
    features = dict(zip("AB", measure([(pair["prompt"], pair[side]) for side in "AB"], embed), strict=True))
    a, b = POLES[dimension]
    assert open_text_score(features["A"], a) >= open_text_score(features["B"], a) + DEAD_BAND
    assert open_text_score(features["B"], b) >= open_text_score(features["A"], b) + DEAD_BAND


@pytest.mark.parametrize("preference", OPEN_TEXT)
def test_the_annotator_errs_seldom_on_plain_cases(preference, embed):
    """It is coarser than the judge: one pair in twelve may go wrong."""
    dimension = next(name for name, poles in POLES.items() if preference in poles)
    pairs = [pair for name, pair in CASES if name == dimension]
    asked, other = ("A", "B") if preference.endswith("A") else ("B", "A")
    prompts = [pair["prompt"] for pair in pairs]
    right = annotator_scores(prompts, [p[asked] for p in pairs], preference, embed)
    wrong = annotator_scores(prompts, [p[other] for p in pairs], preference, embed)
    assert (right > wrong).mean() >= 11 / 12


def spoilt(kind: str, place: int) -> tuple[str, str]:
    """(prompt, an answer to it that nobody would take)."""
    rng, pair = random.Random(place), CASES[place][1]
    prompt, answer = pair["prompt"], max(pair["A"], pair["B"], key=len)
    match kind:
        case "empty":
            return prompt, ""
        case "shuffled":
            tokens = answer.split()
            return prompt, " ".join(rng.sample(tokens, len(tokens))) + "."
        case "off topic":
            others = [other for _, other in CASES if other["prompt"] != prompt]
            return prompt, rng.choice(others)["A"]
        case "repeated":
            return prompt, " ".join([split_sentences(answer)[0]] * 8)
        case "no words":
            return prompt, "zxq vrtk ploomf grndl wibbet. " * 5
    raise ValueError(kind)


# Shuffled words are told by a small model of their order, which misses one in ten of texts below thirty words. An
# answer to another prompt may be near by chance: what inflation is, to "How can I save money?".
LEAST = {"empty": 1.0, "shuffled": 0.9, "off topic": 0.9, "repeated": 1.0, "no words": 1.0}


@pytest.mark.parametrize("kind", LEAST)
@pytest.mark.parametrize("preference", OPEN_TEXT)
def test_a_spoilt_answer_loses_against_sound_ones_on_every_preference(kind, preference, embed):
    cases = [(spoilt(kind, place), pair) for place, (_, pair) in enumerate(CASES)]
    if kind == "shuffled":
        cases = [case for case in cases if len(passage_words(case[0][1])) >= 30]
        assert len(cases) >= 12
    bad = measure([answer for answer, _ in cases], embed)
    for side in "AB":
        sound = measure([(pair["prompt"], pair[side]) for _, pair in cases], embed)
        won = [
            open_text_score(s, preference) > open_text_score(b, preference) + DEAD_BAND
            for s, b in zip(sound, bad, strict=True)
        ]
        assert np.mean(won) >= LEAST[kind]


@pytest.mark.parametrize("preference", ["P1A", "P1B", "P2B", "P3A", "P3B"])
def test_an_answer_that_breaks_off_loses_little(preference, embed):
    for _, pair in CASES[13:25]:
        whole = pair["B"]
        cut = whole[: int(len(whole) * 0.93)].rstrip(".!? ")
        full, broken = measure([(pair["prompt"], whole), (pair["prompt"], cut)], embed)
        assert abs(open_text_score(full, preference) - open_text_score(broken, preference)) < 0.25


def test_scores_do_not_depend_on_what_is_measured_together(embed):
    answers = [(pair["prompt"], pair["A"]) for _, pair in CASES[::3]]
    together = [[round(open_text_score(f, p), 4) for p in OPEN_TEXT] for f in measure(answers, embed)]
    alone = [
        [round(open_text_score(f, p), 4) for p in OPEN_TEXT] for a in answers[::-1] for f in measure([a], type(embed)())
    ]
    np.testing.assert_allclose(together, alone[::-1], atol=2e-3)


def test_both_orders_give_one_verdict(embed):
    prompt, a, b = (CASES[0][1][key] for key in ("prompt", "A", "B"))
    judge = TextJudge(load("everyday"), "open_text", DEAD_BAND)
    opinions = judge.judge([Comparison(prompt, "P1A", a, b), Comparison(prompt, "P1A", b, a)])
    assert [opinion.verdict for opinion in opinions] == ["first", "second"]
    assert opinions[0].raw.split() == opinions[1].raw.split()[::-1]
    assert TextJudge(load("everyday"), "open_text", DEAD_BAND).judge([Comparison(prompt, "P1A", a, b)]) == opinions[:1]
    assert judge.judge([]) == []


def test_the_tone_classifier_tells_tones_of_sentences_it_has_not_seen(embed):
    texts, tones = open_text_examples()
    assert all(tones.count(tone) >= 150 for tone in OPEN_TEXT_TONES) and len(set(texts)) == len(texts)
    accuracy = held_out_accuracy(embed)
    assert min(accuracy.values()) >= 0.85
    assert np.mean(list(accuracy.values())) >= 0.9


def test_tone_examples_are_no_test_answers(embed):
    said = {sentence for _, pair in CASES for side in "AB" for sentence in split_sentences(pair[side])}
    assert not said & set(open_text_examples()[0])
    values = warmth(open_text_classifier(embed), embed(["You are wonderful, dear friend!", "Go away, you fool."]))
    assert values[0] > 0.5 > -0.5 > values[1] and np.abs(values).max() <= 1


def test_disorder_of_real_and_shuffled_text():
    rng = random.Random(1)
    real = [split_sentences(max(pair["A"], pair["B"], key=len)) for _, pair in CASES]
    mixed = [[" ".join(rng.sample(s.split(), len(s.split()))) + "." for s in parts] for parts in real]
    plain, strange = np.array(list(map(disorder, real))), np.array(list(map(disorder, mixed)))
    assert (plain[:, None] < strange[None]).mean() > 0.93
    assert disorder([]) == disorder(["Tents"]) == 0.0


@pytest.mark.parametrize("preference", [*OPEN_TEXT, GENERAL])
def test_annotator_scores_are_bounded_and_fall_with_faults(preference, embed):
    prompt, answer = "How do I boil an egg?", CASES[15][1]["B"]
    texts = [
        answer,
        answer.rsplit(" ", 3)[0],
        " ".join([split_sentences(answer)[0]] * 8),
        "",
        "The committee will meet on Thursday.",
    ]
    values = annotator_scores([prompt] * len(texts), texts, preference, embed)
    assert values.max() <= 1 and values[0] > values[2] and values[0] > values[3] and values[0] > values[4]


def test_an_unknown_preference_is_an_error(embed):
    with pytest.raises(MopeError, match="'P9X': the annotator of open text knows P1A, .*, general"):
        annotator_scores(["Why?"], ["Because it is so."], "P9X", embed)
    with pytest.raises(MopeError, match="'P9X': the judge of open text knows P1A"):
        open_text_score(measure([("Why?", "Because it is so.")], embed)[0], "P9X")
