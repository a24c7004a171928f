"""How every script starts and ends, and the options that several scripts share."""

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

# Most scripts import this module before PyTorch and Transformers, whose many objects, which stay, the garbage collector
# would go through again and again: a quarter of the time until a stage begins. `run` sets them aside and turns it on.
if Path(sys.argv[0]).parent.name == "scripts":  # not where something else imports this
    gc.disable()

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: the same command may succeed when it is run again


def run(main: Callable[[], None]) -> None:
    """Call `main`; `MopeError` becomes one line on standard error and exit status 2, `Stopped` one and status 75.

    Of several processes of `mope.runtime.launch` each hands that line to the launcher, and only the first one prints.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if sys.version_info < (3, 11):
        sys.exit(f"error: Python {sys.version.split()[0]} found, Python 3.11 or newer is needed")
    try:
        if not is_first():
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for the life of the process)
        if "torch" in sys.modules and not launched():  # the launcher has taken them
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
    """Type of an option such as `--experts P1A=results/laptop/expert/P1A`."""
    name, found, path = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"NAME=FOLDER expected, {text!r} found")
    return name, Path(path)


def checkpoint_option(parser: argparse.ArgumentParser) -> None:
    """`--checkpoint-minutes`, which decides nothing about the result."""
    help = "how often training is saved; 0: after each step"
    parser.add_argument("--checkpoint-minutes", type=float, default=15, help=help)


def method_pair(text: str) -> tuple[str, str]:
    """Type of `--pairs`: two methods as in `soup_factor--mope`."""
    a, found, b = text.partition("--")
    if not found:
        raise argparse.ArgumentTypeError(f"METHOD--METHOD expected, {text!r} found")
    return a, b


def settings_of(kind: type, values: dict):
    """`kind(**values)` for a dataclass of settings; `MopeError` that names a missing or unknown key."""
    known = kind.__dataclass_fields__
    for key in [k for k in values if k not in known]:
        raise MopeError(f"--settings: unknown key {key!r}; expected {', '.join(known)}")
    for key in [k for k in known if k not in values]:
        raise MopeError(f"--settings: key {key!r} is missing; expected {', '.join(known)}")
    return kind(**values)
