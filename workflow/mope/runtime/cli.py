"""How every script starts and ends, and command-line options that several scripts share."""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mope.errors import MopeError, Stopped
from mope.runtime.gpu_slot import take_gpus
from mope.runtime.processes import is_first, launched

# Importing PyTorch and Transformers creates many objects that live until the process ends. The garbage collector would
# scan them again and again, which takes a quarter of a stage's start-up time. So it is off while scripts import; `run`
# excludes the objects made until then and turns it on.
if Path(sys.argv[0]).parent.name == "scripts":  # only in the project's scripts, not where others import this module
    gc.disable()

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: the same command may succeed when it is run again


def run(main: Callable[[], None]) -> None:
    """Call `main`; `MopeError` becomes one line on standard error and exit status 2, `Stopped` one line and status 75.

    A process started by `mope.runtime.launch` hands that line to the launcher instead, and of several such processes
    only the first prints to standard output.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if sys.version_info < (3, 11):
        sys.exit(f"error: Python {sys.version.split()[0]} found, Python 3.11 or newer is needed")
    try:
        if not is_first():
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for the life of the process)
        if "torch" in sys.modules and not launched():  # the launcher has taken the GPUs for its processes
            take_gpus()
        main()
    except MopeError as error:
        _leave(f"error: {error}", 2)
    except Stopped as reason:
        _leave(f"stopped: {reason}", STOPPED)


def _leave(line: str, status: int) -> None:
    if launched():
        error = {"message": line, "timestamp": int(time.time())}
        Path(os.environ["TORCHELASTIC_ERROR_FILE"]).write_text(json.dumps(error))
    else:
        print(line, file=sys.stderr)
    sys.exit(status)


def named_path(text: str) -> tuple[str, Path]:
    """(name, path) from an option such as `--experts P1A=results/laptop/expert/P1A`, as an argparse type.

    `argparse.ArgumentTypeError` for another form.
    """
    name, found, path = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"NAME=FOLDER expected, {text!r} found")
    return name, Path(path)


def checkpoint_option(parser: argparse.ArgumentParser) -> None:
    """Add `--checkpoint-minutes`, which does not change the result."""
    help = "how often training is saved; 0: after each step"
    parser.add_argument("--checkpoint-minutes", type=float, default=15, help=help)


def settings_of(kind: type, values: dict):
    """`kind(**values)` for a dataclass of settings; `MopeError` names a missing or unknown key of --settings."""
    known = kind.__dataclass_fields__
    for key in [k for k in values if k not in known]:
        raise MopeError(f"--settings: unknown key {key!r}; expected {', '.join(known)}")
    for key in [k for k in known if k not in values]:
        raise MopeError(f"--settings: key {key!r} is missing; expected {', '.join(known)}")
    return kind(**values)
