"""A program in a pseudo-terminal, as a person uses it."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path


class Terminal:
    """`command` with a terminal of its own; `text` is all that it has shown so far."""

    def __init__(self, command: list, cwd: Path, env: Mapping[str, str]):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that a typed Ctrl-C is a signal
        )
        os.close(slave)
        self.text, self.seen = "", 0

    def type(self, keys: str) -> None:
        """Press keys; "\\x03" is Ctrl-C, "\\x04" is Ctrl-D."""
        os.write(self.master, keys.encode())

    def until(self, wanted: str, seconds: float = 300) -> str:
        """Wait for `wanted` after what was last waited for; the text up to its end."""
        end = time.monotonic() + seconds
        while (place := self.text.find(wanted, self.seen)) < 0:
            if not self._read(end):
                raise AssertionError(f"{wanted!r} is not in what was shown: {self.text[self.seen :]!r}")
        found, self.seen = self.text[self.seen : place + len(wanted)], place + len(wanted)
        return found

    def ended(self, seconds: float = 300) -> int:
        """Wait for the program's end; its exit status."""
        end = time.monotonic() + seconds
        while self._read(end):
            pass
        return self.process.wait(timeout=max(60.0, end - time.monotonic()))  # it may be long in leaving

    def close(self) -> None:
        """End what is still running."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def _read(self, end: float) -> bool:
        """Take up what is shown next; False at the end of the program or of the time."""
        if not select.select([self.master], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            shown = os.read(self.master, 65536)
        except OSError:  # the program has gone
            return False
        self.text += shown.decode(errors="replace")
        return bool(shown)
