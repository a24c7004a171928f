"""Take a causal LM of the user's as the base model."""

import argparse
import json
from pathlib import Path

from mope.provenance.artifact import verified, write
from mope.runtime.cli import run
from mope.training.imported import check_space, import_base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--path", type=Path, required=True, help="folder of a Hugging Face causal LM with its tokenizer"
    )
    parser.add_argument(
        "--controllers", type=Path, nargs="*", default=[], help="folders of LLaMAs that PCMs begin from"
    )
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: pad_token")
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    args = parser.parse_args()
    check_space(verified(args.path), args.out.parent)
    params = args.settings | {"path": args.path.as_posix()}
    with write(
        args.out, stage="import_base", params=params, seeds={}, inputs=[args.path, *map(verified, args.controllers)]
    ) as tmp:
        import_base(args.path, args.settings["pad_token"], args.controllers, tmp)


if __name__ == "__main__":
    run(main)
