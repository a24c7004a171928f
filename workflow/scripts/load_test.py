"""Load on a served run: tokens per second and time to first token, beside its base alone and soups merged per request.

Needs Locust: `pip install --constraint constraints.txt --editable ".[load]"`. Times mean something on a quiet machine
only. The file is written after each record.
"""

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from mope.benchmark.load_measurements import after_kills, growth, under_load
from mope.benchmark.server_process import ServerProcess
from mope.errors import MopeError
from mope.preferences import Preferences, load_preferences
from mope.provenance.artifact import read_meta, write
from mope.runtime.cli import run

SCRIPTS = Path(__file__).parent
LOADED = ("mope", "base", "base_batched", "merging")


def main() -> None:
    args = load_options()
    if find_spec("locust") is None:
        raise MopeError(
            'locust is missing; `pip install --constraint constraints.txt --editable ".[load]"` installs it'
        )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    rows = sorted((args.run / "responses").glob("*/mope.parquet"))
    if not rows:
        raise MopeError(f"{args.run / 'responses'}: no answers found; finish the run with `make results` first")
    row = read_meta(rows[0])["params"]
    preferences = load_preferences(args.run / "preferences.yaml", row["preferences"])
    about = {"processors": os.cpu_count(), "threads": args.threads, "seconds": args.seconds}
    records: dict = about | {"systems": {}}

    def keep() -> None:
        params = {key: value for key, value in vars(args).items() if key not in ("run", "out")}
        with write(args.out, stage="load_test", params=params, seeds={}, inputs=[args.run / "base", *rows]) as tmp:
            tmp.write_text(json.dumps(records, indent=1) + "\n")

    for system in args.systems:
        command, models = served_system(system, args.run, preferences, row["generation"])
        settings = asked(args, models, row["generation"])
        environment = {"OMP_NUM_THREADS": str(args.threads), "HF_HUB_OFFLINE": "1"}
        with ServerProcess(command, args.out.with_suffix(f".{system}.log"), environment) as server:
            under_load(server, settings, 1, args.warm_up)
            found = records["systems"][system] = []
            for clients in args.clients:
                found.append(under_load(server, settings, clients, args.seconds))
                told = {key: value for key, value in found[-1].items() if key != "memory_mb"}
                print(json.dumps({"system": system} | told), flush=True)
                keep()
            if system == "mope" and args.soak:
                soaked = under_load(server, settings, max(args.clients), 60 * args.soak)
                records["soak"] = soaked | growth(soaked["memory_mb"])
                keep()
            if system == "mope" and args.kills:
                records["kills"] = list(after_kills(server, settings, max(args.clients), args.kills, 60))
                keep()


def served_system(system: str, run: Path, preferences: Preferences, generation: dict) -> tuple[list[str], list[str]]:
    """The command of a system's server, and the models that its clients ask for."""
    combinations = preferences.combinations()
    match system:
        case "mope":
            command = [sys.executable, str(SCRIPTS / "serve.py"), "--run", str(run), "--port", "{port}"]
            return command, [f"mope:{xi}" for xi in combinations]
        case "merging":
            command = [sys.executable, str(SCRIPTS / "serve_merging.py"), "--run", str(run), "--port", "{port}"]
            command += ["--no-repeat-ngram", str(generation["no_repeat_ngram"])]
            return command, [f"soup:{xi}" for xi in combinations]
    base = str((run / "base").resolve())
    command = [str(Path(sys.executable).with_name("transformers")), "serve", base, "--host", "127.0.0.1"]
    command += ["--port", "{port}", "--device", "cpu", *(["--continuous-batching"] if system == "base_batched" else [])]
    return command, [base]


def asked(args: argparse.Namespace, models: list[str], generation: dict) -> dict:
    """What the clients ask: the run's evaluation set whose name sorts last, at the run's temperature."""
    prompts = sorted((args.run / "data").glob("*.parquet"))
    names = [file for file in prompts if file.stem not in ("train", "corpus")]
    if not names:
        raise MopeError(f"{args.run / 'data'}: no prompts of an evaluation set found")
    return {
        "models": models,
        "prompts": pd.read_parquet(names[-1])["prompt"].tolist(),
        "max_tokens": args.max_tokens or generation["max_new_tokens"],
        "temperature": generation["temperature"],
        "tokenizer": str(args.run / "base"),
    }


def load_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--systems", nargs="+", choices=LOADED, default=list(LOADED))
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=60, help="of each measurement")
    parser.add_argument("--warm-up", type=float, default=10, help="seconds of one client before the first one")
    parser.add_argument("--max-tokens", type=int, help="of an answer; default: those of the run's evaluation")
    parser.add_argument("--threads", type=int, default=2, help="of each server")
    parser.add_argument("--soak", type=float, default=0, help="minutes of load in which memory should not grow")
    parser.add_argument("--kills", type=int, default=0, help="how often all clients are killed in their answers")
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
