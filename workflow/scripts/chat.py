"""Talk to a trained run: type preferences and an instruction, see which expert carries each word of the answer."""

import argparse
import math
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from mope.errors import MopeError
from mope.preferences import load_preferences
from mope.provenance.artifact import read_meta
from mope.provenance.manifest import require_listed
from mope.runtime.cli import run, settings_of
from mope.runtime.gpu_slot import take_gpus


def main() -> None:
    args = chat_options()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends at once, until `talk` handles it
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # so does a reader that closes the pipe
    rows = sorted((args.run / "responses").glob("*/mope.parquet"))
    if not rows:
        raise MopeError(f"{args.run}: nothing trained that has answered; run `make results` first")
    row = read_meta(rows[0])["params"]
    texts = args.preferences or require_listed(args.run, args.run / "preferences.yaml")
    active = load_preferences(texts, row["preferences"])
    base = require_listed(args.run, args.run / "base")
    experts = {i: require_listed(args.run, args.run / "expert" / i) for i in active.ids}
    trained = args.run / "controller" / row["method"]["controller"]
    seeds = {int(path.name.removeprefix("seed")): path for path in trained.glob("seed*") if path.is_dir()}
    if not seeds:
        raise MopeError(f"{trained}: no controller found; run `make results` first")
    controller = require_listed(args.run, seeds[min(seeds)])

    # After the options, because these take seconds.
    from transformers.utils.logging import disable_progress_bar

    from mope.explain.json_chat import talk_json
    from mope.explain.known_topics import world_of
    from mope.explain.line_history import history_file, keep_lines
    from mope.explain.mixture_answers import MixtureAnswers
    from mope.explain.terminal_chat import talk
    from mope.explain.token_looks import Looks
    from mope.methods.generator import GenerationSettings, Generator, Models

    take_gpus()
    disable_progress_bar()  # of loading, which leaves empty lines
    settings = settings_of(GenerationSettings, row["generation"] | {key: row[key] for key in ("seed", "precision")})
    asked = {"temperature": args.temperature, "max_new_tokens": args.max_new_tokens}
    settings = replace(settings, **{key: value for key, value in asked.items() if value is not None})
    settings = replace(settings, min_new_tokens=min(settings.min_new_tokens, settings.max_new_tokens))
    generator = Generator(Models(base, experts, {}), active, settings)
    answers, world = MixtureAnswers(generator, row["method"], controller), world_of(args.run)
    sys.stdin.reconfigure(errors="surrogateescape")  # what is no UTF-8 is refused as a question
    if args.json:
        talk_json(answers, world, sys.stdin, sys.stdout, args.seed)
        return
    shown = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if shown and sys.stdin.isatty():
        keep_lines(history_file())
    looks = Looks(colour=shown and not os.environ.get("NO_COLOR"), pattern=shown)
    talk(answers, world, input, say, looks, args.seed)


def chat_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("results/laptop"), help="folder of the run")
    parser.add_argument("--preferences", type=Path, help="preferences.yaml; default: those kept with the run")
    parser.add_argument("--temperature", type=float, help="0 is greedy; default: that of the run's evaluation")
    parser.add_argument("--max-new-tokens", type=int, help="default: those of the run's evaluation")
    parser.add_argument("--seed", type=int, help="default: that of each question in the run's evaluation")
    parser.add_argument("--json", action="store_true", help="JSON lines in and out, for programs")
    args = parser.parse_args()
    if args.temperature is not None and not (math.isfinite(args.temperature) and args.temperature >= 0):
        raise MopeError(f"--temperature: {args.temperature} found, 0 or a number above is expected")
    if args.max_new_tokens is not None and args.max_new_tokens < 1:
        raise MopeError(f"--max-new-tokens: {args.max_new_tokens} found, a whole number above 0 is expected")
    if args.seed is not None and args.seed < 0:
        raise MopeError(f"--seed: {args.seed} found, a whole number from 0 is expected")
    return args


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    run(main)
