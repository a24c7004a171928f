"""CUDA graphs: the kernels of a step are launched together, instead of one by one from Python."""

from collections.abc import Callable

import torch

WARM_UP = 2  # calls before the recording, in which libraries choose their kernels


def recorded(step: Callable[[], object]) -> Callable[[], None]:
    """`step` as one graph of the current CUDA device, once it has been called `WARM_UP` times; it computes nothing now.

    `step` must read and write the same buffers each time and ask nothing of the device.
    """
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay
