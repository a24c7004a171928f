"""Download a model of the Hugging Face Hub at a pinned commit."""

import argparse
import json
from pathlib import Path

from mope.data.hub import download_model
from mope.provenance.artifact import write
from mope.runtime.cli import run
from mope.training.classifier_folder import check_classifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="JSON: id, revision; of a judge's model labels"
    )
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    args = parser.parse_args()
    s = args.settings
    with write(args.out, stage="download_model", params=s, seeds={}) as tmp:
        download_model(s["id"], s["revision"], tmp)
        for label in s.get("labels", []):
            check_classifier(tmp, label)


if __name__ == "__main__":
    run(main)
