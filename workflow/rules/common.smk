# Names and functions that the rules share.
import os
import shlex
import sys
from pathlib import Path

from snakemake.io import strip_wildcard_constraints

from mope.config.load import load_config
from mope.config.machine import check_machine
from mope.dag import used_entries
from mope.dag.base_files import base_option, base_settings, starting_base
from mope.dag.figures import FIGURE_TABLE, read_figures
from mope.dag.files import table as table_path
from mope.dag.jobs import any_of, environment, job_name, model_job, training_job
from mope.dag.model_files import RunModels
from mope.dag.options import model_options
from mope.dag.paths import literal, named_by_user
from mope.dag.prompt_sets import Prompts
from mope.dag.results import AGGREGATE_TABLES, DECODING, HUMAN_TABLES, TEXTS, Results
from mope.dag.shared_jobs import JOBS, Shards
from mope.dag.stage_settings import as_json, generation_settings, without
from mope.data.feedback_file import feedback_file
from mope.data.records import RECORD_SUFFIXES
from mope.errors import MopeError
from mope.judging.judge_kinds import files_read
from mope.judging.preflight import before_first_job
from mope.methods.endpoints import missing_keys
from mope.methods.entries import in_tables
from mope.preferences import GENERAL, load_preferences
from mope.provenance.code import digest
from mope.runtime.run_lock import hold_run_lock
from mope.training.base_source import OWN_KEYS, given
from mope.world.worlds import lineage

# The workflow's folder, as a relative path if it is the working directory, to which results are written.
PROJECT = Path() if Path(workflow.basedir).samefile(".") else Path(workflow.basedir)
ALL_PREFERENCES = (PROJECT / "workflow/prompts/preferences.yaml").as_posix()
PREFERENCES = "<artifacts>/preferences.yaml"  # those of the run
REPORT = ["1 Did it reproduce?", "2 Figures", "3 Tables"]  # categories of the report, which sorts them by name
JUDGE_CACHE = "results/judge_cache.sqlite"  # paid answers, shared by all runs; no rule's output, so nothing deletes it


def or_exit(function, *arguments):
    """Call the function and return its result; a `MopeError` ends Snakemake with one line."""
    try:
        return function(*arguments)
    except MopeError as error:
        sys.exit(f"error: {error}")


def configuration(command_line, files):
    """The validated configuration. The user's own paths in it are relative to the working directory."""
    once = workflow.is_main_process  # the processes of single jobs do not check the user's files again
    config = load_config(PROJECT, command_line, files, once, directory=Path())
    for key, path in [("the workflow's folder", PROJECT.as_posix()), *named_by_user(config)]:
        literal(path, key)
    return config


def stage(name, entries=None):
    """Parameters of a rule: its script, and the digest of that with all project modules it imports.

    A rule runs again when the digest changes, but not when the script's path does, which a function returns.
    `entries` maps a job's wildcards to the entries that it uses of tables; no other entries of these tables count.
    """
    script = (PROJECT / f"workflow/scripts/{name}.py").as_posix()
    code = or_exit(digest, script)
    if entries:
        code = lambda wildcards: or_exit(digest, script, or_exit(entries, wildcards))
    return {"script": lambda wildcards, input: script, "code": code}


def world_files(world):
    """The files of an embedded world, and of one that it extends: inputs of the stages that use it."""
    folders = [PROJECT / "workflow/mope/world" / name for name in lineage(world)]
    return sorted(path.as_posix() for folder in folders for path in folder.rglob("*.yaml"))


def judge_files(*kinds):
    """The data files that these kinds of judges read, without those of the embedded world."""
    folder = PROJECT / "workflow/mope"
    return sorted(path.as_posix() for pattern in files_read(kinds) for path in folder.glob(pattern))


def settings(*sections, **values):
    """The part of the configuration that a stage uses, as JSON.

    It is a function of wildcards, because Snakemake would fill in the braces of a text.
    """
    text = as_json(*sections, **values)
    return lambda wildcards: text


def table(name):
    """A table of the results, shown in the report."""
    return report(table_path(name), **about_table(name, "text (CSV)"))


def table_page(name):
    """The same table as a page."""
    return report(table_path(name, "html"), **about_table(name, "table"))


def about_table(name, form):
    """Where the report shows a table, and in which form; it opens with the form that is first in the alphabet."""
    labels = {"table": name.replace("_", " "), "as": form}
    return {"caption": f"../report/{name}.rst", "category": REPORT[2], "labels": labels}


def whole_or_part(shards, stage, tables):
    """Output of a job: the tables; in shards a folder with a part of them, which is removed once all are joined."""
    return temp(directory(f"<results>/shards/{JOBS[stage]}.{{shard}}")) if shards.share(stage) else tables


def parent(key, levels=1):
    """The folder, so many levels up, of a rule's output or input named `key`; of several files that of the first."""

    def folder(wildcards, input, output):
        files = (output if key in output.keys() else input)[key]
        return Path(files if isinstance(files, str) else files[0]).parents[levels - 1].as_posix()

    return folder


def kind_of_judge(judges):
    """The kind of the judge whose verdicts a job writes, as a function of its wildcards; `judges`: those configured."""
    return lambda wildcards: judges[wildcards.judge]["kind"]


def set_job_environment():
    """Set the environment of every job."""
    os.environ.update(environment())
    # PYTHONPATH is set in each command, because Snakemake removes it from the environment of jobs under conda.
    library = shlex.quote((PROJECT / "workflow").as_posix()).replace("{", "{{").replace("}", "}}")
    shell.prefix(f"set -euo pipefail; export PYTHONPATH={library}; ")


def check_judges(config, preferences):
    """Ends Snakemake where a chat judge lacks what it needs, if the answers that it will judge are still to be made.

    If the answers exist already, the judge's own job comes first and says what is missing: it knows the kept verdicts.
    """
    jobs = list(workflow.dag.needrun_jobs())
    if any(job.rule.name == "generate" for job in jobs):
        asked = [job.wildcards.judge for job in jobs if job.rule.name == "judge_chat"]
        problem = or_exit(next, before_first_job(config, preferences, asked, os.environ, Path(JUDGE_CACHE)), None)
        if problem:
            sys.exit(f"error: {problem}")


def check_endpoints(config):
    """Ends Snakemake where the key of a remote expert is missing that a job of this run will need."""
    asked = {job.wildcards.method for job in workflow.dag.needrun_jobs() if job.rule.name == "generate"}
    methods = {name: config["methods"][name] for name in sorted(asked)}
    problem = or_exit(next, missing_keys(methods, os.environ), None)
    if problem:
        sys.exit(f"error: {problem}")


def check_machine_once(config):
    """Ends Snakemake with one line, before the first job, where the machine lacks something."""
    if workflow.is_main_process:
        or_exit(check_machine, config, Path(), workflow.executor_plugin.name)


def give_log_and_timing(rules):
    """Every job writes `<logs>/<job>.log` and is timed in `<benchmarks>/<job>.tsv`; see `job_name`."""
    for each in rules:
        if each.output:
            name = job_name(each.name, strip_wildcard_constraints(each.output[0]))
            each.log_modifier = each.benchmark_modifier = each.output_modifier
            each.set_log(f"<logs>/{name}.log")
            each.benchmark = f"<benchmarks>/{name}.tsv"
