"""How an instruction or a conversation, and preference texts, become the tokens that a model reads."""

import json
from collections.abc import Sequence

from mope.errors import MopeError, shortened, visible

Conversation = Sequence[dict[str, str]]  # messages {role, content}; the last is the user's
MARK = "\x02"  # "start of text": begins the JSON of a conversation; no space, so that `strip` leaves it
SPEAKERS = {"system": "System", "user": "User", "assistant": "Assistant"}


class ConversationError(MopeError):
    """A conversation that the chat template of a model cannot render whole."""


def prompt_text(conversation: Conversation) -> str:
    """The conversation as one text: what stands in the columns `prompt` of tables, and what `turns` reads.

    A single message of the user is its own text. Any other conversation is JSON after `MARK`, with which no other
    prompt begins.
    """
    [first, *others] = conversation
    if not others and first["role"] == "user" and not first["content"].startswith(MARK):
        return first["content"]
    return MARK + json.dumps(list(conversation), ensure_ascii=False)


def is_conversation(prompt: str) -> bool:
    """Whether the prompt is more than a question of the user."""
    return prompt.startswith(MARK)


def turns(prompt: str) -> list[dict[str, str]]:
    """The messages {role, content} of a prompt."""
    return json.loads(prompt[len(MARK) :]) if is_conversation(prompt) else [{"role": "user", "content": prompt}]


def transcript(prompt: str) -> str:
    """The prompt for people and for judges that read: a single question as it is, of a conversation who said what."""
    said = turns(prompt)
    if len(said) == 1:
        return said[0]["content"]
    return "\n\n".join(f"{SPEAKERS[message['role']]}: {message['content']}" for message in said)


def wording(prompt: str) -> str:
    """The words of a prompt, for what counts or embeds them; of a conversation the latest message stands first."""
    return "\n\n".join(message["content"] for message in reversed(turns(prompt)))


def messages(prompt: str, texts: Sequence[str] = ()) -> list[dict[str, str]]:
    """The messages that a model reads: the preference texts follow the last one (Personalized Soups' prompt format)."""
    *before, last = turns(prompt)
    return [*before, {"role": last["role"], "content": " ".join([last["content"], *texts])}]


def reply(text: str) -> dict[str, str]:
    """An answer, or its beginning, as the message that follows."""
    return {"role": "assistant", "content": text}


def encode(tokenizer, prompt: str, texts: Sequence[str] = ()) -> list[int]:
    """Token ids of the chat-formatted prompt, ready for the answer to follow; errors are those of `rendered_chat`."""
    chat = rendered_chat(tokenizer, messages(prompt, texts), begin=True)
    return tokenizer(chat, add_special_tokens=False)["input_ids"]


def rendered_chat(tokenizer, said: Conversation, begin: bool = False) -> str:
    """The messages `said` in the format of the chat template; `begin` adds the beginning of an answer.

    `ConversationError` where the template fails, or where not every turn of a conversation is in what it writes.
    """
    try:
        text = tokenizer.apply_chat_template(list(said), tokenize=False, add_generation_prompt=begin)
    except Exception as error:  # a template is a program, which may raise any type
        raise _refused(tokenizer, said, f"fails on ({visible(str(error) or type(error).__name__)[:200]})") from None
    asked = said[:-1] if said[-1]["role"] == "assistant" else said
    if len(asked) > 1:
        _check_whole(tokenizer, said, text, begin)
    return text


def _check_whole(tokenizer, said: Conversation, text: str, begin: bool) -> None:
    """`ConversationError` unless every message is in the text, in order, and system messages are told apart."""
    place = 0
    for number, message in enumerate(said, start=1):
        content = message["content"].strip()
        found = text.find(content, place)
        if found < 0:
            raise _refused(tokenizer, said, f"leaves out message {number} of")
        place = found + len(content)
    if all(message["role"] != "system" for message in said):
        return
    for role in ("user", "assistant"):
        other = [message | {"role": role} if message["role"] == "system" else message for message in said]
        try:
            same = text == tokenizer.apply_chat_template(other, tokenize=False, add_generation_prompt=begin)
        except Exception:  # noqa: BLE001 (another form that the template refuses is not the same)
            same = False
        if same:
            raise _refused(tokenizer, said, f"takes a system message for one of the {role} in")


def _refused(tokenizer, said: Conversation, problem: str) -> ConversationError:
    roles = shortened(", ".join(message["role"] for message in said), 80)
    start = shortened(visible(said[0]["content"]), 60)
    return ConversationError(
        f"{tokenizer.name_or_path}: the chat template {problem} a conversation of {roles} that begins with {start!r}; "
        "one in the roles and order that the template knows is expected"
    )
