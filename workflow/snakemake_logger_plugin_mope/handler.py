"""The log handler: what Snakemake tells of its jobs, in one line each."""

import os
import shutil
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from logging import LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from mope.runtime.estimate import earlier_durations, format_duration, reference_durations, seconds_left

ROUTINE = ("Building DAG", "Using shell", "Provided ", "Rules claiming", "host:", "Conda environments:", "Assuming ")
ROUTINE += ("Select jobs", "Execute ", "Complete log", "Config file ", "Shutting down", "Exiting because")
LOCKED = (
    "error: another run works on these files, or was killed; wait for its end, or if none is alive on any machine: "
    "`{} --unlock`, then the same command goes on"
)
REDRAW_S = 0.5  # of the running jobs' bars on a terminal
REPEAT_S = 60  # the same where the output goes to a file
TAIL_BYTES = 4096


@dataclass
class StartedJob:
    """A job under way."""

    rule: str
    label: str
    log: str | None
    started: float


class LogHandler(LogHandlerBase):
    """Writes to standard error; dry runs keep Snakemake's own text."""

    writes_to_stream, writes_to_file, has_filter, has_formatter, needs_rulegraph = True, False, False, False, False

    def __post_init__(self) -> None:
        self.terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.running: dict[int, StartedJob] = {}
        self.waiting: Counter[str] = Counter()
        self.durations: dict[str, list[float]] = {}
        self.done, self.total, self.busy_s, self.began = 0, 0, 0.0, time.monotonic()
        self.drawn = 0  # lines of bars now at the bottom of the terminal
        self.changes = threading.RLock()  # `emit` and the bars run in different threads
        self.closed = threading.Event()
        threading.Thread(target=self._show_bars, daemon=True).start()

    def emit(self, record: LogRecord) -> None:
        """Take notice of one event, and print what is worth a line."""
        event = getattr(record, "event", None)
        with self.changes:
            if self.common_settings.dryrun:
                if event not in (LogEvent.WORKFLOW_STARTED, LogEvent.SHELLCMD):
                    self._print(self.format(record))
            elif event is None and not str(record.msg or "").startswith(ROUTINE):
                self._print(self.format(record))
            elif event == LogEvent.RUN_INFO:
                self.waiting = Counter({rule: n for rule, n in record.stats.items() if rule != "total"})
                self.total = record.stats["total"]
                self._print(f"{self.total} jobs")
            elif event == LogEvent.JOB_INFO:
                self._start(record)
            elif event == LogEvent.JOB_FINISHED:
                self._finish(record.job_id)
            elif event == LogEvent.JOB_ERROR:
                self._fail(record)
            elif event == LogEvent.ERROR and record.exception == "LockException":
                self._print(LOCKED.format(Path(sys.executable).parent / "snakemake"))
            elif event == LogEvent.ERROR and record.exception != "RuleException":  # that one repeats the failed command
                self._print(self.format(record))

    def close(self) -> None:
        """Remove the bars."""
        self.closed.set()
        with self.changes:
            self._erase()
        super().close()

    def _start(self, record: LogRecord) -> None:
        if record.benchmark and not self.durations:
            folder = Path(record.benchmark).parent
            self.durations = earlier_durations(folder) or reference_durations(folder.parent)
        label = " ".join([record.rule_name, *map(str, dict(record.wildcards or {}).values())])
        log = record.log[0] if record.log else None
        self.running[record.jobid] = StartedJob(record.rule_name, label, log, time.monotonic())
        self.waiting[record.rule_name] -= 1

    def _finish(self, jobid: int) -> None:
        job = self.running.pop(jobid, None)
        self.done += 1
        if job is None or job.log is None:  # a rule that only collects files
            return
        seconds = time.monotonic() - job.started
        self.busy_s += seconds
        self.durations.setdefault(job.rule, []).append(seconds)
        left = self._left()
        outlook = f", about {format_duration(left)} left" if left and left >= 1 else ""
        self._print(f"[{self.done}/{self.total}] {job.label} done in {format_duration(seconds)}{outlook}")

    def _fail(self, record: LogRecord) -> None:
        job = self.running.pop(record.jobid, None)
        label, log = (job.label, job.log) if job else (record.rule_name, None)
        self._print(f"FAILED {label}: {last_line(log) or 'no message'}" + (f" (log: {log})" if log else ""))

    def _left(self) -> float | None:
        now = time.monotonic()
        running = [(job.rule, now - job.started) for job in self.running.values()]
        busy = self.busy_s + sum(elapsed for _, elapsed in running)
        waiting = Counter({rule: n for rule, n in self.waiting.items() if rule != "all"})
        return seconds_left(waiting, running, self.durations, busy / max(now - self.began, 1e-3))

    def _show_bars(self) -> None:
        while not self.closed.wait(REDRAW_S if self.terminal else REPEAT_S):
            with self.changes:
                bars = [f"{job.label}: {last_line(job.log) or 'running'}" for job in self.running.values()]
                if not self.terminal:
                    sys.stderr.writelines(f"  {bar}\n" for bar in bars)
                    continue
                self._erase()
                width = shutil.get_terminal_size().columns - 1
                sys.stderr.writelines(f"{bar[:width]}\n" for bar in bars)
                sys.stderr.flush()
                self.drawn = len(bars)

    def _print(self, text: str) -> None:
        if text and text != "None":
            self._erase()
            print(text, file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self.drawn:
            sys.stderr.write(f"\033[{self.drawn}F\033[J")  # cursor up, clear to the end of the screen
            self.drawn = 0


def last_line(log: str | None) -> str:
    """The last line of a log file; a progress bar, which overwrites itself, counts as it stands now."""
    if not log or not Path(log).is_file():
        return ""
    with open(log, "rb") as stream:
        stream.seek(max(0, os.path.getsize(log) - TAIL_BYTES))
        text = stream.read().decode(errors="replace")
    return next((line.strip() for line in reversed(text.replace("\r", "\n").split("\n")) if line.strip()), "")
