"""Which of the processes of a training this one is. A script that runs alone counts as the first process."""

import os


def launched() -> bool:
    """Whether `mope.runtime.launch` has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first() -> bool:
    """Whether this process is the one that writes artifacts and prints."""
    return not launched() or os.environ["RANK"] == "0"
