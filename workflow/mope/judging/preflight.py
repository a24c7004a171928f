"""What can be known of a chat judge before the first job: its address, its key, its price against its budget.

Standard library only: the Snakefile calls this while it is parsed, and before the first job.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from mope.errors import MopeError
from mope.judging.kinds.chat_settings import completed
from mope.judging.price import cost, count_comparisons
from mope.judging.template_files import load_templates
from mope.preferences import Preferences
from mope.runtime.secret import read_key
from mope.runtime.server_address import address_problem, secrets_in

SQLITE = b"SQLite format 3\0"  # how an SQLite file begins
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CALL = "/chat/completions"
SET_BY_JUDGE = (
    "model",
    "messages",
    "temperature",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stream",
    "logprobs",
)
Problem = tuple[tuple[str | int, ...], str]  # key of the configuration, what is wrong with it


def local(base_url: str) -> bool:
    """Whether a server is on this machine; such a server may need no key."""
    return urlsplit(base_url).hostname in LOOPBACK


def chat_judge_problems(config: dict, root: Path, key: tuple[str, ...], judge: dict) -> Iterator[Problem]:
    """(key, problem) for a chat judge that agrees with the schema; no value is repeated that may be a secret."""
    judge = completed(judge)
    problem = address_problem(judge["base_url"], CALL)
    if problem:
        yield (*key, "base_url"), problem
    if not re.fullmatch("[A-Z_][A-Z0-9_]*", judge["key_variable"]):  # not repeated: it may be the key itself
        expected = "not the name of an environment variable, such as OPENAI_API_KEY, which is expected"
        yield (*key, "key_variable"), expected
    for name in judge["extra"]:
        if name in SET_BY_JUDGE:
            yield (*key, "extra", name), "is set by the judge itself; leaving it out is expected"
    for place in secrets_in(judge["extra"]):
        yield (*key, "extra", *place), "may be a secret, which would be kept; the key by key_variable is expected"
    try:
        json.dumps(judge["extra"], allow_nan=False)
    except (TypeError, ValueError):
        yield (
            (*key, "extra"),
            "holds something that JSON has no form for, such as a date; texts and numbers are expected",
        )
    try:
        load_templates(root / "workflow/prompts/judge", config["preferences"])
    except MopeError as error:
        yield key, str(error)


def before_first_job(
    config: dict, preferences: Preferences, judges: list[str], environment: Mapping[str, str], cache: Path
) -> Iterator[str]:
    """What would stop these chat judges after hours of training: a missing key, too small a budget, a damaged `cache`.

    `cache` is the SQLite file of kept answers, which a judge makes where there is none.
    """
    if judges and cache.exists() and not _begins_like_sqlite(cache):
        yield f"{cache}: is no SQLite file; the judges' cache of answers is expected here: move it away, and run again"
    questions = count_comparisons(config, preferences)
    for name in judges:
        judge = completed(config["judges"][name])
        variable = judge["key_variable"]
        if not local(judge["base_url"]) and not read_key(variable, environment):
            yield (
                f"judges.{name}: {variable} is not set, and {judge['base_url']} will want a key; "
                "export it, or name the variable that holds it by key_variable"
            )
        most = cost(judge, questions, config["generation"]["max_new_tokens"], config["data"]["longest"])
        if most > judge["budget"]:
            yield (
                f"judges.{name}.budget: {judge['budget']:g} found, but {questions:,} questions may cost up to "
                f"{most:,.2f}; a larger budget is expected, or fewer methods, prompts or seeds"
            )


def _begins_like_sqlite(file: Path) -> bool:
    """Whether `file` is a file that begins like one of SQLite, or an empty one, which SQLite takes."""
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(len(SQLITE)) in (SQLITE, b"")
