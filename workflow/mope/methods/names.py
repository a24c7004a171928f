"""What methods are called in tables, figures and texts. Standard library only: the Snakefile imports this."""

FOCUS = "mope"  # the method that is reproduced; figures emphasise it
NAMES = {  # id -> title, and a short title where space is scarce
    "vanilla": ("Vanilla prompting", "Vanilla"),
    "prompting": ("Preference prompting", "Prompting"),
    "expert_best": ("Best expert", "Best expert"),
    "soup_factor": ("Soup (factor average)", "Soup (factor)"),
    "soup_exact": ("Soup (exact average)", "Soup (exact)"),
    "soup_sum": ("Soup (sum)", "Soup (sum)"),
    "soup_ties": ("Soup (TIES)", "Soup (TIES)"),
    "soup_dare": ("Soup (DARE)", "Soup (DARE)"),
    "uniform": ("MoPE (uniform)", "Uniform"),
    "mod": ("MOD (logit mixing)", "MOD"),
    "arithmetic": ("Model arithmetic", "Arithmetic"),
    "guided": ("Reward-guided decoding", "Guided"),
    "best_of_3": ("Best of 3", "Best of 3"),
    "best_of_16": ("Best of 16", "Best of 16"),
    "constant": ("Constant weights", "Constant"),
    "mope": ("MoPE", "MoPE"),
    "rlhf": ("RLHF", "RLHF"),
    "multitask": ("Multitask", "Multitask"),
    "pmorl": ("P-MORL", "P-MORL"),
}


def title(method: str) -> str:
    """A method's name, e.g. `Soup (exact average)`; see `_names` for ids that the table does not list."""
    return _names(method)[0]


def short_title(method: str) -> str:
    """A method's name where space is scarce, e.g. `Soup (exact)`."""
    return _names(method)[1]


def _names(method: str) -> tuple[str, str]:
    """Names made from an id that the table does not list: My method of `my_method`, MoPE raw of `mope_raw`."""
    if method in NAMES:
        return NAMES[method]
    parents = [name for name in NAMES if method.startswith(f"{name}_")]
    if not parents:
        words = method.replace("_", " ")
        return (words[:1].upper() + words[1:],) * 2
    parent = max(parents, key=len)
    rest = method.removeprefix(f"{parent}_").replace("_", " ")
    return (f"{NAMES[parent][1]} {rest}",) * 2
