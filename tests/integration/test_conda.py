"""Jobs with `--sdm conda`: in an environment of their own they find the project."""

import json
import os
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

TARGET = "results/smoke/data/corpus.parquet"

# Conda's part here, which needs a channel of packages: the environments hold this interpreter's packages, but not the
# project, whose link among them is no package.
CONDA = f"""#!{sys.executable}
import json, subprocess, sys
from pathlib import Path

match sys.argv[1:]:
    case ["--version"]:
        print("conda 25.5.1")
    case ["info", "--json"]:
        print(json.dumps({{"conda_prefix": str(Path(__file__).parents[1]), "platform": "linux-64"}}))
    case ["config", *_]:
        print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
    case ["env", "create", *options]:
        folder = options[options.index("--prefix") + 1]
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (packages,) = Path(folder).glob("lib/python*/site-packages")
        (packages / "these.pth").write_text({sysconfig.get_path("purelib")!r})
    case ["clean", *_]:
        pass
    case other:
        sys.exit(f"unknown: {{other}}")
"""


def test_jobs_in_conda_environments_find_the_project(project: Path, tmp_path: Path) -> None:
    conda = tmp_path / "bin/conda"
    conda.parent.mkdir()
    conda.write_text(CONDA)
    conda.chmod(conda.stat().st_mode | stat.S_IXUSR)
    (conda.parent / "activate").write_text('. "$1/bin/activate"\n')
    path = os.pathsep.join([str(conda.parent), os.environ["PATH"]])
    options = f"-m snakemake --cores 1 --sdm conda --config experiment=smoke -- {TARGET}"
    command = [sys.executable, *options.split()]
    outcome = subprocess.run(
        command, cwd=project, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=120
    )
    log = project / "results/smoke/logs/write_corpus.log"
    assert outcome.returncode == 0, outcome.stderr + (log.read_text() if log.exists() else "")
    assert "Activating conda environment" in outcome.stderr
    assert json.loads((project / f"{TARGET}.meta.json").read_text())["stage"] == "write_corpus"
