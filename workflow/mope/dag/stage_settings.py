"""The part of the configuration that a stage uses, as its option `--settings`."""

import json


def as_json(*sections: dict, **values: object) -> str:
    """JSON of the sections and values together, keys sorted."""
    together = {key: value for section in sections for key, value in section.items()}
    return json.dumps(together | values, sort_keys=True)


def without(section: dict, *keys: str) -> dict:
    """The section without these keys."""
    return {key: value for key, value in section.items() if key not in keys}


def generation_settings(config: dict, method: str) -> dict:
    """The section `generation`, at the temperature of the method where it has one of its own."""
    own = config["methods"][method]
    return config["generation"] | {key: own[key] for key in ("temperature",) if key in own}
