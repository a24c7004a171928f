"""Copy the small results of a verified run, their records and the seconds per rule to results/reference."""

import argparse
import hashlib
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from statistics import mean

import pandas as pd

from mope.config.study_files import read_studies
from mope.errors import MopeError
from mope.provenance.artifact import meta_path, require
from mope.report.docs.reference_runs import GPU_CHECK, TESTS, WHOLE_RUN
from mope.report.docs.stage_times import STAGE_TIMES, stage_times
from mope.report.docs.studies_page import only_in_studies
from mope.report.figures.style import write_figure
from mope.runtime.cli import run
from mope.runtime.estimate import durations_of
from mope.runtime.wall_time import timed_jobs, wall_time

PROJECT_ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ["benchmarks/decoding.json", "benchmarks/training.json", "benchmarks/load.json"]
KEPT_OF_MAIN = [
    "tables/*.csv",
    "figures/*.svg",
    "reward/*.metrics.json",
    *BENCHMARKS,
    "claims.json",
    "manifest.json",
]
KEPT_OF_FURTHER = [f"tables/{name}.csv" for name in ("average_win_rates", "overall_win_rates", "mean_rewards")]
KEPT_OF_FURTHER += ["claims.json"]
WHERE_MADE = [f"tables/{name}.csv" for name in ("generalisation", "quality", "correctness", "annotator_agreement")]
WHERE_MADE += ["tables/open_text_soundness.csv", "tables/reward_models.csv", "figures/training_curves.svg"]
WHERE_MADE += ["tables/temperatures.csv", "tables/temperature_win_rates.csv"]
WHERE_MADE += ["tables/fronts.csv", "tables/front_points.csv", "figures/weight_fronts.svg"]
WHERE_MADE += ["figures/variants.svg", "figures/reward_fronts.svg", "benchmarks/decoding.json"]
WHERE_MADE += ["benchmarks/load.json"]
KEPT_OF_SWEEPS = ["tables/mean_rewards.csv"]  # settings are chosen by rewards, never by win rates
OF_STUDY = [f"tables/{name}.csv" for name in ("average_win_rates", "average_differences", "overall_win_rates")]
OF_STUDY += ["tables/mean_rewards.csv"]  # no claims: they are made of the run that a study varies or repeats
FURTHER = "runs"  # where the results of further runs are, beside those of the main one
COLUMNS = "run,rule,seconds,peak_memory_mb,jobs"


def compact_record(record: dict) -> dict:
    """The record with one entry for each folder that holds several of its inputs, to keep the reference small.

    The entry's digest is the SHA-256 of one line "file digest" per input. A record of a table of win rates would else
    name every file of judgments.
    """
    folders: dict[Path, dict[str, str]] = {}
    for path, digest in sorted(record["inputs"].items()):
        folders.setdefault(Path(path).parent, {})[path] = digest
    inputs = {}
    for folder, files in folders.items():
        lines = "".join(f"{Path(path).name} {digest}\n" for path, digest in files.items())
        joined = {f"{folder}/ ({len(files)} files)": hashlib.sha256(lines.encode()).hexdigest()}
        inputs |= joined if len(files) > 1 else files
    return record | {"inputs": inputs}


def patterns(run: str, further: bool) -> list[str]:
    """Patterns of the files of a run of which the reference has copies."""
    if not further:
        return KEPT_OF_MAIN
    if run in only_in_studies(read_studies(PROJECT_ROOT)):
        return OF_STUDY
    return KEPT_OF_SWEEPS if run.endswith("sweep") else [*KEPT_OF_FURTHER, *WHERE_MADE]


def own_records(run: Path) -> dict[Path, dict]:
    """Path -> record of the artifacts that this run's jobs made, without those that other runs have added.

    An artifact is this run's if there is a timing of its job: timings are named by the rule and its wildcards, which
    are parts of the artifact's path. So is an artifact of a stage after which no rule is named.
    """
    jobs: dict[str, list[list[str]]] = {}
    for file in run.glob("timings/*.tsv"):
        rule, *wildcards = file.stem.split(".")
        jobs.setdefault(rule, []).append(wildcards)
    records = {}
    for path in run.rglob("*.meta.json"):
        record, parts = json.loads(path.read_text()), {part.split(".")[0] for part in path.relative_to(run).parts}
        if any(parts.issuperset(wildcards) for wildcards in jobs.get(record["stage"], [[]])):
            records[path] = record
    return records


def peak_memory(run: Path, records: dict[Path, dict]) -> dict[str, float]:
    """Rule -> peak memory in MB, the largest of all its jobs.

    It is what the stage has recorded, where rule and stage have the same name; else, as for a rule that runs another
    rule's script, what Snakemake has sampled.
    """
    sampled: dict[str, float] = {}
    for path in run.glob("timings/*.tsv"):
        rule, found = path.name.split(".")[0], pd.to_numeric(pd.read_csv(path, sep="\t").max_rss, errors="coerce").max()
        sampled[rule] = max(found, sampled.get(rule, 0.0))
    peaks: dict[str, float] = {}
    for record in records.values():
        peaks[record["stage"]] = max(record["peak_memory_mb"], peaks.get(record["stage"], 0.0))
    return sampled | peaks


def timings(run: Path, records: dict[Path, dict]) -> list[str]:
    """Lines of timings.csv: every rule, and the whole run."""
    durations = durations_of(timed_jobs(run / "timings"))
    peaks = peak_memory(run, records)
    peaks[WHOLE_RUN] = max(peaks[rule] for rule in durations)
    durations[WHOLE_RUN] = [wall_time(run / "timings")]
    return [f"{run.name},{rule},{mean(s):.1f},{peaks[rule]:.0f},{len(s)}" for rule, s in durations.items()]


def tests_of(report: Path) -> dict:
    """How many tests `make test` ran, and the seconds it took, from its JUnit report."""
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    return {"tests": sum(int(s.get("tests")) for s in suites), "seconds": sum(float(s.get("time")) for s in suites)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run, e.g. results/laptop")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--further", action="store_true", help="a run beside the main one, of which less is kept")
    parser.add_argument("--tests", type=Path, help="JUnit report of `make test`, whose time is kept")
    args = parser.parse_args()
    records, files = own_records(args.run), []
    for pattern in patterns(args.run.name, args.further):
        whole = map(require, sorted(args.run.glob(pattern)))
        found = [path for path in whole if meta_path(path) in records]
        if not found and pattern not in (*WHERE_MADE, *BENCHMARKS):
            raise MopeError(f"{args.run}: no {pattern} found; finish `make results` first")
        files += found
    stay = {FURTHER, GPU_CHECK, f"{GPU_CHECK}.meta.json", "benchmarks"}
    missing = [name for name in BENCHMARKS if args.run / name not in files]
    if missing and not args.further:
        print(f"{args.run}: no {', '.join(missing)}; those of the reference stay, with their records")
    out = args.out / FURTHER / args.run.name if args.further else args.out
    for old in out.glob("*"):
        if old.name not in stay:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for file in files:
        target = out / file.relative_to(args.run)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        text = json.dumps(compact_record(records[meta_path(file)]), indent=1, sort_keys=True)
        meta_path(target).write_text(text + "\n")
    times = out / "timings.csv"
    times.write_text("\n".join([COLUMNS, *timings(args.run, records)]) + "\n")
    if "claims.json" in patterns(args.run.name, args.further):
        write_figure(stage_times(pd.read_csv(times)), [out / STAGE_TIMES], stage="copy_reference", inputs=[times])
    if args.tests:
        (out / TESTS).write_text(json.dumps(tests_of(args.tests), indent=1) + "\n")
    print(f"{out}: {len(files)} files, {sum(file.stat().st_size for file in files) // 1024} KB")


if __name__ == "__main__":
    run(main)
