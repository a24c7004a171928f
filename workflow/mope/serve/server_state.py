"""What a server has loaded, and what it has counted."""

import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fastapi.responses import JSONResponse

from mope.serve.error_replies import error_reply
from mope.serve.scheduler import Scheduler
from mope.serve.served_run import ServedRun
from mope.serve.server_limits import Limits


class ServerState:
    """What is loaded, by a thread of its own, and what was counted; `failed` is the error that loading ended with."""

    def __init__(self, load: Callable[[], ServedRun], limits: Limits, ready: Callable[[], None]):
        self.run: ServedRun | None = None
        self.scheduler: Scheduler | None = None
        self.failed: Exception | None = None
        self.requests: Counter = Counter()  # replies by (name of the parsed question or "", status)
        self.tokens = 0
        self.reader = ThreadPoolExecutor(1, "read")  # parses questions one by one, beside the event loop
        self._load, self._limits, self._ready = load, limits, ready

    def open(self) -> None:
        """Load the models; meanwhile requests are answered with 503."""
        try:
            run = self._load()
            self.scheduler = Scheduler(run.ends.ids, self._limits)
            self.run = run
            self._ready()
        except Exception as error:
            traceback.print_exception(error)
            self.failed = error

    def end(self) -> None:
        """End the answers under way."""
        if self.scheduler:
            self.scheduler.end()

    def count(self, status: int, model: str = "") -> None:
        """Count a reply to a question, or a failure."""
        self.requests[model, status] += 1

    def not_ready(self) -> JSONResponse:
        """Why there are no answers yet."""
        if self.failed:
            return error_reply(503, f"the models could not be loaded: {self.failed}")
        return error_reply(503, "the models are being loaded", headers={"Retry-After": "2"})

    def metrics(self) -> str:
        """The counts in Prometheus's text format."""
        counts = self.scheduler.counts() if self.scheduler else {}
        lines = ["# TYPE mope_requests_total counter"]
        lines += [
            f'mope_requests_total{{model="{label_value(model)}",status="{status}"}} {count}'
            for (model, status), count in sorted(self.requests.items())
        ]
        lines += ["# TYPE mope_tokens_total counter", f"mope_tokens_total {self.tokens}"]
        for name in ("waiting", "running"):
            lines += [f"# TYPE mope_requests_{name} gauge", f"mope_requests_{name} {counts.get(name, 0)}"]
        lines += ["# TYPE mope_steps_total counter", f"mope_steps_total {counts.get('steps', 0)}"]
        return "\n".join(lines) + "\n"


def label_value(text: str) -> str:
    """The value of a label: Prometheus escapes three characters and no others."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
