"""A progress bar with the time left, for work that takes longer than some seconds."""

from tqdm import tqdm

SILENT = 20  # seconds before a bar appears; work that ends sooner shows none


def progress(total: int, what: str, shown: bool = True) -> tqdm:
    """A bar over `total` items named `what`; call `update(n)` after n of them. It disappears when it is closed."""
    return tqdm(total=total, desc=what, delay=SILENT, mininterval=5, leave=False, disable=not shown)
