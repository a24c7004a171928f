"""One of the trainings of `stages.py` as a script: in one process, or in several of `mope.launch`.

What the reward function of the expert is asked for is written to `<out>.asked.<process>`.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import stages
import torch

from mope.cli import run
from mope.provenance.artifact import write
from mope.training.checkpoints import checkpoints

stage, folder, out, changes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])


def main() -> None:
    torch.set_num_threads(1)
    name = f"{stage.upper()}_SETTINGS"
    setattr(stages, name, replace(getattr(stages, name), **changes))
    record = {"stage": stage, "params": changes, "seeds": {}}
    with checkpoints(out, record, [], 1000) as saved, write(out, **record) as tmp:
        stages.STAGES[stage](folder, saved, tmp)
    print(f"process {os.environ.get('RANK', 0)} is done")


run(main)
