"""One writer for each output: if two processes try to write the same artifact, the second is refused.

The lock is a POSIX record lock on `.<name>.lock` beside the output. The system releases it however a process ends, so
no lock is left behind. According to their documentation, such locks also work between the machines of a cluster on NFS
4, NFS 3 with its lock service, GPFS, and Lustre mounted with `flock`; they were tested on local disks only. Where a
file system has no locks, a line in the job's log says so, and the times at which the writers began decide which
artifact stays (`mope.provenance.artifact.write`).
"""

import contextlib
import errno
import fcntl
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mope.errors import MopeError

TAKEN = (errno.EACCES, errno.EAGAIN)
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # errors of file systems without locks
_held: set[Path] = set()  # outputs that this process has locked; it may lock them again


@contextlib.contextmanager
def only_writer(output: Path) -> Iterator[None]:
    """Lock `output` for this process until the block ends.

    `MopeError` where another process, which it names, holds the lock, or where the folder cannot be written.
    """
    path = output.absolute()
    if path in _held:
        yield
        return
    file = path.with_name(f".{path.name}.lock")
    stream = _take(file, output)
    _held.add(path)
    try:
        yield
    finally:
        _held.discard(path)
        # Before the release: a process that has opened this file sees that it is gone, and opens a new one.
        file.unlink(missing_ok=True)
        stream.close()


def _take(file: Path, output: Path) -> IO[str]:
    """Open and lock the lock file; `MopeError` where another process holds it."""
    while True:
        stream = _opened(file)
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in NO_LOCKS:
                print(f"{file.parent}: this file system has no locks ({error.strerror})", flush=True)
                return stream
            stream.seek(0)
            owner = stream.read() or "another process"
            stream.close()
            if error.errno in TAKEN:
                advice = "wait for its end, or end it; then the same command goes on"
                raise MopeError(f"{output}: {owner} is writing it; {advice}") from None
            raise
        if file.exists() and os.path.samestat(os.fstat(stream.fileno()), file.stat()):
            stream.truncate(0)
            stream.write(f"process {os.getpid()} on {platform.node()}")
            stream.flush()
            return stream
        stream.close()


def _opened(file: Path) -> IO[str]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("a+")
    except OSError as error:
        if error.errno in READ_ONLY:
            found = f"{file.parent}: cannot be written ({error.strerror})"
            raise MopeError(f"{found}; a folder that this user may write to is expected") from None
        raise
