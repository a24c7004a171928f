"""The smoke experiment on a real SLURM cluster: recovery from every kind of kill, then the whole of it.

The tests build on each other's results, in this order.
"""

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import yaml
from cluster import Cluster
from conftest import wait_for

BASE = "results/smoke/base"
LOG = "results/smoke/logs/train_base.log"
FINISH = 900


def running(cluster: Cluster, rule: str) -> list[dict[str, str]]:
    return [job for job in cluster.jobs() if job["rule"] == f"rule_{rule}" and job["state"] == "RUNNING"]


def training(cluster: Cluster, project: Path, process: subprocess.Popen) -> str:
    """Wait until the base model has been trained for some steps; the SLURM job's number."""

    def under_way() -> list[dict[str, str]]:
        assert process.poll() is None, (project / "snakemake.log").read_text()
        jobs = running(cluster, "train_base")
        log = (project / LOG).read_text() if jobs and (project / LOG).is_file() else ""
        return jobs if re.search(r"\| \d+/750 ", log) else []

    return wait_for(under_way, 120, "the training of the base model")[0]["id"]


def finished(project: Path, process: subprocess.Popen) -> None:
    """The run ends well, and training has gone on from what the signal made it save."""
    assert process.wait(FINISH) == 0, (project / "snakemake.log").read_text()
    assert "going on after step " in (project / LOG).read_text()
    assert (project / BASE / "model.safetensors").is_file()
    assert not (project / "results/smoke/.base.checkpoints").exists()


def forget(project: Path) -> None:
    for name in (f"{BASE}.meta.json", LOG):
        (project / name).unlink()
    subprocess.run(["rm", "-r", project / BASE], check=True)


def test_a_cancelled_job_is_retried_and_goes_on_from_its_checkpoint(
    cluster: Cluster, project: Path, start: Callable
) -> None:
    process = start(BASE)
    job = training(cluster, project, process)
    assert cluster.run("scancel", job).returncode == 0
    finished(project, process)
    states = {j["id"]: j["state"] for j in cluster.jobs() if j["rule"] == "rule_train_base"}
    assert states.pop(job) == "CANCELLED"
    assert list(states.values()) == ["COMPLETED"]
    forget(project)


def test_an_interrupted_run_cancels_its_jobs_and_a_plain_rerun_goes_on(
    cluster: Cluster, project: Path, start: Callable
) -> None:
    process = start(BASE)
    training(cluster, project, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    wait_for(lambda: not running(cluster, "train_base"), 30, "the end of the cancelled job")
    finished(project, start(BASE))
    forget(project)


def test_a_killed_run_is_recovered_as_the_readme_says(cluster: Cluster, project: Path, start: Callable) -> None:
    process = start(BASE)
    training(cluster, project, process)
    process.kill()
    process.wait()
    assert running(cluster, "train_base"), "the job lives on without its controller"
    run_id = re.search(r"SLURM run ID: (\S+)", (project / "snakemake.log").read_text()).group(1)
    assert cluster.run("scancel", "--name", run_id).returncode == 0
    wait_for(lambda: not running(cluster, "train_base"), 30, "the end of the cancelled job")
    assert start(BASE).wait(60) != 0, "locked"
    assert start("--unlock").wait(60) == 0
    finished(project, start(BASE))


def rule_of(job: dict[str, str]) -> str:
    return job["rule"].removeprefix("rule_").split("_wildcards")[0]


def check_devices(project: Path, jobs: list[dict[str, str]]) -> None:
    """Jobs of GPU rules have asked for a GPU in its partition, all others for none."""
    profile = yaml.safe_load((project / "workflow/profiles/slurm/config.yaml").read_text())
    for job in jobs:
        wants_gpu = "gres" in profile["set-resources"].get(rule_of(job), {})
        assert ("gpu" in job.get("gres", "")) == wants_gpu == (job["partition"] == "gpu"), job


def test_a_job_killed_for_memory_gets_more(cluster: Cluster, project: Path, start: Callable) -> None:
    """Sampling candidates asks for less than it needs: a text in a rule of the copied project is changed for that."""
    rule = project / "workflow/rules/data.smk"
    before, after = rule.read_text().split("rule sample_candidates:")
    rule.write_text(before + "rule sample_candidates:" + after.replace("megabytes=3000", "megabytes=400", 1))
    assert start("results/smoke/candidates.parquet").wait(FINISH) == 0, (project / "snakemake.log").read_text()
    tried = [job for job in cluster.jobs() if rule_of(job) == "sample_candidates"]
    assert len(tried) > 1
    assert [job["state"] for job in tried] == ["FAILED"] * (len(tried) - 1) + ["COMPLETED"]
    asked = [int(re.search(r"mem=(\d+)M", job["asked"]).group(1)) for job in tried]
    assert asked == [400 * attempt for attempt in range(1, len(tried) + 1)]
    log = project / f".snakemake/slurm_logs/rule_sample_candidates/{tried[0]['id']}.log"
    assert "exceeded memory limit" in log.read_text()
    check_devices(project, cluster.jobs())


def test_the_whole_experiment_runs_as_jobs(cluster: Cluster, project: Path, start: Callable) -> None:
    assert start().wait(2400) == 0, (project / "snakemake.log").read_text()
    assert (project / "results/smoke/manifest.json").is_file()
    jobs = cluster.jobs()
    rules = {rule_of(job) for job in jobs if job["state"] == "COMPLETED"}
    assert {"train_expert", "generate", "judge_text", "claims", "plot", "write_manifest"} <= rules
    check_devices(project, jobs)
