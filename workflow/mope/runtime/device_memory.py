"""How much memory of a GPU this process may take."""

import torch


def limit_memory(most: int) -> None:
    """Let this process take at most so many bytes of the GPU's memory; without CUDA there is no limit to set."""
    if torch.cuda.is_available():
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, most / total))


def free_memory(device: torch.device) -> int:
    """Bytes that this process can still fill on a CUDA device: free or kept by its allocator, within its own limit."""
    free, total = torch.cuda.mem_get_info(device)
    filled, kept = torch.cuda.memory_allocated(device), torch.cuda.memory_reserved(device)
    allowed = total * torch.cuda.get_per_process_memory_fraction(device)
    return max(0, min(free + kept - filled, int(allowed) - filled))
