"""Runs one training in several processes, each on its own device: `python -m mope.runtime.launch 2 SCRIPT OPTIONS...`.

It is `accelerate launch` with three additions: the devices of `MOPE_GPUS` are taken together; a signal reaches each
process once and leaves it time to save; and a failure shows the script's one-line message and has its exit status.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys

import psutil
from accelerate.commands.launch import launch_command, launch_command_parser
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from mope.errors import MopeError
from mope.runtime.gpu_slot import VARIABLE, take_gpus

LINES = ("error: ", "stopped: ")  # beginnings of the line that `mope.runtime.cli` hands to this launcher
FORWARDED = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def launch(processes: int, command: list[str]) -> None:
    """Run `command` (a script and its options) in this number of processes; exits with the status of one that failed.

    `MopeError` where `MOPE_GPUS` lists too few devices.
    """
    take_gpus(processes)
    os.environ.pop(VARIABLE, None)
    threads = max(1, int(os.environ.get("OMP_NUM_THREADS", processes)) // processes)
    options = ["--multi_gpu", "--num_machines=1", f"--num_processes={processes}", "--main_process_port=0"]
    options += ["--mixed_precision=no", "--dynamo_backend=no", f"--num_cpu_threads_per_process={threads}"]
    args = launch_command_parser().parse_args([*options, *command])
    args.signals_to_handle = "SIGQUIT"  # the others are forwarded, instead of ending the processes within 30 seconds
    for number in FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:  # SIGHUP is ignored under nohup
            signal.signal(number, forward_signals)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # the script's line reports the failure
    try:
        launch_command(args)
    except ChildFailedError as failed:
        for failure in failed.failures.values():
            if failure.message.startswith(LINES):
                print(failure.message, file=sys.stderr)
                sys.exit(failure.exitcode)
        rank, failure = failed.get_first_failure()
        print(f"error: process {rank} of {processes} ended with status {failure.exitcode}", file=sys.stderr)
        sys.exit(1)


def forward_signals(number: int, _: object) -> None:
    """Send a signal on to the processes of the training."""
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            process.send_signal(number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processes", type=int, help="how many, 2 or more")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="a script and its options")
    args = parser.parse_args()
    try:
        launch(args.processes, args.command)
    except MopeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
