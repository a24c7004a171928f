"""Detects live runs in a working directory, and removes Snakemake's locks that killed runs have left there.

Snakemake lists the files that a run works on in `.snakemake/locks`. After a kill these lists stay, and Snakemake
refuses every further run, because it cannot tell whether their writer is alive. Therefore each run also holds a shared
lock on `.snakemake/alive`, which the system releases however the run ends. A process that can lock this file
exclusively knows that no run is alive.
"""

import contextlib
import errno
import fcntl
from pathlib import Path
from typing import IO

ALIVE = ".snakemake/alive"
LISTS = ".snakemake/locks"
_held: list[IO] = []  # the lock file, open until the process ends


def hold_run_lock(folder: Path) -> None:
    """Mark this process as a live run in `folder` until it ends.

    Does nothing where the folder cannot be written, which Snakemake itself will report, or where the file system has no
    locks, in which case `unlock` removes nothing.
    """
    if not _held:
        with contextlib.suppress(OSError):
            stream = _opened(folder)
            fcntl.lockf(stream, fcntl.LOCK_SH)
            _held.append(stream)


def unlock(folder: Path) -> bool:
    """Remove the lists of killed runs in `folder`, unless a run is alive there; returns whether any were removed.

    Where the file system has no locks it cannot be known whether a run is alive, and the lists stay.
    """
    lists = sorted((folder / LISTS).glob("*.lock"))
    if not lists:
        return False
    with _opened(folder) as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                return False
            raise
        for file in lists:
            file.unlink(missing_ok=True)
    return True


def _opened(folder: Path) -> IO[str]:
    file = folder / ALIVE
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a+")
