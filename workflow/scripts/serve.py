"""Serve a finished run: a page, and OpenAI's chat completions and completions."""

import argparse
import signal
from pathlib import Path

from mope.errors import MopeError
from mope.runtime.cli import run
from mope.serve.server_limits import Limits

MOST_PORT = 65535


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends at once, except while uvicorn handles it
    args = server_options()

    # After the options, because these take seconds.
    from transformers.utils.logging import disable_progress_bar

    from mope.serve.api import make_app
    from mope.serve.listening import Listening
    from mope.serve.served_run import ServedRun, rows_of

    disable_progress_bar()  # of loading, which leaves empty lines
    rows_of(args.run)  # fails at once where there is nothing to serve
    limits = Limits(args.queue, args.together)
    app = make_app(lambda: ServedRun(args.run), limits, lambda: print("ready", flush=True))
    Listening(app, args.host, args.port, lambda address: print(f"{address}\nloading {args.run}", flush=True)).run()


def server_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("results/laptop"), help="folder of the run")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one")
    parser.add_argument("--queue", type=int, default=Limits.queue, help="requests that wait at most")
    parser.add_argument("--together", type=int, default=Limits.together, help="requests decoded at a time")
    args = parser.parse_args()
    if args.queue < 1 or args.together < 1:
        raise MopeError(f"--queue {args.queue}, --together {args.together}: whole numbers above 0 are expected")
    if not 0 <= args.port <= MOST_PORT:
        raise MopeError(f"--port: {args.port} found, a number from 0 (any free one) to {MOST_PORT} is expected")
    return args


if __name__ == "__main__":
    run(main)
