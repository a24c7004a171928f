"""List all artifacts of a run with their digests in manifest.json."""

import argparse
import json
from pathlib import Path

from mope.provenance.artifact import write
from mope.provenance.manifest import build
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, e.g. results/laptop")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    manifest = build(args.run)
    with write(args.out, stage="write_manifest", params={}, seeds={}) as tmp:
        tmp.write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{args.out}: {len(manifest['artifacts'])} artifacts")


if __name__ == "__main__":
    run(main)
