"""Prompt files: JSON lines, a JSON list, CSV or Parquet, in the schemas that are in use.

| schema | columns | read as |
|---|---|---|
| one's own, Koala, UltraFeedback (binarized) | `prompt`, and `id` or `prompt_id` | the prompt |
| GPT4-Alpaca, UltraFeedback | `instruction`, and `input` where there is one | one after the other (as RLPHF does) |
| conversations | `prompt`, `messages` or `conversations` | all messages up to the last one of the user |

Earlier turns may also stand in `history`, as pairs of question and answer, and a system message in `system` or
`system_prompt`. Where a text and messages stand side by side, they must ask the same. The id is optional: its place in
the file is used. Other columns are passed over.
"""

from pathlib import Path

from mope.data.conversation import BESIDE, record_question, same_question
from mope.data.records import Record, check_unicode, id_text, records
from mope.errors import MopeError
from mope.prompting import wording

TEXT_KEYS = ("prompt", "instruction")
CONVERSATION_KEYS = ("messages", "conversations")
ID_KEYS = ("id", "prompt_id")
PROMPT_FILE_COLUMNS = (*TEXT_KEYS, *BESIDE, *CONVERSATION_KEYS, *ID_KEYS)
EXPECTED_PROMPT = "a file of prompts"


def read_prompts(path: Path, longest: int | None = None) -> list[dict[str, str]]:
    """All prompts of the file as {prompt_id, prompt, place}, without those of more than `longest` characters.

    `prompt` is as `prompt_text` writes it, `place` is the file and line. Of equal prompts the first is kept.
    `MopeError` names the file and place of the first problem.
    """
    found = [(record, _id(record), _prompt(record)) for record in records(path, PROMPT_FILE_COLUMNS, EXPECTED_PROMPT)]
    given = {name for _, name, _ in found}
    texts: dict[str, str] = {}  # by id
    kept: dict[str, tuple[str, str]] = {}  # id and place by text
    for record, name, text in found:
        number = str(record.number)
        name = name or (number if number not in given else f"record-{number}")
        if texts.setdefault(name, text) != text:
            raise MopeError(f"{record.place}: prompt id {name!r} was used before; every id may appear once")
        if longest is None or len(wording(text)) <= longest:
            kept.setdefault(text, (name, record.place))
    if not kept:
        within = "" if longest is None else f" of at most {longest} characters"
        raise MopeError(f"{path}: empty; at least one record with a prompt{within} is expected")
    return [{"prompt_id": name, "prompt": text, "place": place} for text, (name, place) in kept.items()]


def _id(record: Record) -> str | None:
    """The id that a record gives, if any."""
    if not isinstance(record.content, dict):
        raise MopeError(f'{record.place}: not a JSON object; {{"id": "...", "prompt": "..."}} is expected')
    value = next((record.content[key] for key in ID_KEYS if record.content.get(key) is not None), None)
    try:
        name = id_text(value)
    except ValueError:
        raise MopeError(f"{record.place}: id is {value!r}; text that is not empty is expected") from None
    check_unicode(name or "", record.place, "id")
    return name


def _prompt(record: Record) -> str:
    """What one record asks; several keys with a prompt must ask the same."""
    content, place = record.content, record.place
    assert isinstance(content, dict)  # by `_id`
    texts = [key for key in TEXT_KEYS if key in content][:1]
    keys = [*texts, *(key for key in CONVERSATION_KEYS if content.get(key) or (key in content and not texts))]
    if not keys:
        names = ", ".join(map(str, content)) or "nothing"
        raise MopeError(f"{place}: {names} found, no prompt; a key `prompt` or `instruction` is expected")
    return same_question({key: record_question(content, key, place) for key in keys}, place)
