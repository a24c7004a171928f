"""Progress with the time left, for whatever takes longer than some seconds."""

from tqdm import tqdm

SILENT = 20  # seconds; what is done by then shows nothing


def progress(total: int, what: str) -> tqdm:
    """A bar of `total` things called `what`, to be updated by their number; it goes when it is closed."""
    return tqdm(total=total, desc=what, delay=SILENT, mininterval=5, leave=False)
