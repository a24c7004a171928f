"""Which runs are alive in a folder of work, and what a killed one leaves there.

Snakemake lists the files that a run works on in `.snakemake/locks`. After a kill the lists stay, and it refuses every
further run, for it does not know who wrote them. So each run also holds a shared lock on `.snakemake/alive`, which the
system takes back however the run ends: who gets that file alone knows that no other run is alive.
"""

import contextlib
import errno
import fcntl
from pathlib import Path
from typing import IO

ALIVE = ".snakemake/alive"
LISTS = ".snakemake/locks"
_held: list[IO] = []  # open while the process lives


def join_runs(folder: Path) -> None:
    """Count this process among the runs that are alive in `folder`, until its end.

    Nothing happens where the folder cannot be written, which Snakemake will say, or where the file system has no locks:
    there `unlock` gets none either.
    """
    if not _held:
        with contextlib.suppress(OSError):
            stream = _opened(folder)
            fcntl.lockf(stream, fcntl.LOCK_SH)
            _held.append(stream)


def unlock(folder: Path) -> bool:
    """Remove the lists of killed runs in `folder`, unless a run is alive there; whether there were any.

    Where the file system has no locks nobody knows, and they stay.
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
