"""Take a causal LM of the user's as the base model."""

import argparse
from pathlib import Path

from mope.cli import run
from mope.provenance.artifact import write
from mope.training.imported import import_base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--path", type=Path, required=True, help="folder of a Hugging Face causal LM with its tokenizer"
    )
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    args = parser.parse_args()
    with write(args.out, stage="import_base", params={"path": str(args.path)}, seeds={}) as tmp:
        import_base(args.path, tmp)


if __name__ == "__main__":
    run(main)
