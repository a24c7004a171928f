"""One GPU for each process, where several processes share a machine: Snakemake hands out counts, not devices.

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
_held: list[IO] = []  # open while the process lives: the lock goes with it, however it ends


def take_gpu(folder: Path | None = None) -> str | None:
    """Wait for a free device of `MOPE_GPUS` and make it the only one that CUDA sees; None if the variable is not set.

    To be called before CUDA is first used. The locks lie in `folder`, which all processes must share.
    """
    listed = os.environ.get(VARIABLE)
    if not listed:
        return None
    devices = [device.strip() for device in listed.split(",")]
    if not all(devices) or len(set(devices)) < len(devices):
        raise MopeError(f"{VARIABLE}: {listed!r} found, different devices such as 0,1 are expected")
    folder = folder or Path(tempfile.gettempdir()) / f"mope-gpus-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    while True:
        for device in devices:
            lock = (folder / f"{device.replace('/', '_')}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            _held.append(lock)
            os.environ["CUDA_VISIBLE_DEVICES"] = device
            return device
        time.sleep(0.5)
