"""What a machine must have before the first job runs on it: room for the models, and the commands of a cluster."""

import json
import shutil
import subprocess
from pathlib import Path

from mope.config.controllers import controller_section, names_in_use
from mope.errors import MopeError
from mope.runtime.gpu_slot import listed_gpus
from mope.training.base_source import gguf_file, given

SLURM = ("sbatch", "scancel")  # commands that must be there
SLURM_STATUS = ("squeue", "sacct")  # commands that show the state of jobs, one of which must be there
LISTS_GPUS = "nvidia-smi"
FLOAT32 = 4  # bytes
SAVED = 3  # numbers per parameter in a checkpoint: itself and two moments
WEIGHTS = ("*.safetensors", "*.bin")


def check_machine(config: dict, root: Path, executor: str | None) -> None:
    """`MopeError` where a run of `config` in the folder `root`, by this `executor` of Snakemake, is certain to fail."""
    if executor == "slurm":
        missing = [name for name in SLURM if not shutil.which(name)]
        if missing or not any(map(shutil.which, SLURM_STATUS)):
            command = (missing or [" or ".join(SLURM_STATUS)])[0]
            raise MopeError(f"{command}: no such command here; a node from which SLURM takes jobs is expected")
    else:
        check_gpus(config["devices"])
    folder, need = root / "results", bytes_to_come(config, root)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < need:
        raise MopeError(
            f"{folder}: {free / 1e9:.1f} GB are free, but the models of this run take {need / 1e9:.1f} GB at least; "
            "more room, or results as a link to where there is some, is expected"
        )


def check_gpus(devices: dict[str, int]) -> None:
    """`MopeError` where a training of this machine is to share more GPUs than there are; on CPUs any number may."""
    stage = max(devices, key=devices.get)
    if listed_gpus(devices[stage]) is None and devices[stage] > 1 and shutil.which(LISTS_GPUS):
        told = subprocess.run([LISTS_GPUS, "--list-gpus"], capture_output=True, text=True, check=False).stdout
        found = sum(line.startswith("GPU ") for line in told.splitlines())
        if 0 < found < devices[stage]:
            raise MopeError(f"devices.{stage}: {devices[stage]} found, a number ≤ {found} (GPUs here) is expected")


def bytes_to_come(config: dict, root: Path) -> int:
    """The least bytes that the models of a run will take: base, controllers, and a checkpoint of the largest model."""
    own = root / "results" / config["artifacts"]
    base, start, file = config["base"], config["base"]["path"], gguf_file(config["base"], root)
    vocabulary = _vocabulary(root / start) if start else 0  # of the hub and of a GGUF file it is not known here
    needed, trained = 0, [0]
    if not given(base):
        vocabulary = base["vocabulary"]
        if not (own / "base").is_dir():
            trained.append(2 * vocabulary * base["hidden"] + _layers(base))
    elif not (own / "base").is_dir():
        needed += weights(root / start) if start else file.stat().st_size if file else 0
    for name in names_in_use(config):
        section = controller_section(config, name)
        if section["path"] is None and section["hub"] is None and section["reads"] != "combination":
            size = vocabulary * section["hidden"] + _layers(section)
            seeds = [seed for seed in section["seeds"] if not (own / "controller" / name / f"seed{seed}").is_dir()]
            trained += [size] * len(seeds)
    return needed + FLOAT32 * (sum(trained) + (SAVED - 1) * max(trained))


def weights(folder: Path) -> int:
    """Bytes of the weights in a model's folder; of several kinds of files, of the first."""
    sizes = [sum(file.stat().st_size for file in folder.glob(pattern)) for pattern in WEIGHTS]
    return next(filter(None, sizes), 0)


def _vocabulary(folder: Path) -> int:
    """The vocabulary's size by the model's configuration; 0 where that does not say."""
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return 0
    return found if isinstance(found, int) else 0


def _layers(section: dict) -> int:
    """Parameters of the layers of a LLaMA: four square matrices of attention, three of the MLP."""
    hidden = section["hidden"]
    return section["layers"] * (4 * hidden * hidden + 3 * hidden * section["intermediate"])
