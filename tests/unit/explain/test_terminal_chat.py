"""Chat: preferences as typed, answers as in the run's evaluation, the script in a terminal and in a pipe."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from any_preferences import preferences_of
from terminal import Terminal
from tiny_run import IDS, tiny_run

from mope.errors import MopeError
from mope.explain.json_chat import talk_json
from mope.explain.known_topics import listing, outside, world_of
from mope.explain.line_history import history_file
from mope.explain.mixture_answers import MixtureAnswers, Piece
from mope.explain.terminal_chat import OUTSIDE, parse_preferences, read_questions, talk
from mope.explain.token_looks import TERMINAL_COLOURS, TERMINAL_PATTERNS, Looks, legend, paint
from mope.explain.token_text import posterior_shares
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.methods.kinds.expert_mixture import answers as evaluated
from mope.preferences import Preferences, load_preferences
from mope.provenance.artifact import read_meta
from mope.world.worlds import load

XI, QUESTION = "P1A-P2A-P3A", "Why is the sky blue?"


@pytest.fixture(scope="module")
def six(root: Path) -> Preferences:
    return load_preferences(root / "workflow/prompts/preferences.yaml", IDS)


@pytest.mark.parametrize(
    "text", ["P1A-P2B-P3A", "friendly informative elementary", "Elementary, P2B; FRIENDLY", "p3a,p1a,p2b"]
)
def test_preferences_as_typed(text: str, six: Preferences) -> None:
    assert parse_preferences(text, six) == "P1A-P2B-P3A"


@pytest.mark.parametrize(
    "text,message",
    [
        ("kind", "preference 'kind': expected one of elementary"),
        ("elementary concise", "style: found 0 preferences, one is needed: friendly or unfriendly"),
        ("elementary expert concise friendly", "expertise: found 2"),
    ],
)
def test_preferences_that_do_not_fit(text: str, message: str, six: Preferences) -> None:
    with pytest.raises(MopeError, match=message):
        parse_preferences(text, six)


@pytest.mark.parametrize("text", ["Plain  english, e-mail", "e-mail plain English", "F1-G1", "plain-English F1 G1"])
def test_names_of_several_words(text: str) -> None:
    own = preferences_of({"a": ["F1", "F2"], "b": ["G1"]}, {"F1": "Plain English", "F2": "plain", "G1": "e-mail"})
    if text.startswith("plain-"):
        with pytest.raises(MopeError, match="a: found 2|preference 'English'"):
            parse_preferences(text, own)
    else:
        assert parse_preferences(text, own) == "F1-G1"


def test_shares_are_posteriors() -> None:
    shares = posterior_shares(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.5, 0.0]).log())
    torch.testing.assert_close(shares, torch.tensor([0.25, 0.75, 0.0]))


def test_an_expert_is_known_by_its_colour_or_its_pattern(six: Preferences) -> None:
    piece = Piece(1, "hi", {"P1A": 0.5, "P3A": 0.5}, {"P1A": 0.2, "P3A": 0.8})
    assert piece.carrier == "P3A"
    assert paint("hi", "P3A", six, Looks(True, True)) == "\x1b[34;7mhi\x1b[0m"
    assert paint("hi", "P3A", six, Looks(False, True)) == "\x1b[7mhi\x1b[0m"
    assert paint("hi", "P3A", six, Looks(False, False)) == paint("hi", "P1A", six, Looks(False, True)) == "hi"
    assert paint("", "P3A", six, Looks(True, True)) == ""
    for looks in (Looks(True, False), Looks(False, True)):
        assert len({paint("hi", name, six, looks) for name in IDS}) == len(IDS)
    assert len(set(TERMINAL_COLOURS)) == len(TERMINAL_COLOURS) and len(set(TERMINAL_PATTERNS)) == len(TERMINAL_PATTERNS)


class Typist:
    """Types lines at prompts, then ends the input; keeps what the chat says."""

    def __init__(self, *lines: str):
        self.lines, self.said = list(lines), ""

    def ask(self, prompt: str) -> str:
        self.say(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def say(self, text: str) -> None:
        self.said += text


def test_a_person_is_asked_again_and_the_last_preferences_stay(six: Preferences) -> None:
    typist = Typist("nonsense", "?", "P1A P2A P3A", "?", QUESTION, "", "And red?", "P1B P2A P3A", "")
    got = list(read_questions(typist.ask, typist.say, six, load("everyday")))
    assert got == [(QUESTION, XI), ("And red?", XI)]
    assert "expected one of" in typist.said and f"preferences [{XI}]> " in typist.said
    assert typist.said.count("knows nothing else") == 2


def test_what_a_world_knows() -> None:
    world = load("everyday")
    topic, another, third = (world.topics[place].phrase for place in (0, 1, 2))
    told = listing(world, 60)
    assert all(t.phrase in " ".join(told.split()) for t in world.topics) and max(map(len, told.splitlines())) <= 60
    for form in (*world.questions.single, *world.questions.single_unseen):
        assert not outside(world, form.format(phrase=topic, verb=world.topics[0].verb))
    assert not outside(world, f"Compare {topic} and {another}.")
    for question in (
        "Write a poem.",
        f"Compare {topic}, {another} and {third}.",
        f"Sell {topic} on the stock market!",
        "",
    ):
        assert outside(world, question)
    assert not outside(None, "Write a poem.") and "imported" in listing(None, 80)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def answers(run: Path, six: Preferences) -> MixtureAnswers:
    row = read_meta(run / "responses/single/mope.parquet")["params"]
    settings = GenerationSettings(**row["generation"], seed=row["seed"])
    controller = run / "controller/mope/seed0"
    models = Models(run / "base", {i: run / "expert" / i for i in IDS}, {0: controller})
    return MixtureAnswers(Generator(models, six, settings), row["method"], controller)


def test_what_the_run_knows_is_in_its_records(run: Path, tmp_path: Path) -> None:
    assert world_of(run) is load("everyday")
    assert world_of(tiny_run(tmp_path, world=None)) is None


def test_an_answer_is_that_of_the_evaluation(answers: MixtureAnswers) -> None:
    pieces: list[Piece] = []
    reason = answers.answer(QUESTION, XI, pieces.append)
    [evaluation] = evaluated(answers.generator, answers.method, [(QUESTION, XI)])[0]
    assert ("".join(piece.text for piece in pieces), len(pieces), reason) == evaluation
    again: list[Piece] = []
    answers.answer(QUESTION, XI, again.append, seed=123)
    assert [piece.token for piece in again] != [piece.token for piece in pieces]


@pytest.mark.parametrize("question, said", [("x" * 3000, "at most 512 are expected"), ("\ud800", "broken Unicode")])
def test_a_question_that_cannot_be_answered(answers: MixtureAnswers, question: str, said: str) -> None:
    with pytest.raises(MopeError, match=said):
        answers.answer(question, XI, print)


def test_a_person_is_warned_and_may_stop_an_answer(answers: MixtureAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    typist = Typist(XI, "Write a poem.", "", "x" * 3000, "", QUESTION)
    whole, stops = typist.say, [False]

    def say(text: str) -> None:
        whole(text)
        if text.startswith("\x1b") and stops[0]:
            stops[0] = False
            raise KeyboardInterrupt

    def ask(prompt: str) -> str:
        stops[0] = typist.lines[:1] == [QUESTION]
        return typist.ask(prompt)

    talk(answers, load("everyday"), ask, say, Looks(True, True))
    assert typist.said.count(OUTSIDE) == 2 + outside(load("everyday"), QUESTION)
    assert "at most 512 are expected" in typist.said and "temperature 0.25, at most 12 tokens" in typist.said
    assert " [stopped]\n" in typist.said and typist.said.endswith(f"preferences [{XI}]> \n")


BAD_LINES = [
    "nonsense", "[]", "null", "[" * 100_000, '{"prompt": "x"}', '{"prompt": 1, "preferences": []}',
    '{"prompt": "x", "preferences": "P1A-P2A-P3A"}', '{"prompt": " ", "preferences": ["P1A", "P2A", "P3A"]}',
    '{"prompt": "x", "preferences": ["kind"]}', '{"prompt": "\\ud800", "preferences": ["P1A", "P2A", "P3A"]}',
    json.dumps({"prompt": "x" * 3000, "preferences": ["P1A", "P2A", "P3A"]}),
]  # fmt: skip


def test_a_bad_line_is_answered_by_an_error_and_not_the_end(answers: MixtureAnswers) -> None:
    good = json.dumps({"prompt": QUESTION, "preferences": ["concise", "P3A", "elementary"]})
    out = io.StringIO()
    talk_json(answers, load("everyday"), io.StringIO("\n".join([*BAD_LINES, "", good])), out)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    errors = [line for line in told if "error" in line]
    assert [line["line"] for line in errors] == list(range(1, len(BAD_LINES) + 1))
    assert all(line["error"].isprintable() and len(line["error"]) < 400 for line in errors)
    assert told[-1]["combination"] == XI and told[-1]["known"] is False


def test_a_line_may_state_its_seed(answers: MixtureAnswers) -> None:
    asked = {"prompt": QUESTION, "preferences": ["concise", "P3A", "elementary"]}

    def told(default: int | None, **fields) -> list[dict]:
        out = io.StringIO()
        talk_json(answers, None, io.StringIO(json.dumps(asked | fields)), out, default)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    assert told(None, seed=3) == told(3) == told(5, seed=3) != told(5) == told(5, seed=None)
    for seed in (-1, "3", True, 1.5):
        assert "seed: " in told(None, seed=seed)[0]["error"]


def command(run: Path, *options: str) -> list:
    return [sys.executable, "workflow/scripts/chat.py", "--run", str(run), *options]


def chat(root: Path, run: Path, typed: str | bytes, *options: str) -> subprocess.CompletedProcess[str]:
    typed = typed.encode() if isinstance(typed, str) else typed
    environment = os.environ | {"PYTHONPATH": "workflow"}
    done = subprocess.run(
        command(run, *options), cwd=root, env=environment, input=typed, capture_output=True, timeout=600
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_script_for_programs(root: Path, run: Path) -> None:
    questions = [{"prompt": QUESTION, "preferences": ["expert", "concise", "P3B"]}] * 2
    lines = [b"\xff", *(json.dumps(question).encode() for question in questions)]
    done = chat(root, run, b"\n".join(lines), "--json", "--max-new-tokens", "6", "--seed", "0")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert "error" in lines[0]
    ends = [line for line in lines if "finish_reason" in line]
    tokens = [line for line in lines if "token" in line]
    assert len(ends) == 2 and ends[0] == ends[1]
    assert ends[0]["combination"] == "P1B-P2A-P3B"
    assert ends[0]["n_tokens"] * 2 == len(tokens)
    for line in tokens:
        assert set(line["alphas"]) == set(line["shares"]) == {"P1B", "P2A", "P3B"}
        assert sum(line["alphas"].values()) == pytest.approx(1, abs=1e-5)
        assert line["carrier"] == max(line["shares"], key=line["shares"].get)
    assert ends[0]["response"] == "".join(line["text"] for line in tokens[: ends[0]["n_tokens"]])


def test_a_reader_that_has_had_enough_ends_the_script(root: Path, run: Path) -> None:
    question = json.dumps({"prompt": QUESTION, "preferences": ["expert", "concise", "P3B"]})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = os.environ | {"PYTHONPATH": "workflow"}
    with subprocess.Popen(command(run, "--json"), cwd=root, env=environment, **pipes) as script:
        script.stdin.write(f"{question}\n".encode() * 20)
        script.stdin.close()
        script.stdout.readline()
        script.stdout.close()
        assert script.wait(timeout=300) == -signal.SIGPIPE and script.stderr.read() == b""


def test_the_script_in_a_pipe_writes_no_colour(root: Path, run: Path) -> None:
    done = chat(root, run, f"expert concise unfriendly\n{QUESTION}\n")
    assert done.returncode == 0, done.stderr
    assert "elementary / expert" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    "options", [["--temperature", "nan"], ["--temperature", "-1"], ["--max-new-tokens", "0"], ["--seed", "-1"]]
)
def test_options_that_cannot_be(root: Path, run: Path, options: list[str]) -> None:
    done = chat(root, run, "", *options)
    assert done.returncode == 2 and options[0] in done.stderr and done.stderr.count("\n") == 1


def test_the_script_says_what_is_missing(root: Path, tmp_path: Path) -> None:
    done = chat(root, tmp_path, "")
    assert done.returncode == 2
    assert "nothing trained that has answered; run `make results` first" in done.stderr


@pytest.fixture
def terminal(root: Path, run: Path, tmp_path: Path) -> Iterator:
    """`terminal(*options)`: the script in a terminal of its own."""
    opened = []

    def start(*options: str, **environment: str) -> Terminal:
        own = {
            "XDG_STATE_HOME": str(tmp_path),
            "TERM": "xterm",
            "INPUTRC": "/dev/null",
            "PYTHONPATH": "workflow",
        } | environment
        opened.append(Terminal(command(run, *options), root, os.environ | own))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_in_a_terminal(terminal, six: Preferences, tmp_path: Path) -> None:
    person = terminal("--max-new-tokens", "300")
    assert legend(six, Looks(True, True)) in person.until("preferences> ")
    person.type("?\n")
    person.until("knows nothing else")
    person.until("preferences> ")
    person.type("elementary concise friendly\n")
    person.until("instruction> ")
    person.type("Write a poem.\n")
    person.until(OUTSIDE)
    person.until("\x1b[0m")  # the first token
    person.type("\x03")
    person.until("[stopped]")
    person.until(f"preferences [{XI}]> ")
    person.type("\n")
    person.until("instruction> ")
    person.type("\x1b[A\x1b[A")  # up, up
    person.until("elementary concise friendly")
    person.type("\x03")
    assert person.ended() == 0
    assert "Traceback" not in person.text
    kept = history_file({"XDG_STATE_HOME": str(tmp_path)}).read_text().splitlines()
    assert kept == ["?", "elementary concise friendly", "Write a poem."]


def test_ctrl_c_while_the_models_are_loaded(terminal) -> None:
    person = terminal(NO_COLOR="1")
    while person.process.poll() is None and psutil.Process(person.process.pid).memory_info().rss < 120 << 20:
        time.sleep(0.1)
    person.type("\x03")
    assert person.ended() == -signal.SIGINT
    assert "Traceback" not in person.text
