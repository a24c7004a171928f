"""The judge's calls as OpenAI Batch API files: prepare them, have them run elsewhere, collect the results."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache
from mope.judging.chat_judge import ChatJudge
from mope.judging.reply import answered, record_of
from mope.judging.verdicts import Comparison
from mope.runtime.secret import shown
from mope.runtime.server import MalformedError, reason
from mope.runtime.text_file import read_text

MAX_LINES, MAX_BYTES = 50_000, 190_000_000  # the Batch API takes 50,000 requests and 200 MB per file
KEY = re.compile("[0-9a-f]{64}")
RESULT_FILE = "a result file of the batch service"
EXPECTED_RESULT = f"{RESULT_FILE} is expected"


class Collected(NamedTuple):
    """How many answers of a result file were taken, how many requests stay open, and why: commonest first."""

    taken: int
    failed: int
    reasons: tuple[str, ...]


def request_lines(judge: ChatJudge, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """One line per open request; `custom_id` is its key in the cache."""
    for key, request in judge.open_requests(comparisons).items():
        record = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": request}
        yield json.dumps(record) + "\n"


def prepare(judge: ChatJudge, comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Write requests-000.jsonl and so on; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[list[str]] = [[]]
    size = 0
    for line in request_lines(judge, comparisons):
        if len(files[-1]) == MAX_LINES or size + len(line) > MAX_BYTES:
            files.append([])
            size = 0
        files[-1].append(line)
        size += len(line)
    paths = []
    for number, content in enumerate(filter(None, files)):
        paths.append(folder / f"requests-{number:03d}.jsonl")
        paths[-1].write_text("".join(content))
    return paths


def store_results(cache: AnswerCache, path: Path) -> Collected:
    """Take the answers of one result file into the cache. Failed requests, refusals and empty answers stay open.

    The file may be packed by gzip. A file with a line that is no result is refused as a whole, by `MopeError`.
    """
    results = [_result(f"{path}:{number}", line) for number, line in _lines(path)]
    if not results:
        raise MopeError(f"{path}: is empty; {EXPECTED_RESULT}")
    taken, reasons = 0, Counter()
    for key, result in results:
        try:
            record = _record(result)
        except MalformedError as error:
            reasons[shown(str(error), None)] += 1
            continue
        cache.put(key, record)
        if answered(record):
            taken += 1
        else:
            reasons[record["why"]] += 1
    return Collected(taken, reasons.total(), tuple(name for name, _ in reasons.most_common()))


def _result(place: str, line: str) -> tuple[str, dict]:
    """Key and content of one line; what would be right is named by `MopeError`."""
    try:
        result = json.loads(line)
    except RecursionError:
        raise MopeError(f"{place}: is nested too deeply; {EXPECTED_RESULT}") from None
    except ValueError as error:
        raise MopeError(f"{place}: is no JSON ({error}); {EXPECTED_RESULT}") from None
    if not isinstance(result, dict) or not {"custom_id", "response"} <= result.keys():
        raise MopeError(f"{place}: has no custom_id and response; {EXPECTED_RESULT}")
    key = result["custom_id"]
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise MopeError(
            f"{place}: custom_id {shown(repr(key), None, 80)} is none of `make judge-batch`; {EXPECTED_RESULT}"
        )
    return key, result


def _record(result: dict) -> dict:
    response = result["response"]
    if result.get("error"):
        raise MalformedError(reason(result["error"]) or "error")
    if not isinstance(response, dict):
        raise MalformedError("no response")
    if response.get("status_code") != 200:
        raise MalformedError(
            f"status {response.get('status_code')}: {reason(response.get('body')) or 'no reason given'}"
        )
    return record_of(response.get("body"), None)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers."""
    text = read_text(path, RESULT_FILE)
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
