"""The controllers of a configuration: which are used, with which settings, and the body that each begins from."""

OBJECTIVE_TABLE = "mope.controller.objective_table"
BODY = ("hidden", "layers", "heads", "intermediate")  # the shape of a controller's body


def names_in_use(config: dict, kind: str = "controller") -> list[str]:
    """Names of the controllers (`controller`) or policies (`policy`) that some method uses."""
    return sorted({method[kind] for method in config["methods"].values() if kind in method})


def controller_section(config: dict, name: str) -> dict:
    """The section `controller` with one controller's differences; a path of its own replaces the section's hub."""
    own = config["controllers"][name]
    return config["controller"] | ({"hub": None} if own.get("path") else {}) | own


def body_name(section: dict) -> str | None:
    """Name of the body that a controller's training begins from, of its shape and number of examples; or None."""
    own = section["path"] is None and section["hub"] is None and section["reads"] != "combination"
    if not own or section["start"] != "random" or section["pretraining"] == 0:
        return None
    return "-".join(str(section[key]) for key in (*BODY, "pretraining"))


def bodies(config: dict) -> dict[str, dict]:
    """Name -> settings of a controller that begins from it, for every body that is trained here."""
    sections = [controller_section(config, name) for name in names_in_use(config)]
    return {name: section for section in sections if (name := body_name(section))}
