"""Write the page of a human study and its key (which the raters must not see)."""

import argparse
import json
from pathlib import Path

from mope.data.tables import write_csv
from mope.judging.human_study import draw_study, study_page
from mope.judging.verdicts import read_responses
from mope.preferences import load_preferences
from mope.provenance.artifact import write
from mope.runtime.cli import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", nargs="+", type=Path, required=True, help="<set>/<method>.parquet of one set")
    parser.add_argument("--preferences", type=Path, required=True, help="preferences.yaml")
    parser.add_argument("--settings", type=json.loads, required=True, help="methods, pairs, preferences, seed")
    parser.add_argument("--page", type=Path, required=True, help="HTML file for the raters")
    parser.add_argument("--key", type=Path, required=True, help="CSV file that tells which answer is whose")
    args = parser.parse_args()
    s = args.settings
    ((_, responses),) = read_responses(args.responses).items()
    texts = load_preferences(args.preferences, s["preferences"]).texts
    focus, *rivals = s["methods"]
    items, key = draw_study(responses, focus, rivals, s["pairs"], texts, s["seed"])
    inputs = [*args.responses, args.preferences]
    about = {"stage": "human_study", "params": s, "seeds": {"study": s["seed"]}, "inputs": inputs}
    with write(args.key, **about) as tmp:
        write_csv(key, tmp)
    with write(args.page, **about) as tmp:
        tmp.write_text(study_page(items))


if __name__ == "__main__":
    run(main)
