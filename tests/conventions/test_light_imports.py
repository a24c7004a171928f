"""Judge, table and plot stages start fast: they load neither torch nor transformers."""

import subprocess
import sys
from pathlib import Path

WORKFLOW = Path(__file__).parents[2] / "workflow"
CODE = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
for part in ("judging", "analysis"):
    for path in sorted((root / "mope" / part).rglob("*.py")):
        importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
print(sorted({"torch", "transformers", "trl", "peft", "datasets", "snakemake"} & set(sys.modules)))
"""


def test_no_heavy_imports():
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(WORKFLOW)], env={"PYTHONPATH": str(WORKFLOW)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
