"""Write the report's first page: the claims with their verdicts, and the average win rates."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from mope.data.tables import read_csv
from mope.provenance.artifact import read_meta, require, write
from mope.report.overview import overview_page, run_facts
from mope.runtime.cli import run
from mope.runtime.wall_time import wall_time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, e.g. results/laptop")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--averages", type=Path, required=True, help="average_win_rates.csv")
    parser.add_argument("--judge", required=True, help="the primary judge")
    parser.add_argument("--output", type=Path, required=True, help="overview.html")
    args = parser.parse_args()
    means = read_csv(require(args.averages))
    record = read_meta(args.claims)
    made = datetime.fromtimestamp(args.claims.stat().st_mtime, UTC).date()
    about = run_facts(
        args.run.resolve().name, made, record["git_commit"], record["git_dirty"], wall_time(args.run / "timings")
    )
    html = overview_page(json.loads(require(args.claims).read_text()), means[means["judge"] == args.judge], about)
    inputs = [args.claims, args.averages]
    with write(args.output, stage="overview", params={"judge": args.judge}, seeds={}, inputs=inputs) as tmp:
        tmp.write_text(html)


if __name__ == "__main__":
    run(main)
