"""The parts of the schema that come from tables of entries, such as the kinds of methods and the mixing rules.

In `config.schema.yaml` two keywords of our own stand for them, each with the dotted name of a table:
`entry_of: TABLE`            a name of the table;
`kind_of: TABLE`             a mapping whose `kind` is a name of the table, with the keys that this entry declares
                             (REQUIRED and OPTIONAL), and those of `shared`.
"""

from mope.provenance.declared import declared, modules

MIXER_TABLE, FORM_TABLE = "mope.decoding.mixer_table", "mope.rewards.form_table"


def resolved(schema: object) -> object:
    """The schema with both keywords written out in those of JSON schema."""
    if isinstance(schema, list):
        return [resolved(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "entry_of" in schema:
        return {"enum": list(modules(schema["entry_of"]))}
    if "kind_of" in schema:
        return _by_kind(declared(schema["kind_of"]), schema.get("shared", {}))
    return {key: resolved(value) for key, value in schema.items()}


def mixer_keys() -> dict[str, dict]:
    """Mixing rule -> the keys that it requires beside those of every mixture, with their schemas."""
    return {name: constants["REQUIRED"] for name, constants in declared(MIXER_TABLE).items()}


def reads_base(mixer: str) -> bool:
    """Whether the bare base model takes part in this mixing rule."""
    return declared(MIXER_TABLE)[mixer]["READS_BASE"]


def form_takes_weights(form: str) -> bool:
    """Whether weights of graded preferences make a difference to a form of the reward."""
    return declared(FORM_TABLE)[form].get("TAKES_WEIGHTS", True)


def _by_kind(kinds: dict[str, dict], shared: dict) -> dict:
    rules = []
    for kind, constants in kinds.items():
        required, optional = dict(constants["REQUIRED"]), dict(constants["OPTIONAL"])
        if "mixer" in required:  # the mixing rules have a table of their own
            required["mixer"] = {"enum": list(mixer_keys())}
            optional |= {key: rule for keys in mixer_keys().values() for key, rule in keys.items()}
        closed = {
            "additionalProperties": False,
            "required": ["kind", *required],
            "properties": {"kind": True} | required | optional | shared,
        }
        rules.append({"if": {"required": ["kind"], "properties": {"kind": {"const": kind}}}, "then": closed})
    return {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}, "allOf": rules}
