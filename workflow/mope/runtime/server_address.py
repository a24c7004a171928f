"""A server of OpenAI's protocol as the configuration names it: its address, and no secret. Standard library only."""

from urllib.parse import SplitResult, urlsplit

SECRETS = ("api_key", "apikey", "api-key", "key", "token", "secret", "password", "authorization")


def may_be_secret(parameter: object) -> bool:
    """Whether a parameter of calls has a name by which keys are passed; a configuration is kept with the results."""
    return str(parameter).lower() in SECRETS


def address_problem(address: str, call: str) -> str | None:
    """What is wrong with the address of a server, to which every call adds `call`, if anything."""
    expected = "an address such as https://api.example.com/v1 is expected"
    try:
        url: SplitResult = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:  # it is not repeated: what stands for the port may be a password
        return f"has a port or brackets that no address has; {expected}"
    if "@" in address or url.query:  # not repeated, either
        return "holds a name, password or query; an address alone is expected, the key by key_variable"
    plain = address.isprintable() and not any(character.isspace() for character in address)
    if url.scheme not in ("http", "https") or not host or port == 0 or url.fragment or not plain:
        return f"{address!r} found, {expected}"
    if url.path.rstrip("/").endswith(call):
        return f"{address!r} found, it is expected without {call}, which every call adds"
    return None
