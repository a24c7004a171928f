"""What an objective of controllers says of its targets is what they are."""

import pytest
import torch
from training_stages import CONTROLLER_SETTINGS

from mope.controller.objective_table import OBJECTIVES

REWARD = torch.tensor([[0.9, 0.4], [0.2, 0.6], [0.5, 0.5]])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_targets_are_what_the_objective_holds(name: str) -> None:
    objective = OBJECTIVES[name](CONTROLLER_SETTINGS)
    target = objective.target(REWARD, REWARD)
    match objective.holds:
        case "reward":
            assert torch.equal(target, REWARD)
        case "advantage":  # of an answer against the other one to the same prompt
            assert torch.allclose(target, -target.flip(1)) and not torch.equal(target, REWARD)
            assert torch.equal(target.argmax(dim=1)[:2], REWARD.argmax(dim=1)[:2])
        case other:
            pytest.fail(f"{other!r}: reward or advantage is expected")
