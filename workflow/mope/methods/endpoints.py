"""What can be known of the servers of remote experts before the first job: who is missing, addresses, keys.

Standard library only: the Snakefile calls this while it is parsed, and before the first job.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping

from mope.runtime.secret import read_key
from mope.runtime.server_address import address_problem, secrets_in

_Problem = tuple[tuple[str, ...], str]
COMPLETIONS_CALL = "/completions"
SET_BY_POOL = ("model", "prompt", "max_tokens", "temperature", "logprobs", "n", "stream")
BY_DEFAULT = {"top_k": 20, "concurrency": 16, "timeout": 60.0, "attempts": 5}  # timeout: seconds per call


def expert_key(endpoint: Mapping, environment: Mapping[str, str] = os.environ) -> str:
    """The key of an endpoint, from the environment variable that it names; empty where it names none or none is set."""
    return read_key(endpoint["key_variable"], environment) if "key_variable" in endpoint else ""


def endpoint_problems(name: str, method: dict, experts: list[str]) -> Iterator[_Problem]:
    """(key, problem) for the endpoints of a method, which are to be those of `experts`; no value may be a secret."""
    key, endpoints = ("methods", name, "endpoints"), method["endpoints"]
    for expert in experts:
        if expert not in endpoints:
            yield key, f"{expert} is missing; an endpoint for each of {', '.join(experts)} is expected"
    for expert, endpoint in endpoints.items():
        if expert not in experts:
            yield (*key, expert), f"takes no part; {', '.join(experts)} are expected"
        problem = address_problem(endpoint["base_url"], COMPLETIONS_CALL)
        if problem:
            yield (*key, expert, "base_url"), problem
        if not re.fullmatch("[A-Z_][A-Z0-9_]*", endpoint.get("key_variable", "A")):  # not repeated: it may be the key
            expected = "not the name of an environment variable, such as EXPERT_API_KEY, which is expected"
            yield (*key, expert, "key_variable"), expected
        for parameter in endpoint.get("extra", {}):
            if parameter in SET_BY_POOL:
                yield (*key, expert, "extra", parameter), "is no further parameter: every call sets it itself"
        for place in secrets_in(endpoint.get("extra", {})):
            yield (*key, expert, "extra", *place), "may be a secret, which would be kept; key_variable is expected"
        try:
            json.dumps(endpoint.get("extra", {}), allow_nan=False)
        except (TypeError, ValueError):
            yield (*key, expert, "extra"), "holds something that JSON has no form for; texts and numbers are expected"


def missing_keys(methods: Mapping[str, dict], environment: Mapping[str, str]) -> Iterator[str]:
    """What would stop these methods after hours of training: a key that an endpoint names and that is not set."""
    for name, method in methods.items():
        for expert, endpoint in method.get("endpoints", {}).items():
            if "key_variable" in endpoint and not expert_key(endpoint, environment):
                yield (
                    f"methods.{name}.endpoints.{expert}: {endpoint['key_variable']} is not set, "
                    "the environment variable that holds the server's key is expected"
                )
