"""Assigns GPUs to the jobs of one machine: Snakemake counts GPUs, but does not say which one a job may use.

With `MOPE_GPUS=0,1 make results` the jobs take turns on devices 0 and 1. On a cluster leave the variable unset: the
scheduler assigns the devices.
"""

import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO

from mope.errors import MopeError

VARIABLE = "MOPE_GPUS"
_held: list[IO] = []  # lock files, open until the process ends, which releases the locks in whatever way it ends


def listed_gpus(count: int) -> list[str] | None:
    """The devices that `MOPE_GPUS` lists; None if the variable is not set.

    `MopeError` where it is no list of different devices, or has fewer than the `count` that one job needs.
    """
    listed = os.environ.get(VARIABLE)
    if not listed:
        return None
    devices = [device.strip() for device in listed.split(",")]
    if not all(devices) or len(set(devices)) < len(devices):
        raise MopeError(f"{VARIABLE}: {listed!r} found, different devices such as 0,1 are expected")
    if len(devices) < count:
        raise MopeError(f"{VARIABLE}: {listed!r} found, at least {count} devices are expected for one job")
    return devices


def take_gpus(count: int = 1, folder: Path | None = None) -> list[str] | None:
    """Wait for `count` free devices of `MOPE_GPUS`, make them the only ones that CUDA sees, and return them.

    None if the variable is not set. Call it before CUDA is first used. The lock files lie in `folder`, which all
    processes must share (None: one for each user below the folder for temporary files). `MopeError` where `MOPE_GPUS`
    is no list of different devices, or has fewer than `count`.
    """
    devices = listed_gpus(count)
    if devices is None:
        return None
    folder = folder or Path(tempfile.gettempdir()) / f"mope-gpus-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    taken: list[str] = []
    with (folder / "turn.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # one process collects devices at a time: two that need several could deadlock
        while True:
            for device in devices:
                if len(taken) < count and device not in taken and _lock(folder / f"{device.replace('/', '_')}.lock"):
                    taken.append(device)
            if len(taken) == count:
                os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(taken)
                return taken
            time.sleep(0.5)


def _lock(path: Path) -> bool:
    """Lock the file until the process ends; False if another process holds it."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _held.append(lock)
    return True
