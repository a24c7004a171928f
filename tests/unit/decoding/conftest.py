"""Makes the helper module `tiny` importable: pytest's importlib mode leaves the folder of a test out of the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
