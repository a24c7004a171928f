"""Which of the processes of one training this is; a script that is run alone is the first of one."""

import os


def launched() -> bool:
    """Whether this is one of the processes of `mope.runtime.launch`."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first() -> bool:
    """Whether this process is the one that writes artifacts and speaks."""
    return not launched() or os.environ["RANK"] == "0"
