"""CUDA graphs: the kernels of a step are launched together, instead of one by one from Python."""

from collections.abc import Callable

import torch

WARM_UP = 2  # calls before the recording, in which libraries choose their kernels


def recorded(step: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """`step` as one graph, after `WARM_UP` calls of it; recording it computes nothing.

    `step` must read and write the same buffers each time and ask nothing of the device. `device`: a GPU of CUDA.
    """
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay
