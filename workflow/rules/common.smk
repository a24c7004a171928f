# What the rules share; no rules here.
import os
import shlex
import sys
from pathlib import Path

from mope.config.base_source import OWN, given
from snakemake.io import strip_wildcard_constraints

from mope.config.load import load_config
from mope.dag import entries
from mope.dag.files import table as table_path
from mope.dag.jobs import any_of, environment, job_name, model_job, training_job
from mope.dag.base import base_option, base_settings, starting_base
from mope.dag.models import Models, starting_model
from mope.dag.options import model_options
from mope.dag.paths import literal, named_by_user
from mope.dag.prompts import Prompts
from mope.dag.results import DECODING, HUMAN_TABLES, TABLES, TEXTS, Results
from mope.dag.settings import as_json, without
from mope.dag.shards import JOBS, Shards
from mope.data.feedback_file import feedback_file
from mope.errors import MopeError
from mope.judging.entries import files_read
from mope.judging.preflight import before_first_job
from mope.methods.entries import in_tables
from mope.preferences import GENERAL, load_preferences
from mope.provenance.code import digest

# The workflow's folder: the short way where it is the working directory, in which results are written.
PROJECT = Path() if Path(workflow.basedir).samefile(".") else Path(workflow.basedir)
PREFERENCES = (PROJECT / "workflow/prompts/preferences.yaml").as_posix()
REPORT = ["1 Did it reproduce?", "2 Figures", "3 Tables"]  # categories of the report, which sorts them by name
JUDGE_CACHE = "results/judge_cache.sqlite"  # paid answers, shared by all runs; no rule's output, so nothing deletes it


def or_exit(function, *arguments):
    """What the function returns; bad input ends Snakemake with one line."""
    try:
        return function(*arguments)
    except MopeError as error:
        sys.exit(f"error: {error}")


def configuration(command_line, files):
    """The validated configuration. The user's own paths in it are relative to the working directory."""
    config = load_config(PROJECT, command_line, files, directory=Path())
    for key, path in [("the workflow's folder", PROJECT.as_posix()), *named_by_user(config)]:
        literal(path, key)
    return config


def stage(name, entries=None):
    """Parameters of a rule: its script, and the digest of that with all project modules it imports.

    A rule runs again when the digest changes; where the script lies, as a function of inputs, reruns nothing.
    `entries` tells from a job's wildcards which entries of tables it uses: of these tables no other counts.
    """
    script = (PROJECT / f"workflow/scripts/{name}.py").as_posix()
    code = or_exit(digest, script)
    if entries:
        code = lambda wildcards: or_exit(digest, script, or_exit(entries, wildcards))
    return {"script": lambda wildcards, input: script, "code": code}


def world_files(world):
    """The files of an embedded world, which a stage that reads it has as inputs."""
    return sorted(path.as_posix() for path in (PROJECT / "workflow/mope/world" / world).rglob("*.yaml"))


def judge_files(*kinds):
    """The data files that kinds of judges read beside those of the embedded world."""
    folder = PROJECT / "workflow/mope"
    return sorted(path.as_posix() for pattern in files_read(kinds) for path in folder.glob(pattern))


def settings(*sections, **values):
    """The smallest part of the configuration that a stage uses; a function, so that braces in it stay as they are."""
    text = as_json(*sections, **values)
    return lambda wildcards: text


def table(name):
    """A table of the results, shown in the report."""
    about = {"caption": f"../report/{name}.rst", "category": REPORT[2], "labels": {"table": name.replace("_", " ")}}
    return report(table_path(name), **about)


def whole_or_part(shards, stage, tables):
    """Output of a job: the tables, or in shards a folder that holds a part of them until all are gathered."""
    return temp(directory(f"<results>/shards/{JOBS[stage]}.{{shard}}")) if shards.share(stage) else tables


def parent(key, levels=1):
    """Folder of a rule's output or input of that name, of several files the first one's."""

    def folder(wildcards, input, output):
        files = (output if key in output.keys() else input)[key]
        return Path(files if isinstance(files, str) else files[0]).parents[levels - 1].as_posix()

    return folder


def set_job_environment():
    """What every job finds in its environment."""
    os.environ.update(environment())
    # Not in the environment: Snakemake takes it from there for jobs in conda environments.
    library = shlex.quote((PROJECT / "workflow").as_posix()).replace("{", "{{").replace("}", "}}")
    shell.prefix(f"set -euo pipefail; export PYTHONPATH={library}; ")


def check_judges():
    """Ends Snakemake where a chat judge lacks what it needs, if the answers that it will judge are still to be made.

    Where they are there already, its own job knows what is kept of its verdicts and says at once what it needs.
    """
    jobs = list(workflow.dag.needrun_jobs())
    if any(job.rule.name == "generate" for job in jobs):
        asked = [job.wildcards.judge for job in jobs if job.rule.name == "judge_chat"]
        problem = or_exit(next, before_first_job(config, preferences, asked, os.environ), None)
        if problem:
            sys.exit(f"error: {problem}")


def give_log_and_timing(rules):
    """Every job writes `<logs>/<job>.log` and is timed in `<benchmarks>/<job>.tsv`; see `job_name`."""
    for each in rules:
        if each.output:
            name = job_name(each.name, strip_wildcard_constraints(each.output[0]))
            each.log_modifier = each.benchmark_modifier = each.output_modifier
            each.set_log(f"<logs>/{name}.log")
            each.benchmark = f"<benchmarks>/{name}.tsv"
