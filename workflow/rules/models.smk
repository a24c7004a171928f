# Which models a run trains or takes over, and what each is made from; no rules here.
GENERAL = "general"  # the preference of people who are asked for none: of the RLHF baseline
BODY = ["hidden", "layers", "heads", "intermediate"]  # the shape of a controller's body


def controllers():
    """Names of the controllers that some method uses."""
    return sorted({method["controller"] for method in config["methods"].values() if "controller" in method})


def merged_controller(name):
    """The section `controller` with one controller's own differences, of which a path takes the place of a hub."""
    own = config["controllers"][name]
    return config["controller"] | ({"hub": None} if own.get("path") else {}) | own


def controller_settings(name):
    """Settings of the training of one controller."""
    return without(merged_controller(name), "seeds", "path", "hub", "pretraining")


def body(section):
    """Name of the body that a controller's training begins from: its shape and the examples it was trained on; or none."""
    own = section["path"] is None and section["hub"] is None and section["reads"] != "combination"
    if not own or section["pretraining"] == 0:
        return None
    return "-".join(str(section[key]) for key in (*BODY, "pretraining"))


def bodies():
    """The shape of every body, by its name."""
    sections = map(merged_controller, controllers())
    return {body(section): {key: section[key] for key in BODY} for section in sections if body(section)}


def controller_start(name):
    """Folder of the model that a controller begins from, or none."""
    section = merged_controller(name)
    return f"<artifacts>/body/{body(section)}" if body(section) else starting_model(section)


def controller_models(name):
    """One model for each of the controller's seeds."""
    return [f"<artifacts>/controller/{name}/seed{seed}" for seed in config["controller"]["seeds"]]


def controller_preferences(name):
    """The preferences that a controller meets in training: those of its combinations."""
    chosen = controller_settings(name)["combinations"] or preferences.combinations()
    return [i for i in preferences.ids if any(i in preferences.members(xi) for xi in chosen)]


def policies():
    """Names of the policies that some method uses."""
    return sorted({method["policy"] for method in config["methods"].values() if "policy" in method})


def policy_models(name):
    """One model for each of the controllers' seeds."""
    return [f"<artifacts>/policy/{name}/seed{seed}" for seed in config["controller"]["seeds"]]


def controller_reference(name):
    """The reference answers that a controller's rewards compare with."""
    source = controller_settings(name)["reference"]
    return (
        "<artifacts>/reference/train.parquet" if source == "plain" else f"<artifacts>/reference/{source}/train.parquet"
    )


def of_preferences(kind, ids):
    """Models of a kind, one for each preference."""
    return [f"<artifacts>/{kind}/{preference}" for preference in ids]


def experts():
    return of_preferences("expert", preferences.ids)


def rewards():
    return of_preferences("reward", preferences.ids)


def policy_parts(wildcards):
    """What a policy learns from: the general reward model, those of all preferences, or their feedback itself."""
    match config["policies"][wildcards.policy]["objective"]:
        case "general":
            return {"rewards": of_preferences("reward", [GENERAL])}
        case "combined":
            return {"rewards": rewards()}
        case "imitation":
            return {"feedback": expand("<artifacts>/feedback/{preference}.parquet", preference=preferences.ids)}


def starting_model(section):
    """Folder of the model that a base or controller begins from: the user's own, or one that is downloaded; or none."""
    if section["hub"] is not None:
        hub = section["hub"]
        return f"<artifacts>/download/{'--'.join(Path(hub['id']).parts).lower()}-{hub['revision'][:8]}"
    return section["path"] or []


def models_on_hub():
    """Name of the folder -> id and revision."""
    sections = [config["base"], *(merged_controller(name) for name in controllers())]
    return {Path(starting_model(s)).name: s["hub"] for s in sections if s["hub"] is not None}


def method_models(wildcards):
    """What a method needs beside the base model."""
    method = config["methods"][wildcards.method]
    models = {
        "experts": experts,
        "rewards": rewards,
        "controllers": lambda: controller_models(method["controller"]),
        "policies": lambda: policy_models(method["policy"]),
    }
    needed = {part: models[part]() for part in sorted(needs(method))}
    if "rewards" in needed:
        needed["reference"] = of_each_set("<artifacts>/reference/{set}.parquet")
    return needed


def model_options(wildcards, input):
    """Command-line options for the models among the inputs: `--experts P1A=... --experts P1B=...` and so on."""
    options = []
    for key in ("experts", "rewards", "controllers", "policies"):
        for path in input.get(key, []):
            options.append(f"--{key} {Path(path).name.removeprefix('seed')}={path}")
    options += [f"--feedback {path}" for path in input.get("feedback", []) if not isinstance(input.feedback, str)]
    if "reference" in input.keys() and not isinstance(input.reference, str):
        options.append(set_options("--reference", input.reference))
    return " ".join(options)


def benchmarked_models(wildcards):
    """What the benchmarks need: the models of the run, if they are among those to be measured."""
    if "run" not in config["benchmark"]["models"]:
        return {}
    return {"base": "<artifacts>/base", "experts": experts(), "controller": controller_models("mope")[0]}


def benchmarked_options(wildcards, input):
    """Command-line options for these."""
    if "base" not in input.keys():
        return ""
    own = f"--name {config['run']} --base {input.base} --controller {input.controller}"
    return f"{own} {model_options(wildcards, input)}"
