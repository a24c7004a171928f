"""How an instruction and preference texts become the tokens that a model reads."""

from collections.abc import Sequence


def messages(prompt: str, texts: Sequence[str] = ()) -> list[dict[str, str]]:
    """One user message: the instruction, then the preference texts (Personalized Soups' prompt format)."""
    return [{"role": "user", "content": " ".join([prompt, *texts])}]


def reply(text: str) -> dict[str, str]:
    """An answer, or its beginning, as the message that follows."""
    return {"role": "assistant", "content": text}


def encode(tokenizer, prompt: str, texts: Sequence[str] = ()) -> list[int]:
    """Token ids of the chat-formatted instruction, ready for the answer to follow."""
    return tokenizer.apply_chat_template(messages(prompt, texts), add_generation_prompt=True)["input_ids"]
