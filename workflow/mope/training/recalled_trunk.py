"""Frozen first layers of a model that are run once for each text, instead of once for each training step."""

from collections.abc import Iterable

import torch
from transformers import PreTrainedModel

from mope.engine.llama import check_family
from mope.errors import MopeError

TEXTS_AT_ONCE = 32  # texts per forward pass


class IdentityLayer(torch.nn.Module):
    """In place of a layer that does not run again: returns the hidden states (B, T, H) as they are."""

    def forward(self, hidden: torch.Tensor, **_) -> torch.Tensor:
        return hidden


class RecalledTrunk(torch.nn.Module):
    """In place of the embeddings: what the frozen layers made of texts (token ids) that are known beforehand."""

    def __init__(self, hidden: dict[tuple[int, ...], torch.Tensor], pad_id: int):
        super().__init__()
        self.hidden, self.pad_id = hidden, pad_id

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Hidden states (B, T, H) of right-padded ids (B, T), 0 at padding; `KeyError` for a text that is not known."""
        found = [self.hidden[self._text(row)] for row in ids.tolist()]
        out = found[0].new_zeros(*ids.shape, found[0].shape[1])
        for row, states in zip(out, found, strict=True):
            row[: len(states)] = states
        return out

    def _text(self, row: list[int]) -> tuple[int, ...]:
        while row and row[-1] == self.pad_id:
            row.pop()
        return tuple(row)


def recall_trunk(model: PreTrainedModel, layers: int, texts: Iterable[list[int]], pad_id: int) -> bool:
    """Run all but the last `layers` layers of `model` on the texts now, and never again; False, and nothing done, where
    its family is not LLaMA-shaped.

    From now on the model reads these texts only. No text ends with `pad_id`. The layers must stay frozen.
    """
    decoder = model.base_model
    try:
        check_family(decoder)
    except MopeError:
        return False
    every, norm = decoder.layers, decoder.norm
    frozen = len(every) - layers
    decoder.layers, decoder.norm = every[:frozen], torch.nn.Identity()
    ordered = sorted({tuple(text) for text in texts}, key=len)
    hidden = {}
    with torch.no_grad():
        for first in range(0, len(ordered), TEXTS_AT_ONCE):
            some = ordered[first : first + TEXTS_AT_ONCE]
            ids = torch.nn.utils.rnn.pad_sequence(
                [torch.tensor(text) for text in some], batch_first=True, padding_value=pad_id
            ).to(model.device)
            found = decoder(input_ids=ids, attention_mask=_mask(some, ids)).last_hidden_state
            hidden |= {text: row[: len(text)].clone() for text, row in zip(some, found, strict=True)}
    decoder.layers = torch.nn.ModuleList([*(IdentityLayer() for _ in range(frozen)), *every[frozen:]])
    decoder.norm, decoder.embed_tokens = norm, RecalledTrunk(hidden, pad_id)
    return True


def _mask(texts: list[tuple[int, ...]], ids: torch.Tensor) -> torch.Tensor:
    lengths = torch.tensor([len(text) for text in texts], device=ids.device)
    return (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]).long()
