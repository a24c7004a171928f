"""Where the files of a run lie: `<artifacts>` and `<results>` are its folders, path variables of the Snakefile.

A name may also be a wildcard such as `{method}`, which makes a pattern of the path.
"""


def model(kind: str, name: str) -> str:
    """An expert, a reward model or the like."""
    return f"<artifacts>/{kind}/{name}"


def seeded(kind: str, name: str, seed: int | str) -> str:
    """A controller or a policy, which is trained once with each seed."""
    return f"<artifacts>/{kind}/{name}/seed{seed}"


def prompts(set: str) -> str:
    """The prompts of the training or of an evaluation set."""
    return f"<artifacts>/data/{set}.parquet"


def feedback(preference: str) -> str:
    """The pairs of answers of which one was chosen under a preference."""
    return f"<artifacts>/feedback/{preference}.parquet"


def reference(set: str, source: str = "plain") -> str:
    """The base's answers to the `plain` prompts, or to those with the texts of the preferences (`prompted`)."""
    return (
        f"<artifacts>/reference/{set}.parquet" if source == "plain" else f"<artifacts>/reference/{source}/{set}.parquet"
    )


def responses(set: str, method: str) -> str:
    """A method's answers to an evaluation set."""
    return f"<artifacts>/responses/{set}/{method}.parquet"


def scores(set: str, method: str) -> str:
    """The rewards of these answers."""
    return f"<artifacts>/scores/{set}/{method}.parquet"


def front_file(kind: str, set: str, method: str) -> str:
    """A method's `responses` to an evaluation set at every weight of a grid, or their `scores`."""
    return f"<results>/fronts/{kind}/{set}/{method}.parquet"


def judgments(set: str, judge: str, pair: str) -> str:
    """A judge's verdicts on a pair of methods `a--b`, on an evaluation set."""
    return f"<results>/judgments/{set}/{judge}/{pair}.parquet"


def table(name: str, suffix: str = "csv") -> str:
    """A table of the results."""
    return f"<results>/tables/{name}.{suffix}"


def figure(name: str, suffix: str) -> str:
    """A figure of the results."""
    return f"<results>/figures/{name}.{suffix}"
