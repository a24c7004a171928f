"""A local chat-completions server that answers as a test tells it to, with faults too, and records its calls."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def completion(text):
    return {
        "id": "x", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }  # fmt: skip


class Server:
    """`plan(number, request)` gives the answer to call `number`: a text, or a function that is called with the handler.

    `requests` are the bodies, `starts` their times in seconds, `most` the largest number of calls at the same time.
    """

    def __init__(self, plan):
        self.plan, self.requests, self.starts, self.together, self.most = plan, [], [], 0, 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802  (the library's name)
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._lock:
                    number = len(outer.requests)
                    outer.requests.append(request)
                    outer.starts.append(time.monotonic())
                    outer.together += 1
                    outer.most = max(outer.most, outer.together)
                try:
                    self.key = self.headers.get("Authorization", "").removeprefix("Bearer ")
                    action = outer.plan(number, request)
                    if callable(action):
                        action(self)
                    else:
                        self.reply(200, completion(action))
                except (BrokenPipeError, ConnectionResetError):
                    pass
                finally:
                    with outer._lock:
                        outer.together -= 1

            def reply(self, status, body, headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
