"""What the methods of config.yaml are made of. Light: the Snakefile calls this while it is parsed."""

from mope.provenance.declared import declared

KIND_TABLE = "mope.methods.kind_table"


def chosen_by(method: dict) -> list[str]:
    """The columns of groups from which rewards choose one of the method's candidates; none where it has no choice."""
    kind = declared(KIND_TABLE)[method["kind"]]
    return kind.get("CHOSEN_BY", []) if meets(method, kind.get("CHOSEN_WITH", {})) else []


def meets(method: dict, condition: dict[str, object]) -> bool:
    """Whether the method has these keys with these values."""
    return all(key in method and method[key] == value for key, value in condition.items())


def required_with(method: dict) -> dict[str, dict[str, object]]:
    """Optional keys of the method's kind -> the values of other keys with which they must, and may only, be given."""
    return declared(KIND_TABLE)[method["kind"]].get("REQUIRED_WITH", {})


def weights_with(method: dict) -> dict[str, object]:
    """The values of other keys without which weights of the preferences make no difference to the method's kind."""
    return declared(KIND_TABLE)[method["kind"]].get("WEIGHTS_WITH", {})


def rewarded(method: dict) -> bool:
    """Whether the method chooses among answers by reward models."""
    return bool(chosen_by(method))


def across_prompts(method: dict) -> bool:
    """Whether its answer to a prompt depends on other prompts: one choice is made for all of them."""
    return rewarded(method) and "prompt_id" not in chosen_by(method)


def takes_weights(method: dict) -> bool:
    """Whether the method's kind can be given weights of the preferences (graded preferences)."""
    return "weights" in declared(KIND_TABLE)[method["kind"]]["OPTIONAL"]


def steered(method: dict) -> bool:
    """Whether reward models take part in every step of decoding: its kind itself needs them, not only its choice."""
    return "rewards" in declared(KIND_TABLE)[method["kind"]].get("NEEDS", [])


def needs(method: dict) -> set[str]:
    """What a method needs beside the base: experts, rewards, controllers, policies, references to choose by rewards."""
    parts = set(declared(KIND_TABLE)[method["kind"]].get("NEEDS", []))
    if rewarded(method):
        parts |= {"rewards", "references"}
    if "controller" in method:
        parts.add("controllers")
    return parts


def in_tables(methods: dict[str, dict]) -> list[str]:
    """The rows of the tables: all methods but those that are compared `against` a few others only."""
    return [name for name, method in methods.items() if "against" not in method]


def pairs(methods: dict[str, dict]) -> list[tuple[str, str]]:
    """All (a, b) to judge, a before b in the order of `methods`: the tables' rows by pairs, others by `against`."""
    names = list(methods)

    def compared(a: str, b: str) -> bool:
        apart = [methods[name]["against"] for name in (a, b) if "against" in methods[name]]
        return not apart or any(a in listed or b in listed for listed in apart)

    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if compared(a, b)]
