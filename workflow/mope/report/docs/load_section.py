"""The part of docs/costs.md about a served run under load, from the JSON file of `make load-test`."""

import json
from collections.abc import Iterator

from mope.report.docs.markdown import markdown_table
from mope.report.docs.reference_runs import ReferenceRun, commit_of

SERVED = {
    "mope": "`make serve`, asked for `mope`: three experts and a controller for each answer",
    "base": "the base alone behind `transformers serve`",
    "base_batched": "that with `--continuous-batching`",
    "merging": "soups merged per request, one request after the other",
}
COMPARED_CLIENTS = 8  # number of clients at which systems are compared


def load_sections(runs: list[ReferenceRun]) -> Iterator[str]:
    """Tokens per second, waiting times and memory of each served run that was measured."""
    for run in runs:
        file = run.folder / "benchmarks/load.json"
        if not file.is_file():
            continue
        measured = json.loads(file.read_text(encoding="utf-8"))
        yield f"## A served run under load: `{run.name}`"
        yield (
            f"`make load-test`, commit `{commit_of(file)}`, on {measured['processors']} processors, "
            f"{measured['threads']} threads for each server. So many clients ask for {measured['seconds']:g} seconds, "
            f"each again as soon as its answer is whole. {compared(measured['systems'])}"
        )
        yield markdown_table(["system", ""], [[f"`{name}`", SERVED[name]] for name in measured["systems"]])
        yield load_table(measured["systems"])
        yield from filter(None, [soaked(measured.get("soak")), killed(measured.get("kills"))])


def compared(systems: dict[str, list[dict]]) -> str:
    """The mixture's tokens per second over those of the other systems, with as many clients; "" without both."""
    at = {name: {r["clients"]: r["tokens_per_second"] for r in records} for name, records in systems.items()}
    own = at.get("mope", {}).get(COMPARED_CLIENTS)
    others = {
        name: rates[COMPARED_CLIENTS] for name, rates in at.items() if name != "mope" and COMPARED_CLIENTS in rates
    }
    if own is None or not others:
        return ""
    ratios = ", ".join(f"{own / rate:.2f} times those of `{name}`" for name, rate in others.items())
    return f"With {COMPARED_CLIENTS} clients `mope` gives {ratios} in tokens per second."


def load_table(systems: dict[str, list[dict]]) -> str:
    """A row for each system and number of clients."""
    rows = []
    for name, records in systems.items():
        for found in records:
            first = found["first_token_s"]
            rows.append(
                [
                    f"`{name}`",
                    str(found["clients"]),
                    str(found["answers"]),
                    str(found["failures"]),
                    f"{found['tokens_per_second']:.0f}",
                    "" if first is None else f"{first['p50']:.2f} / {first['p95']:.2f}",
                    f"{found['answer_s']['p50']:.2f} / {found['answer_s']['p95']:.2f}",
                    f"{max(size for _, size in found['memory_mb']):.0f}",
                ]
            )
    times = ["first token, s (median / 95th percentile)", "answer, s (median / 95th percentile)"]
    return markdown_table(["system", "clients", "answers", "failures", "tokens per second", *times, "memory, MB"], rows)


def soaked(found: dict | None) -> str:
    """What a long load did to the memory; "" where it was not measured."""
    if found is None:
        return ""
    return (
        f"{found['seconds'] / 60:.0f} minutes of {found['clients']} clients: {found['answers']} answers, "
        f"{found['failures']} failures; memory {found['early_mb']:.0f} MB in the second tenth of the time and "
        f"{found['late_mb']:.0f} MB in the last ({found['growth_mb']:+.0f} MB)."
    )


def killed(found: list[dict] | None) -> str:
    """What was left of requests whose clients were killed; "" where that was not measured."""
    if not found:
        return ""
    running, left = (", ".join(str(time[key]) for time in found) for key in ("running_at_kill", "left"))
    return (
        f"All clients killed in their answers, {len(found)} times: {running} requests were running, {left} were left "
        "at most a minute later."
    )
