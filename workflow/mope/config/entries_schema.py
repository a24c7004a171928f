"""The parts of the schema that come from tables of entries, such as the kinds of methods and the mixing rules.

In `config.schema.yaml` three keywords of our own stand for them, each with the dotted name of a table:
`entry_of: TABLE`   a name of the table;
`kind_of: TABLE`    a mapping whose `kind` (or the key that `by` names) is a name of the table, with the keys that this
                    entry declares (REQUIRED and OPTIONAL), and those of `shared`;
`keys_of: TABLE`    beside `properties`: the keys that the table's entries declare are allowed too.
"""

from mope.provenance.declared import declared, modules

MIXER_TABLE, FORM_TABLE = "mope.decoding.mixer_table", "mope.rewards.form_table"


def resolved(schema: object) -> object:
    """The schema with these keywords written out in those of JSON schema."""
    if isinstance(schema, list):
        return [resolved(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "entry_of" in schema:
        return {"enum": list(modules(schema["entry_of"]))}
    if "kind_of" in schema:
        return _by_kind(declared(schema["kind_of"]), schema.get("by", "kind"), resolved(schema.get("shared", {})))
    if "keys_of" in schema:
        further = {key: rule for keys in entry_keys(schema["keys_of"]).values() for key, rule in keys.items()}
        known = {key: part for key, part in schema.items() if key != "keys_of"}
        return resolved(known | {"properties": known["properties"] | further})
    return {key: resolved(value) for key, value in schema.items()}


def required_keys(table: str) -> dict[str, dict]:
    """Entry -> the keys that it requires of what uses it, with their schemas."""
    return {name: constants.get("REQUIRED", {}) for name, constants in declared(table).items()}


def entry_keys(table: str) -> dict[str, dict]:
    """Entry -> all keys that it knows, those that it requires first, with their schemas."""
    return {name: keys | declared(table)[name].get("OPTIONAL", {}) for name, keys in required_keys(table).items()}


def mixers_of_space(space: str) -> list[str]:
    """The mixing rules that take a controller which was trained in this space."""
    return [name for name, constants in declared(MIXER_TABLE).items() if constants.get("SPACE") == space]


def reads_base(mixer: str) -> bool:
    """Whether the bare base model takes part in this mixing rule."""
    return declared(MIXER_TABLE)[mixer]["READS_BASE"]


def form_takes_weights(form: str) -> bool:
    """Whether weights of graded preferences make a difference to a form of the reward."""
    return declared(FORM_TABLE)[form].get("TAKES_WEIGHTS", True)


def _by_kind(kinds: dict[str, dict], by: str, shared: dict) -> dict:
    rules = []
    for kind, constants in kinds.items():
        required, optional = dict(constants.get("REQUIRED", {})), dict(constants.get("OPTIONAL", {}))
        if "mixer" in required:  # the mixing rules have a table of their own
            mixers = entry_keys(MIXER_TABLE)
            required["mixer"] = {"enum": list(mixers)}
            optional |= {key: rule for keys in mixers.values() for key, rule in keys.items()}
        closed = {
            "additionalProperties": False,
            "required": [by, *required],
            "properties": {by: True} | required | optional | shared,
        }
        rules.append({"if": {"required": [by], "properties": {by: {"const": kind}}}, "then": closed})
    return {"type": "object", "required": [by], "properties": {by: {"enum": list(kinds)}}, "allOf": rules}
