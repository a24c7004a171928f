"""A finished run, loaded for the server: its methods by name, and the pools and controllers that they share."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd
from transformers import AutoConfig

from mope.controller.loading import load_controller
from mope.errors import MopeError
from mope.methods.entries import chosen_by
from mope.methods.generator import GenerationSettings, Generator, Models
from mope.methods.kind_table import METHOD_KINDS
from mope.methods.served_row import ServedRow, single_row
from mope.pools.adapters import BASE, AdapterPool
from mope.preferences import load_preferences
from mope.provenance.artifact import read_meta
from mope.provenance.manifest import require_listed
from mope.runtime.cli import settings_of

LONGEST_EXAMPLE = 120  # characters


def rows_of(run: Path) -> dict[str, dict]:
    """Row name -> the settings with which the row answered the evaluation, from the records of its answers.

    `MopeError` where the run has no answers.
    """
    records = [read_meta(file) for file in sorted((run / "responses").glob("*/*.parquet"))]
    rows = {record["params"]["name"]: record["params"] for record in records if "name" in record["params"]}
    if not rows:
        raise MopeError(f"{run / 'responses'}: no answers found; finish the run with `make results` first")
    return rows


def examples_of(run: Path, per_set: int = 4) -> Iterator[str]:
    """Of each evaluation set that the run has answered the first `per_set` instructions that are one short line."""
    for folder in sorted((run / "responses").iterdir()):
        first = min(folder.glob("*.parquet"), default=None)
        if first is not None:
            prompts = pd.read_parquet(first, columns=["prompt"])["prompt"].drop_duplicates()
            short = (prompt for prompt in prompts if len(prompt) <= LONGEST_EXAMPLE and prompt.isprintable())
            yield from islice(short, per_set)


def token_names(tokenizer) -> list[str]:
    """The text of each token, or `token_id:N` where another has the same text, as parts of characters do."""
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    count = Counter(texts)
    return [text if count[text] == 1 else f"token_id:{token}" for token, text in enumerate(texts)]


@dataclass(frozen=True)
class ServedModel:
    """A row ready to answer: its pool, mixing rule and controller are loaded; `decoder`: its step controller."""

    row: ServedRow
    generator: Generator
    pool: AdapterPool
    mixer: object
    controller: object | None
    decoder: object | None
    needs_preferences: bool


class ServedRun:
    """The rows of the run in folder `run` that answer single questions, the base as `base`, and each expert by its id.

    The experts and the base are one pool; soups and policies are further adapters of the same base. `MopeError` for a
    base that is not LLaMA-shaped, or for files that differ from their records.
    """

    def __init__(self, run: Path):
        rows = rows_of(run)
        params = next(iter(rows.values()))
        self.preferences = load_preferences(require_listed(run, run / "preferences.yaml"), params["preferences"])
        base = require_listed(run, run / "base")
        self.experts = {i: require_listed(run, run / "expert" / i) for i in self.preferences.ids}
        self.run, self.base, self.models = run, base, {}
        own = {"base": {"kind": "base", "prompt": "none"}}
        generator = self._generator(params, own["base"])
        self.tokenizer, self.ends = generator.tokenizer, generator.ends
        self.token_names, self.examples = token_names(self.tokenizer), list(examples_of(run))
        pool = generator.pool(self.experts | {"base": BASE})
        if not isinstance(pool, AdapterPool):
            raise MopeError(
                f"{base}: a model of another family found; a LLaMA-shaped one is expected, others are not served"
            )
        self.pool = pool
        self.positions = AutoConfig.from_pretrained(base, trust_remote_code=False).max_position_embeddings
        # A longer prompt cannot fit: no token stands for more characters than it has in the vocabulary.
        self.most_characters = self.positions * max(map(len, self.tokenizer.get_vocab()))
        self.loaded: dict = {}
        for name, row in rows.items():
            kind = METHOD_KINDS[row["method"]["kind"]]
            if hasattr(kind, "served") and not chosen_by(row["method"]):
                generator = self._generator(row, row["method"])
                self._add(name, kind.served(generator, row["method"]), generator, row["method"]["prompt"] != "none")
        generator = self._generator(params, own["base"])
        self._add("base", single_row(generator, own["base"], {"base": BASE}, lambda xi: "base"), generator, False)
        for i in self.preferences.ids:
            alone = self._expert(generator, i)
            self._add(i, alone, generator, False)

    def _generator(self, row: dict, method: dict) -> Generator:
        """A generator with the models and settings with which the run has answered for this row."""
        controllers, policies = (self._seeded(kind, method.get(kind)) for kind in ("controller", "policy"))
        settings = settings_of(GenerationSettings, row["generation"] | {key: row[key] for key in ("seed", "precision")})
        return Generator(Models(self.base, self.experts, controllers, policies), self.preferences, settings)

    def _seeded(self, kind: str, name: str | None) -> dict[int, Path]:
        """The folders of a controller or policy by seed."""
        folders = [] if name is None else [f for f in (self.run / kind / name).glob("seed*") if f.is_dir()]
        return {int(folder.name.removeprefix("seed")): require_listed(self.run, folder) for folder in sorted(folders)}

    def _expert(self, generator: Generator, name: str) -> ServedRow:
        """One expert, which reads its own preference text."""
        row = single_row(generator, {"prompt": "none"}, {name: self.experts[name]}, lambda xi: name)

        def request(pool, controller, prompt, combination, weights):
            return generator.plain_request(pool.names.index(name), prompt, [self.preferences.texts[name]], name), None

        return ServedRow(row.adapters, request, row.mixer)

    def _add(self, name: str, row: ServedRow, generator: Generator, needs_preferences: bool) -> None:
        shared = all(row.adapters[key] in (BASE, self.experts.get(key)) for key in row.adapters)
        pool = self.pool if shared else self.pool.beside(row.adapters)
        controller = decoder = None
        if row.controller is not None:
            if row.controller not in self.loaded:
                known = self.pool.beside(dict.fromkeys(self.preferences.ids, BASE))  # it has outputs for experts only
                module = load_controller(row.controller, known, self.preferences, self.tokenizer)
                self.loaded[row.controller] = module, module.decoder()
            controller, decoder = self.loaded[row.controller]
        needed = needs_preferences or not shared or controller is not None or len(row.adapters) > 1
        self.models[name] = ServedModel(row, generator, pool, row.mixer(pool), controller, decoder, needed)
