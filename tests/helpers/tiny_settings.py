"""Settings of a stage as the smoke experiment has them, with changes: tests name only what they are about."""

from pathlib import Path

from mope.config.load import load_config

ROOT = Path(__file__).resolve().parents[2]


def tiny(kind: type, section: str, **changes: object):
    """`kind` (a dataclass of settings) filled from `section` of the configuration, `seed` 1 and `changes`."""
    known = kind.__dataclass_fields__
    values = {"seed": 1} | {
        key: value for key, value in load_config(ROOT, {"experiment": "smoke"})[section].items() if key in known
    }
    return kind(**(values | changes))
