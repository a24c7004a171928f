"""What a served mixture is compared with: a soup merged anew for each request, as PEFT and Transformers do it.

The merged weights are the request's own, so that requests cannot share a batch and wait for each other.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import torch
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from peft import PeftModel
from pydantic import BaseModel
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

from mope.preferences import Preferences
from mope.prompting import encode


class SoupQuestion(BaseModel):
    """What is read of a chat completion's body; `model` is `soup:` and a combination."""

    model: str
    messages: list[dict]
    max_tokens: int
    temperature: float
    seed: int


class MergingModel:
    """A base and the adapters of all preferences; one answer at a time."""

    def __init__(self, base: Path, experts: dict[str, Path], preferences: Preferences, no_repeat_ngram: int):
        self.tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, trust_remote_code=False)
        first, *others = preferences.ids
        self.model = PeftModel.from_pretrained(model, experts[first], adapter_name=first).eval()
        for name in others:
            self.model.load_adapter(experts[name], adapter_name=name)
        self.preferences, self.no_repeat_ngram, self.turn = preferences, no_repeat_ngram, threading.Lock()

    def answer(self, asked: SoupQuestion) -> Iterator[str]:
        """The pieces of an answer by the mean of the updates of the combination's experts."""
        xi = asked.model.partition(":")[2]
        members = self.preferences.members(xi)
        ids = encode(self.tokenizer, asked.messages[-1]["content"], self.preferences.statements(xi))
        with self.turn:
            self.model.add_weighted_adapter(members, [1 / len(members)] * len(members), "soup", combination_type="cat")
            self.model.set_adapter("soup")
            try:
                yield from self._stream(ids, asked)
            finally:
                self.model.set_adapter(members[0])
                self.model.delete_adapter("soup")

    def _stream(self, ids: list[int], asked: SoupQuestion) -> Iterator[str]:
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        options = {"max_new_tokens": asked.max_tokens, "no_repeat_ngram_size": self.no_repeat_ngram}
        if asked.temperature:
            options |= {"do_sample": True, "temperature": asked.temperature, "top_k": 0}
        else:
            options |= {"do_sample": False}

        def generate() -> None:
            torch.manual_seed(asked.seed)
            try:
                self.model.generate(input_ids=torch.tensor([ids]), streamer=streamer, **options)
            finally:
                streamer.end()

        worker = threading.Thread(target=generate)
        worker.start()
        try:
            yield from streamer
        finally:  # also when the client has gone: the next soup waits
            worker.join()


def merging_app(model: MergingModel) -> FastAPI:
    """Chat completions, always streamed, and /health."""
    app = FastAPI()

    @app.get("/health")
    def health() -> dict:
        return {"status": "ok"}

    @app.post("/v1/chat/completions")
    def chat(asked: SoupQuestion) -> StreamingResponse:
        def events() -> Iterator[str]:
            for piece in model.answer(asked):
                yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': piece}}]})}\n\n"
            yield "data: [DONE]\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    return app
