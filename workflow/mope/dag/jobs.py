"""The environment of jobs, the resources that they ask for, and the names of their log files."""

import os
import re
import sys
from collections.abc import Callable

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # glibc returns the memory of large tensors at once; getting zeroed pages again costs up to a third of a CPU.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # in pages of 2 MB, where the kernel gives them
}


def environment() -> dict[str, str]:
    """Variables of every job, among them a PATH whose `python` is this interpreter.

    Snakemake itself sets OMP_NUM_THREADS and its like to the threads of the job.
    """
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    return {"PATH": path, **ENVIRONMENT}


def grows(megabytes: int) -> Callable[[object, int], int]:
    """A job's memory in MB as a function of the attempt: the second gets twice as much, the third three times."""
    return lambda wildcards, attempt: megabytes * attempt


def model_job(config: dict, megabytes: int, minutes: int) -> dict:
    """Resources of a job that runs models: those of the default experiment times `jobs` of the configuration."""
    times = config["jobs"]
    return {"mem_mb": grows(round(megabytes * times["memory"])), "runtime": round(minutes * times["runtime"])}


def training_job(config: dict, stage: str, minutes: int, megabytes: int = 4000) -> dict:
    """Resources of a training on `devices.<stage>` devices, the minutes between checkpoints, and its start command.

    The last two are resources because a change of a resource, unlike one of a parameter, reruns nothing.
    """
    devices = config["devices"].get(stage, 1)
    return {
        **model_job(config, megabytes * devices, minutes),
        "checkpoint_minutes": config["checkpoint"]["minutes"],
        "launch": f"python -m mope.runtime.launch {devices}" if devices > 1 else "python",
    }


def any_of(names: object) -> str:
    """Regular expression that matches exactly these names; without names it matches nothing."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def job_name(rule: str, output: str) -> str:
    """Pattern of a job's name: its rule, and the parts of its output's path that hold wildcards.

    `job_name("train_controller", "results/x/controller/{controller}/seed{seed}")` is
    `train_controller.{controller}.seed{seed}`.
    """
    return ".".join([rule, *(part for part in re.split(r"[/.]", output) if "{" in part)])
