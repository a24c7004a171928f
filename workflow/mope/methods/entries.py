"""What the methods of config.yaml are made of. Standard library only: the Snakefile calls this while it is parsed."""


def rewarded(method: dict) -> bool:
    """Whether the method chooses among answers by reward models."""
    return method["kind"] == "best_of" or across_prompts(method)


def across_prompts(method: dict) -> bool:
    """Whether its answer to a prompt depends on other prompts: one choice is made for all of them."""
    return method.get("expert") == "best"


def needs(method: dict) -> set[str]:
    """The trained parts that a method needs beside the base: experts, rewards, controllers, policies."""
    needed = {kind: {"experts"} for kind in ("soup", "arrow", "mix", "expert")} | {"policy": {"policies"}}
    parts = set(needed.get(method["kind"], ()))
    if rewarded(method):
        parts.add("rewards")
    if "controller" in method:
        parts.add("controllers")
    return parts


def in_tables(methods: dict[str, dict]) -> list[str]:
    """The rows of the tables: all methods but those that are compared `against` a few others only."""
    return [name for name, method in methods.items() if "against" not in method]


def pairs(methods: dict[str, dict]) -> list[tuple[str, str]]:
    """All (a, b) to judge, a before b in the order of `methods`: the tables' rows with each other, the rest as told."""
    names = list(methods)

    def compared(a: str, b: str) -> bool:
        apart = [methods[name]["against"] for name in (a, b) if "against" in methods[name]]
        return not apart or any(a in listed or b in listed for listed in apart)

    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if compared(a, b)]
