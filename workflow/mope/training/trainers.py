"""Training by a Hugging Face Trainer, with this project's checkpoints."""

from pathlib import Path

from accelerate import PartialState
from transformers import Trainer, TrainerCallback

from mope.runtime.processes import is_first
from mope.training.checkpoints import Checkpoints


class SaveWhenDue(TrainerCallback):
    """Saves a checkpoint when one is due, after steps that are multiples of `every`.

    The Trainer writes its folder elsewhere; it is moved to the checkpoints when it is complete.
    """

    def __init__(self, saved: Checkpoints, every: int):
        self.saved, self.every = saved, every

    def on_step_end(self, args, state, control, **_):
        before_end = state.global_step < state.max_steps  # resumed after the last step, the Trainer would take one more
        control.should_save = before_end and state.global_step % self.every == 0 and self.saved.due()

    def on_save(self, args, state, control, **_):
        PartialState().wait_for_everyone()  # until each process has written its own files
        with self.saved.save(state.global_step) as folder:
            if is_first():
                Path(args.output_dir, f"checkpoint-{state.global_step}").rename(folder)


def fit(trainer: Trainer, saved: Checkpoints, every: int = 1) -> None:
    """Train from the last checkpoint, or from the start; on a CPU the result is the same bit for bit.

    The Trainer reads optimizer and random states with `torch.load(weights_only=True)`, after their digests have been
    verified. Raises `Stopped` after a signal, when a checkpoint is saved.
    """
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:  # in bfloat16 small updates would be lost to rounding
            parameter.data = parameter.data.float()
    trainer.add_callback(SaveWhenDue(saved, every))
    found = saved.latest()
    if found:
        print(f"going on after step {found[0]}", flush=True)
    saved.listen()
    trainer.train(resume_from_checkpoint=str(found[1]) if found else None)
