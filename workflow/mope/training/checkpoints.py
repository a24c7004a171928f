"""Checkpoints of long training: complete or absent, used only by the same training, removed when it has finished."""

import contextlib
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from accelerate import PartialState
from accelerate.utils import gather_object

from mope.errors import MopeError, Stopped
from mope.provenance.artifact import identity, meta_path, remove, require, write
from mope.provenance.output_lock import only_writer
from mope.runtime.processes import is_first, launched

SIGNALS = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Checkpoints:
    """The checkpoints of one training: folders `step-<n>` below `folder`, of which the last complete one is kept."""

    def __init__(self, folder: Path, minutes: float):
        """A checkpoint is due every `minutes` minutes (0: after each step), and after a signal to stop."""
        self.folder, self.minutes = folder, minutes
        self.work = folder / "unfinished"
        self.asked: str | None = None  # the signal that this process has received
        self.agreed: str | None = None  # a signal received by any process, on which all of them have agreed in `due`
        self._last = time.monotonic()
        self._handlers: dict[int, object] = {}

    def latest(self) -> tuple[int, Path] | None:
        """Step and folder of the last complete checkpoint, whose digests are verified; None if there is none.

        Damaged checkpoints are removed.
        """
        for path in sorted(self.folder.glob("step-?????????"), reverse=True):
            try:
                return int(path.name.removeprefix("step-")), require(path)
            except MopeError as error:
                print(f"checkpoint passed over: {error}", flush=True)
                self._remove(path)
        return None

    def due(self) -> bool:
        """Whether to call `save` now; all processes of a training get the same answer: yes if any has a reason."""
        votes = gather_object([(self.asked, time.monotonic() - self._last >= 60 * self.minutes)])
        # Not from `self.asked`: a signal that came during the exchange would be known to this process alone.
        self.agreed = next((asked for asked, _ in votes if asked), None)
        return self.agreed is not None or any(late for _, late in votes)

    @contextlib.contextmanager
    def save(self, step: int) -> Iterator[Path]:
        """Yield a path at which the caller makes the folder of step `step`; then raises `Stopped` after a signal."""
        path = self.folder / f"step-{step:09d}"
        with write(path, stage="checkpoint", params={"step": step}, seeds={}) as temporary:
            yield temporary
        for old in self.folder.glob("step-?????????"):
            if old != path:
                self._remove(old)
        PartialState().wait_for_everyone()  # the first process to stop ends the others, so wait until it is saved
        self._last = time.monotonic()
        if self.agreed:
            raise Stopped(f"{self.agreed} received, step {step} is saved; the same command goes on from there")

    def listen(self) -> None:
        """From now on the first signal to stop asks for a checkpoint; a second one has its former effect."""
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
                self._handlers[number] = signal.signal(number, self._ask)

    def ignore(self) -> None:
        """Undo `listen`: signals have their former effects again."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: object) -> None:
        self.asked = signal.Signals(number).name
        if not launched():  # the launcher may forward a signal that this process has already received itself
            signal.signal(number, self._handlers[number])

    def _remove(self, path: Path) -> None:
        if is_first():
            remove(meta_path(path))  # first, so that a half-removed folder never looks complete
            remove(path)


@contextlib.contextmanager
def checkpoints(out: Path, record: dict, inputs: Iterable[Path], minutes: float) -> Iterator[Checkpoints]:
    """The checkpoints of the stage that makes the artifact `out` from `inputs`; `record` holds stage, params and seeds.

    They lie in a hidden folder beside `out`, which Snakemake does not know and so does not delete with the outputs of a
    failed job. Checkpoints of other parameters, code or inputs are removed at once, and all others at the end.
    `MopeError` where another process is making `out`; its checkpoints stay.
    """
    with only_writer(out) if is_first() else contextlib.nullcontext():
        yield from _checkpoints(out, record, inputs, minutes)


def _checkpoints(out: Path, record: dict, inputs: Iterable[Path], minutes: float) -> Iterator[Checkpoints]:
    root = out.with_name(f".{out.name}.checkpoints")
    folder = root / identity(**record, inputs=inputs)[:16]
    saved = Checkpoints(folder, minutes)
    if is_first():
        for other in [*root.glob("*"), saved.work]:
            if other != folder:
                remove(other)
    try:
        yield saved
    finally:
        saved.ignore()
    if is_first():
        remove(root)
