"""Serve a finished run: a page, and OpenAI's chat completions and completions."""

import argparse
from pathlib import Path

import uvicorn

from mope.errors import MopeError
from mope.runtime.cli import run
from mope.serve.api import make_app
from mope.serve.scheduler import Limits
from mope.serve.served_run import ServedRun, rows_of

MOST_PORT = 65535


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("results/laptop"), help="folder of the run")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--queue", type=int, default=Limits.queue, help="requests that wait at most")
    parser.add_argument("--together", type=int, default=Limits.together, help="requests decoded at a time")
    args = parser.parse_args()
    if args.queue < 1 or args.together < 1:
        raise MopeError(f"--queue {args.queue}, --together {args.together}: whole numbers above 0 are expected")
    if not 0 <= args.port <= MOST_PORT:
        raise MopeError(f"--port: {args.port} found, a number from 0 (any free one) to {MOST_PORT} is expected")
    rows_of(args.run)  # fails at once where there is nothing to serve
    app = make_app(lambda: ServedRun(args.run), Limits(args.queue, args.together))
    uvicorn.run(app, host=args.host, port=args.port, log_level="warning", timeout_graceful_shutdown=5)


if __name__ == "__main__":
    run(main)
