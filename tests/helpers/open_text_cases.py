"""Pairs of answers written by hand; a person sees at once which one fits a preference."""

from pathlib import Path

import yaml

PAIRS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
POLES = {"expertise": ("P1A", "P1B"), "informativeness": ("P2A", "P2B"), "style": ("P3A", "P3B")}
CASES = [(dimension, pair) for dimension, pairs in PAIRS.items() for pair in pairs]
