"""Download a file of a data set of the Hugging Face Hub at a pinned commit."""

import argparse
import json
from pathlib import Path

from mope.data.hub import download_file
from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON: hub, revision, file")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    s = args.settings
    with write(args.out, stage="download_prompts", params=s, seeds={}) as tmp:
        download_file(s["hub"], s["revision"], s["file"], tmp)


if __name__ == "__main__":
    run(main)
