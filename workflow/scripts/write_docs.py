"""Write the numbers of README.md and the generated pages of docs/ from results/reference and the configuration."""

import argparse
from pathlib import Path

from mope.report.docs.all_pages import generated_pages
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("."), help="folder of the project")
    args = parser.parse_args()
    for file, text in generated_pages(args.root).items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
