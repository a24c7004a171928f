"""What the judges of config.yaml are. It imports little, because the Snakefile calls it while it is parsed."""

from collections.abc import Collection

from mope.provenance.declared import declared

JUDGES = "mope.judging.judge_table"
REWARD_MODELS = "reward_models"  # in a column `judge` of tables: those that experts and controllers were trained on


def kinds_of(stage: str) -> list[str]:
    """The kinds of judges that a stage runs."""
    return [kind for kind, constants in declared(JUDGES).items() if constants["STAGE"] == stage]


def stage_of(kind: str) -> str:
    """The stage that runs a kind of judge."""
    return declared(JUDGES)[kind]["STAGE"]


def tables_about(kinds: Collection[str]) -> list[str]:
    """Tables about one of these kinds of judges alone, which a run has where it has such a judge."""
    return [
        table for kind, constants in declared(JUDGES).items() if kind in kinds for table in constants.get("TABLES", [])
    ]


def kinds_for_any() -> list[str]:
    """The kinds of judges that know any preference, and answers to any question."""
    return [kind for kind in declared(JUDGES) if known_preferences(kind) is None and not world_only(kind)]


def known_preferences(kind: str) -> list[str] | None:
    """The preferences that a kind of judge knows; `None` where it knows any."""
    return declared(JUDGES)[kind].get("PREFERENCES")


def world_only(kind: str) -> bool:
    """Whether a kind of judge knows answers to questions of the embedded world only."""
    return declared(JUDGES)[kind].get("WORLD_ONLY", False)


def embeds_sentences(kind: str) -> bool:
    """Whether a kind of judge needs the model of sentence embeddings."""
    return declared(JUDGES)[kind].get("EMBEDS_SENTENCES", False)


def files_read(kinds: list[str]) -> list[str]:
    """Patterns, below workflow/mope, of the data files that these kinds of judges read beside the world's."""
    patterns = (pattern for kind in kinds for pattern in declared(JUDGES)[kind].get("READS", []))
    return list(dict.fromkeys(patterns))
