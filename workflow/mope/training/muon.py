"""Muon for the matrices of a model and AdamW for its other weights, as one optimizer that a Trainer can use.

With it a small model trained from scratch needs far fewer examples than with AdamW alone to learn to keep to a
question's topic.
"""

import torch


class MuonWithAdamW(torch.optim.Optimizer):
    """`torch.optim.Muon` on the 2-D weights of the layers, AdamW on embeddings, head and norms.

    Its parameter groups are those of both optimizers, so that schedulers and checkpoints see all of them.
    """

    def __init__(self, model: torch.nn.Module, learning_rate: float, matrix_learning_rate: float):
        outer = {id(p) for m in (model.get_input_embeddings(), model.get_output_embeddings()) for p in m.parameters()}
        matrices = [p for p in model.parameters() if p.ndim == 2 and id(p) not in outer]
        inner = {id(p) for p in matrices}
        rest = [p for p in model.parameters() if id(p) not in inner]
        self.parts = [
            torch.optim.AdamW(rest, lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.01),
            torch.optim.Muon(matrices, lr=matrix_learning_rate, momentum=0.95, weight_decay=0.0),
        ]
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._share()

    def _share(self) -> None:
        for part, groups in zip(self.parts, (self.param_groups[:1], self.param_groups[1:]), strict=True):
            part.param_groups, part.state = groups, self.state

    def load_state_dict(self, state_dict: dict) -> None:
        """Load a checkpoint's state; loading replaces groups and state, which both parts must share again."""
        super().load_state_dict(state_dict)
        self._share()

    @torch.no_grad()
    def step(self, closure=None):
        """One step of both optimizers; returns the loss of `closure`, if it is given."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for part in self.parts:
            part.step()
        return loss
