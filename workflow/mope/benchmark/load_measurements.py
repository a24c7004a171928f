"""What a server does under load: tokens per second, time to first token, memory; by Locust's clients."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mope.benchmark.server_process import ServerProcess
from mope.errors import MopeError

CLIENTS_FILE = Path(__file__).with_name("load_clients.py")
LONGEST_ANSWER = 600  # seconds for which the clients finish their last answers
EVERY = 5.0  # seconds between two looks at the memory


def locust_command(server: ServerProcess, clients: int, seconds: float, out: Path) -> list[str]:
    """Locust without its page, which writes `out`.json."""
    # All clients at once; at the end each finishes its answer.
    return [
        *(sys.executable, "-m", "locust", "--headless", "--skip-log-setup", "--json-file", str(out)),
        *("--locustfile", str(CLIENTS_FILE), "--host", server.url, "--users", str(clients)),
        *("--spawn-rate", str(clients), "--run-time", f"{seconds:g}s", "--stop-timeout", str(LONGEST_ANSWER)),
    ]


def start_clients(server: ServerProcess, settings: dict, clients: int, seconds: float, out: Path) -> subprocess.Popen:
    """Locust under way; `settings` as in `load_clients`."""
    environment = os.environ | {"LOAD_SETTINGS": json.dumps(settings)}
    command = locust_command(server, clients, seconds, out)
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def under_load(server: ServerProcess, settings: dict, clients: int, seconds: float) -> dict:
    """One record: rates and times of all answers begun within `seconds`, and the server's memory; or `MopeError`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "locust"
        running, memory = start_clients(server, settings, clients, seconds, out), []
        with tqdm(total=round(seconds), unit="s", desc=f"{clients} clients", leave=False) as bar:
            began = time.monotonic()
            while running.poll() is None:
                memory.append((round(time.monotonic() - began, 1), round(server.megabytes(), 1)))
                bar.update(min(bar.total, round(memory[-1][0])) - bar.n)
                try:
                    running.wait(timeout=EVERY)
                except subprocess.TimeoutExpired:
                    continue
        written = out.with_suffix(".json")
        if not written.is_file():
            raise MopeError(f"locust wrote no measurements: {running.stderr.read().strip()[-500:]}")
        return {"clients": clients, **rates_and_times(json.loads(written.read_text())), "memory_mb": memory}


def rates_and_times(entries: list[dict]) -> dict:
    """The rates and times of Locust's entries, in seconds; `MopeError` where there is no answer."""
    by_name = {entry["name"]: entry for entry in entries}
    answers, first = by_name.get("answer"), by_name.get("first token")
    if answers is None:
        raise MopeError("locust reports no answer; a longer time is expected")
    seconds = answers["last_request_timestamp"] - by_name["start"]["start_time"]
    whole = answers["num_requests"] - answers["num_failures"]
    return {
        "answers": whole,
        "failures": answers["num_failures"],
        "seconds": round(seconds, 2),
        "tokens": answers["total_content_length"],
        "tokens_per_second": round(answers["total_content_length"] / seconds, 2),
        "first_token_s": percentiles(first["response_times"]) if first else None,
        "answer_s": percentiles(answers["response_times"]),
    }


def percentiles(counts: dict[str, int]) -> dict[str, float]:
    """Median and 95th percentile, in seconds, of Locust's counts by milliseconds (which it rounds to two digits)."""
    times = np.array([float(time) for time in counts]) / 1000
    spread = np.repeat(times, list(counts.values()))
    return {f"p{q}": round(float(np.percentile(spread, q)), 4) for q in (50, 95)}


def growth(memory: list[tuple[float, float]]) -> dict[str, float]:
    """Median memory (MB) in the second and in the last tenth of the time: the first tenth is warming up.

    `MopeError` for fewer than 20 measurements.
    """
    sizes = np.array([size for _, size in memory])
    if len(sizes) < 20:
        raise MopeError(f"{len(sizes)} looks at the memory found, at least 20 are expected; soak longer")
    tenth = len(sizes) // 10
    early, late = float(np.median(sizes[tenth : 2 * tenth])), float(np.median(sizes[-tenth:]))
    return {"early_mb": round(early, 1), "late_mb": round(late, 1), "growth_mb": round(late - early, 1)}


def after_kills(server: ServerProcess, settings: dict, clients: int, times: int, seconds: float) -> Iterator[dict]:
    """Kills all clients mid-answer (`kill -9`), `times` times; gives the requests running then and `seconds` later."""
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            running = start_clients(server, settings, clients, 3600, Path(folder) / "locust")
            busy = until(server, lambda counts: 2 * counts["running"] > clients, 120)
            running.kill()
            running.communicate()
        left = until(server, lambda counts: counts["running"] + counts["waiting"] == 0, seconds)
        yield {"running_at_kill": busy["running"], "left": left["running"] + left["waiting"]}


def until(server: ServerProcess, wanted, seconds: float) -> dict[str, int]:
    """The server's counts of running and waiting requests once `wanted(counts)`, or after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        lines = server.text("/metrics").splitlines()
        counts = {name: int(value(lines, f"mope_requests_{name}")) for name in ("running", "waiting")}
        if wanted(counts) or time.monotonic() > end:
            return counts
        time.sleep(0.2)


def value(lines: list[str], name: str) -> float:
    """The value of a metric without labels."""
    return next(float(line.split()[1]) for line in lines if line.split()[0] == name)
