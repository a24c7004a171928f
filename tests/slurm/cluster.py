"""A SLURM cluster of one node on this machine: its own key, ports and folders; nothing outside `folder` is touched.

The settings are those that a machine without systemd, cgroups and an accounting database needs.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "scontrol", "srun")
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,defer_batch
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed.txt
MinJobAge=3600
KillWait=10
ReturnToService=2
DefMemPerCPU=256
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory={memory} Gres=gpu:2 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""


class Cluster:
    """Start with `with Cluster(folder) as cluster:`; commands see it in the environment `cluster.environment`."""

    def __init__(self, folder: Path):
        self.folder = folder
        bin_folder = folder / "bin"
        path = f"{bin_folder}{os.pathsep}/usr/sbin{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def __enter__(self) -> "Cluster":
        self._write_files()
        munge = ["--key-file", "--socket", "--pid-file", "--log-file", "--seed-file"]
        options = [f"{name}={self.folder}/munge.{name.strip('-').split('-')[0]}" for name in munge]
        self._start("munged", *options, "--num-threads=2", "--force")  # pytest's folders are closed to others
        self._start("slurmctld")
        self._start("slurmd", "-N", socket.gethostname().split(".")[0])
        deadline = time.monotonic() + 120
        while "idle" not in self.run("sinfo", "--noheader", "--format=%T").stdout:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the SLURM node did not come up; see {self.folder}/*.log")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self.run("scancel", "--user", getpass.getuser())
        for name in ("slurmd", "slurmctld", "munge"):
            self._stop(self.folder / f"{name}.pid")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of SLURM's, with its output."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300)

    def jobs(self) -> list[dict[str, str]]:
        """All jobs in SLURM's records: id, name, comment, state, requested memory and generic resources, exit code."""
        keys = {"JobId": "id", "JobName": "name", "Comment": "rule", "JobState": "state", "ReqTRES": "asked"}
        keys |= {"TRES": "asked", "TresPerNode": "gres", "Partition": "partition", "ExitCode": "exit"}
        found = []
        for line in self.run("scontrol", "--oneliner", "show", "jobs").stdout.splitlines():
            fields = dict(field.split("=", 1) for field in line.split() if "=" in field)
            found.append({keys[key]: value for key, value in fields.items() if key in keys})
        return [job for job in found if "id" in job]

    def _write_files(self) -> None:
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        ports = [free_port(), free_port()]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10
        text = CONF.format(
            host=socket.gethostname().split(".")[0],
            user=getpass.getuser(),
            folder=self.folder,
            controller_port=ports[0],
            node_port=ports[1],
            memory=memory,
        )
        (self.folder / "slurm.conf").write_text(text)
        for i in range(2):  # SLURM wants a device, which a link to one is
            (self.folder / f"gpu{i}").symlink_to("/dev/null")
        lines = "".join(f"Name=gpu File={self.folder}/gpu{i}\n" for i in range(2))
        (self.folder / "gres.conf").write_text("AutoDetect=off\n" + lines)
        # Inside a job the plugin's srun has lost SLURM_CONF.
        srun = self.folder / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)

    def _start(self, name: str, *options: str) -> None:
        done = self.run(name, *options)
        if done.returncode:
            raise RuntimeError(f"{name} did not start: {done.stdout}{done.stderr}")

    def _stop(self, pid_file: Path) -> None:
        if not pid_file.is_file():
            return
        pid = int(pid_file.read_text())
        for number in (15, 9):
            for _ in range(50):
                try:
                    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                except (FileNotFoundError, ProcessLookupError):
                    return
                if state == "Z":
                    return
                if _ == 0:
                    os.kill(pid, number)
                time.sleep(0.1)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
