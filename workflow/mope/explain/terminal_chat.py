"""Chat in the terminal: instruction and preferences in, tokens out, each in the look of the expert that carried it."""

import re
import shutil
import signal
from collections.abc import Callable, Iterator

from mope.decoding.sampling import Sampling
from mope.errors import MopeError
from mope.explain.known_topics import listing, outside
from mope.explain.mixture_answers import MixtureAnswers
from mope.explain.token_looks import Looks, legend, paint
from mope.preferences import Preferences, combination_name
from mope.prompting import prompt_text
from mope.world.worlds import World

TOPICS_KEY = "?"
USAGE = """One preference of each kind, then an instruction. ? lists what the model knows, Ctrl-C stops an answer,
Ctrl-D or an empty instruction ends."""
OUTSIDE = "warning: the model was not trained on anything like this; expect nonsense (? lists what it knows)"
Ask, Say = Callable[[str], str], Callable[[str], None]  # `Ask` raises EOFError where there is no further line


def parse_preferences(text: str, preferences: Preferences) -> str:
    """Ids or names in any order ("concise, friendly, P1B") as a combination; one of every dimension is needed.

    Names may be of several words ("plain English"). `MopeError` for an unknown word, or where a dimension has none or
    several.
    """
    known = {" ".join(key.lower().split()): i for i in preferences.ids for key in (i, preferences.names[i])}
    longest_first = sorted(known, key=len, reverse=True)
    whole = "|".join(re.escape(key) for key in longest_first)
    words = re.findall(rf"(?:{whole})(?![^\s,;-])|[^\s,;-]+", " ".join(text.split()), re.IGNORECASE)
    for word in words:
        if word.lower() not in known:
            choices = ", ".join(f"{preferences.names[i]} ({i})" for i in preferences.ids)
            raise MopeError(f"preference {word!r}: expected one of {choices}")
    chosen = {known[word.lower()] for word in words}
    members = [[pole for pole in poles if pole in chosen] for poles in preferences.dimensions.values()]
    for name, found in zip(preferences.dimensions, members):
        if len(found) != 1:
            poles = " or ".join(preferences.names[pole] for pole in preferences.dimensions[name])
            raise MopeError(f"{name}: found {len(found)} preferences, one is needed: {poles}")
    return combination_name(pole for [pole] in members)


def talk(
    answers: MixtureAnswers, world: World | None, ask: Ask, say: Say, looks: Looks, seed: int | None = None
) -> None:
    """Answer what a person types until the input ends; Ctrl-C ends an answer, and between answers the chat."""
    preferences, settings = answers.preferences, answers.generator.settings
    greedy = Sampling(settings.temperature).greedy
    sampled = "greedy" if greedy else f"temperature {settings.temperature:g}"
    say(f"{legend(preferences, looks)}\n{USAGE}\nAnswers: {sampled}, at most {settings.max_new_tokens} tokens.\n")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for prompt, combination in read_questions(ask, say, preferences, world):
            if outside(world, prompt):
                say(f"{OUTSIDE}\n")
            try:
                answers.answer(prompt, combination, lambda p: say(paint(p.text, p.carrier, preferences, looks)), seed)
            except KeyboardInterrupt:
                say(" [stopped]")
            except MopeError as error:
                say(f"{error}")
            say("\n")
    except (KeyboardInterrupt, EOFError):
        say("\n")


def read_questions(ask: Ask, say: Say, preferences: Preferences, world: World | None) -> Iterator[tuple[str, str]]:
    """(instruction, combination) pairs as typed, until an empty instruction.

    An empty line in place of preferences keeps the last ones.
    """

    def answered(prompt: str) -> str:
        while (line := ask(prompt).strip()) == TOPICS_KEY:
            say(f"{listing(world, shutil.get_terminal_size().columns)}\n")
        return line

    combination = None
    while True:
        line = answered(f"preferences{f' [{combination}]' if combination else ''}> ")
        try:
            combination = parse_preferences(line, preferences) if line or not combination else combination
        except MopeError as error:
            say(f"{error}\n")
            continue
        prompt = answered("instruction> ")
        if not prompt:
            return
        yield prompt_text([{"role": "user", "content": prompt}]), combination
