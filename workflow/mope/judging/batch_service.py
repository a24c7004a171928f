"""The judge's calls as OpenAI Batch API files: prepare them, have them run elsewhere, collect the results."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from openai.types.chat import ChatCompletion

from mope.errors import MopeError
from mope.judging.answer_cache import AnswerCache
from mope.judging.chat_judge import ChatJudge, question_record
from mope.judging.verdicts import Comparison

MAX_LINES, MAX_BYTES = 50_000, 190_000_000  # the Batch API takes 50,000 requests and 200 MB per file


def lines(judge: ChatJudge, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """One line per open request; `custom_id` is its key in the cache."""
    for key, request in judge.open_requests(comparisons).items():
        record = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": request}
        yield json.dumps(record) + "\n"


def prepare(judge: ChatJudge, comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Write requests-000.jsonl and so on; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[list[str]] = [[]]
    size = 0
    for line in lines(judge, comparisons):
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


def store_results(cache: AnswerCache, path: Path) -> tuple[int, int]:
    """Take the answers of one result file into the cache: (taken, failed). Failed requests stay open."""
    if not path.is_file():
        raise MopeError(f"{path}: missing; a result file of the batch service is expected")
    taken = failed = 0
    for number, line in enumerate(path.read_text("utf-8").strip().split("\n"), start=1):
        try:
            result = json.loads(line)
            key, response = result["custom_id"], result["response"]
        except (ValueError, KeyError, TypeError):
            raise MopeError(f"{path}:{number}: no line of a batch result file") from None
        try:
            if result.get("error") or response["status_code"] != 200:
                raise LookupError
            record = question_record(
                ChatCompletion.model_validate(response["body"])
            )  # a LookupError where nothing was chosen
        except (ValueError, LookupError, TypeError):
            failed += 1
            continue
        cache.put(key, record)
        taken += 1
    return taken, failed
