"""The section on a served run says what was measured, and nothing where nothing was."""

import json
from pathlib import Path

from mope.report.docs.load_section import load_sections
from mope.report.docs.reference_runs import ReferenceRun


def under(clients: int, rate: float, first: dict | None) -> dict:
    memory = [[0.0, 400.0], [5.0, 512.3]]
    found = {"clients": clients, "answers": 30, "failures": 1, "tokens_per_second": rate, "first_token_s": first}
    return found | {"answer_s": {"p50": 1.25, "p95": 2.5}, "memory_mb": memory}


def run(folder: Path) -> ReferenceRun:
    return ReferenceRun(name="laptop", folder=folder, tables={}, claims=[], timings=None, commit="", figures=[])


def test_the_tables_and_the_ratios(tmp_path: Path) -> None:
    assert list(load_sections([run(tmp_path)])) == []
    first = {"p50": 0.125, "p95": 0.5}
    systems = {
        "mope": [under(1, 50.0, first), under(8, 300.0, first)],
        "base": [under(8, 200.0, first)],
        "merging": [under(8, 100.0, None)],
    }
    measured = {"processors": 2, "threads": 2, "seconds": 60.0, "systems": systems}
    (tmp_path / "benchmarks").mkdir()
    file = tmp_path / "benchmarks/load.json"
    file.write_text(json.dumps(measured))
    heading, about, _, table = load_sections([run(tmp_path)])
    assert heading == "## A served run under load: `laptop`" and "on 2 processors, 2 threads" in about
    assert "With 8 clients `mope` gives 1.50 times those of `base`, 3.00 times those of `merging`" in about
    assert table.splitlines()[3] == "| `mope` | 8 | 30 | 1 | 300 | 0.12 / 0.50 | 1.25 / 2.50 | 512 |"
    assert table.splitlines()[-1] == "| `merging` | 8 | 30 | 1 | 100 |  | 1.25 / 2.50 | 512 |"
    soak = under(32, 300.0, first) | {"seconds": 1200.0, "early_mb": 500.0, "late_mb": 503.0, "growth_mb": 3.0}
    kills = [{"running_at_kill": 20, "left": 0}, {"running_at_kill": 24, "left": 0}]
    file.write_text(json.dumps(measured | {"soak": soak, "kills": kills}))
    *_, long, killed = load_sections([run(tmp_path)])
    assert long.startswith("20 minutes of 32 clients: 30 answers, 1 failures; memory 500 MB") and "(+3 MB)" in long
    assert "2 times: 20, 24 requests were running, 0, 0 were left" in killed
