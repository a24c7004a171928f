# Functions that the rules share; no rules here.
import json
import os
import sys
from pathlib import Path

from mope.config.load import load_config
from mope.dag.figures import TABLE as FIGURE_TABLE
from mope.dag.figures import drawn, read_figures
from mope.data.feedback_file import feedback_file
from mope.errors import MopeError
from mope.methods.entries import across_prompts, in_tables, needs, pairs
from mope.methods.names import FOCUS
from mope.preferences import load_preferences
from mope.provenance.code import WHOLE_TABLES, digest

PREFERENCES = "workflow/prompts/preferences.yaml"
WORLD = sorted(path.as_posix() for path in Path("workflow/mope/world").rglob("*.yaml"))


def or_exit(function, *arguments):
    """What the function returns; bad input ends Snakemake with one line."""
    try:
        return function(*arguments)
    except MopeError as error:
        sys.exit(f"error: {error}")


def load_config_or_exit():
    """The validated configuration; bad input ends Snakemake with one line."""
    try:
        return load_config(Path("."), workflow.config_settings.config, workflow.overwrite_configfiles)
    except MopeError as error:
        sys.exit(f"error: {error}")


def code(stage, chosen=WHOLE_TABLES):
    """Digest of the stage's script and of all project modules it imports: a rule runs again when it changes.

    Of a table of modules only the `chosen` entries count.
    """
    try:
        return digest(f"workflow/scripts/{stage}.py", chosen)
    except MopeError as error:
        sys.exit(f"error: {error}")


def settings(*sections, **values):
    """The smallest part of the configuration that a stage uses, as JSON."""
    together = {key: value for section in sections for key, value in section.items()}
    return json.dumps(together | values, sort_keys=True)


def without(section, *keys):
    return {key: value for key, value in section.items() if key not in keys}


def grows(megabytes):
    """Memory of a job; one that is retried because it was killed for memory gets twice, then three times as much."""
    return lambda wildcards, attempt: megabytes * attempt


def model_memory(megabytes):
    """Memory of a job that runs models: so much for the default's, times `jobs.memory` for larger ones."""
    return grows(round(megabytes * config["jobs"]["memory"]))


def model_minutes(minutes):
    """Longest time of a job that runs models: so much for the default's, times `jobs.runtime` for larger ones."""
    return round(minutes * config["jobs"]["runtime"])


def any_of(names):
    """Regular expression of the names; of none it matches nothing."""
    return "|".join(map(str, names)) or "(?!)"


def set_job_environment():
    """What every job finds in its environment; Snakemake itself sets OMP_NUM_THREADS and its like to the threads."""
    os.environ.update(
        PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]),
        PYTHONHASHSEED="0",
        PYTHONUNBUFFERED="1",
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        # glibc hands large tensors back to the system at once; to be given zeroed pages again costs up to a third of a CPU.
        MALLOC_MMAP_MAX_="0",
        MALLOC_TRIM_THRESHOLD_=str(8 << 30),
        MALLOC_TOP_PAD_=str(64 << 20),
        MALLOC_ARENA_MAX="1",
    )
    # Not in the environment: Snakemake takes it from there for jobs in conda environments.
    shell.prefix("set -euo pipefail; export PYTHONPATH=workflow; ")


def launcher(stage):
    """How a script that several devices can share is started. A resource of its rule: a change reruns nothing."""
    count = config["devices"][stage]
    return f"python -m mope.runtime.launch {count}" if count > 1 else "python"
