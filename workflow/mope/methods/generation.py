"""Answers of a method to every (prompt, combination)."""

import pandas as pd

from mope.methods.entries import chosen_by
from mope.methods.generator import Generator
from mope.methods.kind_table import METHOD_KINDS
from mope.methods.responses import response_table
from mope.methods.selection import Chooser
from mope.methods.weight_grid import weight_grid


def generate(
    generator: Generator,
    method: dict,
    prompts: pd.DataFrame,
    chooser: Chooser | None = None,
    combinations: list[str] | None = None,
) -> pd.DataFrame:
    """The answers of `method` (one entry of `methods` in config.yaml) to every prompt under every combination.

    `chooser` is needed by methods that choose among several answers by reward, never by the judge. `combinations` None:
    all of them.
    """
    combinations = combinations or generator.preferences.combinations()
    pairs = [(prompt, xi) for prompt in prompts.prompt for xi in combinations]
    answers, groups = METHOD_KINDS[method["kind"]].answers(generator, method, pairs), chosen_by(method)
    if groups:
        return chooser.best(prompts, combinations, answers, groups)
    return response_table(prompts, combinations, answers)


def generate_front(
    generator: Generator, method: dict, prompts: pd.DataFrame, combinations: list[str] | None, step: float
) -> pd.DataFrame:
    """The answers of `method` at every weight of the grid of `step`, whose number is column `point`.

    An answer's seed does not depend on the weights, so that points differ by the weights alone.
    """
    grid = weight_grid(len(generator.preferences.dimensions), step)
    tables = [
        generate(generator, method | {"weights": list(weights)}, prompts, combinations=combinations).assign(point=point)
        for point, weights in enumerate(grid)
    ]
    return pd.concat(tables, ignore_index=True)
