"""GPUs for processes that share a machine: Snakemake hands out counts, not devices.

`MOPE_GPUS=0,1 make results` lets the jobs of one machine take turns on devices 0 and 1. A cluster's scheduler does this
itself: leave it unset there.
"""

import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO

from mope.errors import MopeError

VARIABLE = "MOPE_GPUS"
_held: list[IO] = []  # open while the process lives: the locks go with it, however it ends


def take_gpus(count: int = 1, folder: Path | None = None) -> list[str] | None:
    """Wait for free devices of `MOPE_GPUS` and make them all that CUDA sees; None if the variable is not set.

    To be called before CUDA is first used. The locks lie in `folder`, which all processes must share.
    """
    listed = os.environ.get(VARIABLE)
    if not listed:
        return None
    devices = [device.strip() for device in listed.split(",")]
    if not all(devices) or len(set(devices)) < len(devices):
        raise MopeError(f"{VARIABLE}: {listed!r} found, different devices such as 0,1 are expected")
    if len(devices) < count:
        raise MopeError(f"{VARIABLE}: {listed!r} found, at least {count} devices are expected for one job")
    folder = folder or Path(tempfile.gettempdir()) / f"mope-gpus-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    taken: list[str] = []
    with (folder / "turn.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # one process waits at a time, or two that need several could wait for ever
        while True:
            for device in devices:
                if len(taken) < count and device not in taken and _lock(folder / f"{device.replace('/', '_')}.lock"):
                    taken.append(device)
            if len(taken) == count:
                os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(taken)
                return taken
            time.sleep(0.5)


def _lock(path: Path) -> bool:
    """Whether the file was free; it is held from now on."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _held.append(lock)
    return True
