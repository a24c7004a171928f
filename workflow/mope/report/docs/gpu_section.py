"""The part of docs/costs.md about models of 7 B on a GPU, from the JSON file of `make gpu-check`."""

import json
from collections.abc import Iterator
from pathlib import Path

from mope.report.docs.markdown import markdown_table
from mope.report.docs.reference_runs import GPU_CHECK, commit_of

LAUNCHED_APART = "one by one"  # how kernels are launched where a record does not say
PLANNED_STEPS = ("controller", "reward", "expert")


def gpu_section(reference: Path) -> Iterator[str]:
    """Machine, decoding, training and equality with the CPU; nothing where the reference has no GPU check."""
    file = reference / GPU_CHECK
    if not file.is_file():
        return
    steps = json.loads(file.read_text(encoding="utf-8"))
    records = {name: step.get("records", []) for name, step in steps.items()}
    yield "## Models of 7 B on a GPU"
    yield f"`make gpu-check`, commit `{commit_of(file)}`. {machine_sentence(records.get('machine', []))}"
    decoding = [*records.get("decoding", []), *records.get("graphs", []), *records.get("compiled", [])]
    if decoding:
        yield (
            "A decoding step with three experts for each request. Each cell: milliseconds (median); times a single "
            "model's step in the same way of launching kernels; share of the memory-bandwidth floor; peak memory."
        )
        yield launched_table(decoding)
    planned = [record for name in PLANNED_STEPS for record in records.get(name, [])]
    if planned:
        yield "A step of every training: seconds, peak memory, and the ratio of the planned memory (`make plan`) to it."
        yield planned_table(planned)
    for record in records.get("equality", []):
        yield equality_sentence(record)
    left = [[f"`{name}`", step["status"], step.get("reason", "")] for name, step in steps.items() if not_done(step)]
    if left:
        yield "Not measured, or not wholly:"
        yield markdown_table(["step", "", "why"], left)


def not_done(step: dict) -> bool:
    """Whether a step did not come to its end."""
    return step["status"] != "done"


def machine_sentence(records: list[dict]) -> str:
    """The device and the versions."""
    if not records:
        return "The machine is not known."
    [found] = records
    versions = f"torch {found['torch']}, transformers {found['transformers']}, peft {found['peft']}"
    memory = "" if found["memory_mb"] is None else f" ({found['memory_mb'] / 1024:.0f} GB)"
    cuda = "" if found["cuda"] is None else f", CUDA {found['cuda']}"
    return f"On {found['device']}{memory}, {versions}{cuda}; models `{found['shape']}` of random weights."


def launched_table(records: list[dict]) -> str:
    """Milliseconds of each system by number of requests, and how its kernels were launched."""
    counts = sorted({record["requests"] for record in records})
    cells: dict[tuple[str, str], dict[int, str]] = {}
    for record in records:
        text = (
            f"{record['ms_per_step']:.1f} ms, {record['ratio_to_single']:.2f}x, {record['floor_ratio']:.2f}, "
            f"{record['peak_memory_mb'] / 1024:.1f} GB"
        )
        cells.setdefault((record["system"], record.get("way", LAUNCHED_APART)), {})[record["requests"]] = text
    rows = [[f"`{system}`", way, *(found.get(n, "") for n in counts)] for (system, way), found in cells.items()]
    return markdown_table(["system", "kernels", *(f"{n} request{'s' if n > 1 else ''}" for n in counts)], rows)


def planned_table(records: list[dict]) -> str:
    """Seconds and memory of each stage beside its plan."""
    rows = []
    for record in records:
        parts = [record.get(f"{part}_s") for part in ("rollout", "scoring", "update")]
        seconds = record["seconds"] if "seconds" in record else sum(parts)
        adapters = str(record.get("adapters", record.get("experts", "")))
        peak = f"{record['peak_memory_mb'] / 1024:.1f} GB"
        rows.append(
            [f"`{record['stage']}`", adapters, f"{seconds:.1f}", peak, f"{record['planned_over_measured']:.2f}"]
        )
    return markdown_table(["stage", "adapters on one base", "seconds", "peak memory", "plan over it"], rows)


def equality_sentence(record: dict) -> str:
    """How many greedy answers are those of the CPU."""
    return (
        f"Greedy answers in float32 of `{record['model']}` on {record['device']}: {record['equal']} of "
        f"{record['answers']} are those of the CPU; log-probabilities differ by at most "
        f"{record['largest_difference']:.1e}."
    )
