"""What a user's own files and the embedded world must hold before the first job: enough of it, and short enough.

Each check yields (key of the configuration, problem); a file that cannot be read is a problem, too.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from mope.config.conversations import conversation_problems
from mope.config.positions import prompts_too_long
from mope.config.token_count import most_tokens
from mope.data.feedback_file import drawn_pairs, feedback_file, places_of
from mope.data.prompt_file import read_prompts
from mope.data.rating_file import all_ratings, rating_files
from mope.data.records import RECORD_SUFFIXES, suffix_of
from mope.errors import MopeError
from mope.judging.preflight import Problem
from mope.preferences import GENERAL
from mope.prompting import is_conversation, wording
from mope.runtime.suggestion import one_of
from mope.training.policy_needs import need_general_reward
from mope.world.questions import split_questions
from mope.world.worlds import load

WORLD_SETS = ("single", "comparison", "development", "train")
SPOILT_COUNT = 2  # candidates per prompt beside the sampled ones


def prompts_problems(config: dict, project: Path, root: Path, present: bool) -> Iterator[Problem]:
    """Problems of the sets of prompts; of the user's files only if they must be `present`.

    `project` holds the preferences, `root` is where the user's paths begin.
    """
    taken: set[str] = set()
    entry, known = config["data"]["train"], split_questions(load(config["world"]), config["seed"])
    if entry["source"] == "world":
        taken = {question.text for question in known["train"][: entry["prompts"]]}
    sets = {("data", "train"): entry} | {("evaluation_sets", name): e for name, e in config["evaluation_sets"].items()}
    for key, entry in sets.items():
        source, name = entry["source"], key[-1]
        if "skip" in entry and (isinstance(source, dict) or source == "world"):
            yield (*key, "skip"), f"{entry['skip']} found; only with a file as source are there first prompts to skip"
        if name == "train" and key[0] == "evaluation_sets":
            yield key, "this name belongs to the training prompts; another name is expected"
        elif isinstance(source, dict):
            yield from _hub_file(source["file"], (*key, "source", "file"))
        elif source == "world":
            yield from _of_world(entry["prompts"], known, key)
        elif present:
            try:
                places = {p["prompt"]: p["place"] for p in read_prompts(root / source, config["data"]["longest"])}
            except MopeError as error:
                yield (*key, "source"), str(error)
                continue
            texts = list(places)
            free = texts if name == "train" else [text for text in texts if text not in taken]
            end = entry.get("skip", 0) + entry["prompts"]
            if len(free) < end:
                besides = " that are no training prompts" if len(free) < len(texts) else ""
                wanted = f"{entry['prompts']} after the first {entry['skip']}" if "skip" in entry else end
                found = f"{wanted} found, but {source} holds {len(free)} prompts{besides}"
                yield (
                    (*key, "prompts"),
                    f"{found} of {config['data']['longest']} characters at most; no more is expected",
                )
            asked = free[end - entry["prompts"] : end]
            for found in conversation_problems([(places[text], text) for text in asked], config, root):
                yield (*key, "source"), found
            asked = [wording(text) for text in asked]
            yield from prompts_too_long(asked, config, project, root, name == "train", f"a prompt of {source}")
            if name == "train":
                taken |= set(texts[end - entry["prompts"] : end])
                if config["feedback"]["source"] in ("world", "open_text"):  # it is given on answers to these
                    yield from _too_long(asked, config, root, f"a prompt of {source}")


def _hub_file(name: str, key: tuple[str | int, ...]) -> Iterator[Problem]:
    try:
        suffix_of(Path(name))
    except MopeError:
        yield key, f"a name that ends in {', '.join(RECORD_SUFFIXES)} is expected"


def _of_world(count: int, known: dict[str, list], key: tuple[str | int, ...]) -> Iterator[Problem]:
    name = key[-1]
    if name not in WORLD_SETS:
        yield key, f"the embedded world has no such set; {one_of(name, WORLD_SETS)} is expected, or a file"
    elif count > len(known[name]):
        yield (*key, "prompts"), f"{count} found, a number ≤ {len(known[name])} is expected: all that the world has"


def feedback_problems(config: dict, root: Path) -> Iterator[Problem]:
    """Problems of the feedback: too few pairs, too few prompts, or a pair that is too long."""
    source, reward, pairs = config["feedback"]["source"], config["reward"], config["feedback"]["pairs"]
    if source in ("world", "open_text"):
        prompts, answers = config["data"]["train"]["prompts"], config["candidates"]["per_prompt"] + SPOILT_COUNT
        most = prompts * answers * (answers - 1) // 2
        if pairs > most:
            found = f"{pairs} found, a number ≤ {most} is expected: all that can be made of {prompts} prompts"
            yield ("feedback", "pairs"), f"{found} with candidates.per_prompt {config['candidates']['per_prompt']}"
        yield from _held_out(prompts, reward["held_out"])
        longest = config["candidates"]["max_new_tokens"]
        if reward["max_length"] <= longest:
            found = f"{reward['max_length']} found, a number > {longest} (candidates.max_new_tokens) is expected"
            yield ("reward", "max_length"), f"{found}: a prompt stands before each answer"
        return
    for preference in feedback_preferences(config):
        try:
            path = feedback_file(root / source, preference)
            found = drawn_pairs(path, pairs, config["seed"])
            spoken = [prompt for _, prompt, *_ in found if is_conversation(prompt)]
            places = places_of(path) if spoken else {}
        except MopeError as error:
            yield ("feedback", "source"), str(error)
            return
        yield from _held_out(len({prompt_id for prompt_id, *_ in found}), reward["held_out"])
        for problem in conversation_problems([(places[prompt], prompt) for prompt in spoken], config, root):
            yield ("feedback", "source"), problem
            return
        texts = ["\n".join([wording(prompt), max(answers, key=len)]) for _, prompt, *answers in found]
        yield from _too_long(texts, config, root, f"a pair of {path}")


def feedback_preferences(config: dict) -> list[str]:
    """The feedback that a run needs: of each preference, and the general one where a policy learns from it."""
    return [*config["preferences"], *([GENERAL] if need_general_reward(config) else [])]


def _held_out(prompts: int, share: float) -> Iterator[Problem]:
    held = round(share * prompts)
    if not 0 < held < prompts:
        yield (
            ("reward", "held_out"),
            f"{share} of {prompts} prompts are {held}; at least 1 prompt and not all is expected",
        )


def _too_long(texts: list[str], config: dict, root: Path, what: str) -> Iterator[Problem]:
    """A problem if the longest text has more than `reward.max_length` tokens; none without a tokenizer to count."""
    limit = config["reward"]["max_length"]
    most = most_tokens([text for text in texts if len(text.encode()) > limit], config, root) or 0
    if most > limit:
        yield ("reward", "max_length"), f"{limit} found, but {what} has {most} tokens; a number above that is expected"


def ratings_problems(config: dict, root: Path) -> Iterator[Problem]:
    """Problems of the raters' files of a human study."""
    folder, key = config["human_study"]["ratings"], ("human_study", "ratings")
    if folder is None:
        return
    files = rating_files(root / folder)
    if not files:
        yield key, f"no file found in folder {folder}; the raters' CSV files, or null, are expected"
    try:
        deque(all_ratings(files), maxlen=0)
    except MopeError as error:
        yield key, str(error)
