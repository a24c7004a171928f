"""Talk to a trained run: type preferences and an instruction, see the answer stream, coloured by expert."""

import argparse
import os
import sys
from pathlib import Path

from mope import preferences
from mope.errors import MopeError
from mope.explain.terminal_chat import Chat, TerminalSettings, talk, talk_json
from mope.provenance.artifact import read_meta
from mope.provenance.manifest import require_listed
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("results/laptop"), help="folder of the run")
    parser.add_argument("--preferences", type=Path, help="preferences.yaml; default: those kept with the run")
    parser.add_argument("--temperature", type=float, default=0.5, help="0 is greedy")
    parser.add_argument("--max-new-tokens", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="JSON lines in and out, for programs")
    args = parser.parse_args()
    experts = {path.name: path for path in (args.run / "expert").glob("*") if path.is_dir()}
    controllers = sorted(path for path in (args.run / "controller" / "mope").glob("seed*") if path.is_dir())
    if not experts or not controllers:
        raise MopeError(f"{args.run}: no trained experts and controller; run `make results` first")
    base, *_ = (require_listed(args.run, path) for path in (args.run / "base", *experts.values(), controllers[0]))
    texts = args.preferences or require_listed(args.run, args.run / "preferences.yaml")
    active = preferences.load_preferences(texts, sorted(experts))
    trained = read_meta(controllers[0])[
        "params"
    ]  # to give the experts the same prompts as in the controller's training
    chat = Chat(base, experts, controllers[0], active, trained.get("precision", "float32"))
    settings = TerminalSettings(args.temperature, args.max_new_tokens, args.seed, trained["expert_prompt"])
    if args.json:
        talk_json(chat, settings, sys.stdin, sys.stdout)
    else:
        talk(chat, settings, sys.stdin, sys.stdout, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)


if __name__ == "__main__":
    run(main)
