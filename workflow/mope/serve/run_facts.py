"""What a page or a client must know about a run to ask it: its preferences, its rows, what each of them takes."""

from mope.errors import MopeError
from mope.methods.names import title
from mope.serve.served_run import ServedModel, ServedRun


def facts_of(run: ServedRun) -> dict:
    """The run's name, dimensions with their preferences, rows, examples and defaults."""
    preferences, settings = run.preferences, run.models["base"].generator.settings
    dimensions = [
        {"name": name, "preferences": [preference_facts(run, i) for i in poles]}
        for name, poles in preferences.dimensions.items()
    ]
    defaults = {"temperature": settings.temperature, "max_tokens": settings.max_new_tokens}
    return {
        "run": run.run.name,
        "dimensions": dimensions,
        "models": [model_facts(run, name, model) for name, model in run.models.items()],
        "examples": run.examples,
        "defaults": defaults | {"seed": settings.seed, "positions": run.positions},
    }


def listed_models(run: ServedRun) -> list[dict]:
    """The models as OpenAI lists them: rows, alone and with each combination, and experts by id and by name."""
    combinations = run.preferences.combinations()
    names = [
        f"{name}{suffix}"
        for name, model in run.models.items()
        for suffix in ["", *(f":{xi}" for xi in combinations if model.needs_preferences)]
    ]
    names += [run.preferences.names[i] for i in run.preferences.ids]
    return [{"id": name, "object": "model", "created": 0, "owned_by": run.run.name} for name in names]


def preference_facts(run: ServedRun, member: str) -> dict:
    """A preference: its id, its name and the sentence that states it."""
    return {"id": member, "name": run.preferences.names[member], "text": run.preferences.texts[member]}


def model_facts(run: ServedRun, name: str, model: ServedModel) -> dict:
    """A row: its title, and whether it needs preferences, takes weights of them, mixes experts.

    `multiplied`: weights are factors on the α of its controller, which was not trained for them.
    """
    titles = {"base": "Base model"} | {i: f"Expert {run.preferences.label(i)}" for i in run.preferences.ids}
    combination = run.preferences.combinations()[0]
    request, _ = model.row.request(model.pool, model.controller, "?", combination, None)
    return {
        "id": name,
        "title": titles.get(name) or title(name),
        "preferences": model.needs_preferences,
        "weights": model.needs_preferences and row_takes_weights(run, model),
        "mixes": len(request.experts) > 1,
        "multiplied": model.controller is not None and not model.row.own_weights,
    }


def row_takes_weights(run: ServedRun, model: ServedModel) -> bool:
    """Whether the row accepts unequal weights of preferences; found by trying."""
    [combination, *_] = run.preferences.combinations()
    count = len(run.preferences.members(combination))
    weights = [2 * (place + 1) / (count * (count + 1)) for place in range(count)]
    try:
        model.row.request(model.pool, model.controller, "?", combination, weights)
    except MopeError:
        return False
    return True
