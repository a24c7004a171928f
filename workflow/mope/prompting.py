"""How an instruction and preference texts become the tokens that a model reads."""

from collections.abc import Sequence

Conversation = Sequence[dict[str, str]]  # messages of user and assistant by turns; the last is the user's


def messages(prompt: str | Conversation, texts: Sequence[str] = ()) -> list[dict[str, str]]:
    """One user message: the instruction, then the preference texts (Personalized Soups' prompt format).

    Of a conversation the last message has the texts; models here are trained on single turns.
    """
    if not isinstance(prompt, str):
        *before, last = prompt
        return [*before, *messages(last["content"], texts)]
    return [{"role": "user", "content": " ".join([prompt, *texts])}]


def reply(text: str) -> dict[str, str]:
    """An answer, or its beginning, as the message that follows."""
    return {"role": "assistant", "content": text}


def encode(tokenizer, prompt: str | Conversation, texts: Sequence[str] = ()) -> list[int]:
    """Token ids of the chat-formatted instruction, ready for the answer to follow."""
    return tokenizer.apply_chat_template(messages(prompt, texts), add_generation_prompt=True)["input_ids"]
