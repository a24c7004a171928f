"""CUDA graphs: the kernels of a step are launched together, instead of one by one from Python."""

from collections.abc import Callable

import torch

WARM_UP = 2  # calls before the recording, in which libraries choose their kernels


def recorded(step: Callable[[], object]) -> Callable[[], None]:
    """A function that runs `step` as one graph of the current CUDA device; recording it computes nothing.

    `step` must have been called `WARM_UP` times, read and write the same buffers each time, and never wait for the
    device.
    """
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay
