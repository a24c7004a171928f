"""Frozen weights give the products and gradients of the plain module."""

import copy

import torch

from mope.training.frozen import pack_frozen


def test_frozen_products_and_gradients_are_those_of_the_plain_module():
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Linear(24, 40), torch.nn.Tanh(), torch.nn.Linear(40, 8, bias=False))
    plain.requires_grad_(False)
    packed = copy.deepcopy(plain)
    pack_frozen(packed)
    found = []
    for model in (plain, packed):
        x = torch.linspace(-1, 1, 3 * 5 * 24).view(3, 5, 24).requires_grad_()
        y = model(x)
        y.square().sum().backward()
        found.append((y, x.grad))
    for own, expected in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(own, expected, atol=1e-5, rtol=1e-5)
    assert all("forward" in vars(layer) for layer in (packed[0], packed[2]))


def test_weights_that_are_trained_stay_as_they_are():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))
    model[1].requires_grad_(False)
    pack_frozen(model)
    assert "forward" not in vars(model[0]) and "forward" in vars(model[1])
