"""A completions server for tests: python completions_server.py NAME=MODEL_FOLDER ... prints its port and serves.

It speaks the part of the OpenAI protocol that black-box experts need: POST /v1/completions with a prompt of token
ids, max_tokens 1 and logprobs k. The model "flaky" answers 503 every other time; a key, when one is set in the
environment as SERVER_KEY, is required.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
models = {}
calls = {"flaky": 0}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802 (the base class asks for this name)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = os.environ.get("SERVER_KEY")
        name = body["model"]
        if self.path != "/v1/completions":
            return self.reply(404, {"error": "no such path"})
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            return self.reply(401, {"error": "invalid key"})
        if name == "silent":
            return self.reply(200, {"choices": [{"text": "t5", "logprobs": None}]})
        if name == "foreign":
            return self.reply(200, {"choices": [{"logprobs": {"top_logprobs": [{"bonjour": -0.1}]}}]})
        if name == "flaky":
            calls["flaky"] += 1
            if calls["flaky"] % 2:
                return self.reply(503, {"error": "overloaded"})
            name = next(iter(models))
        if name not in models:
            return self.reply(404, {"error": f"no model {name}"})
        with torch.no_grad():
            logprobs = models[name](torch.tensor([body["prompt"]])).logits[0, -1].log_softmax(-1)
        values, tokens = logprobs.topk(min(body["logprobs"], len(logprobs)))
        form = "token_id:" if body.get("return_tokens_as_token_ids") else "t"  # the first is vLLM's
        top = {f"{form}{token}": value for token, value in zip(tokens.tolist(), values.tolist())}
        return self.reply(200, {"choices": [{"text": "", "logprobs": {"top_logprobs": [top]}}]})

    def reply(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    for pair in sys.argv[1:]:
        name, folder = pair.split("=")
        models[name] = AutoModelForCausalLM.from_pretrained(folder).eval()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
