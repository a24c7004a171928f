"""Whether the models can be had that a configuration names: folders, GGUF files, packages."""

import os
from collections.abc import Iterator
from pathlib import Path

from mope.errors import MopeError
from mope.judging.preflight import Problem
from mope.training.base_source import BASE_SOURCES, KNOWN_PACKAGES, check_gguf, gguf_file, given, sha256_of
from mope.training.families import check_family_type
from mope.training.model_code import check_no_code
from mope.training.model_folder import check_model_folder


def model_folder_problems(config: dict, directory: Path) -> Iterator[Problem]:
    """Problems of the folders of models that base and controllers begin from; `directory`: where their paths begin."""
    named = {("controllers", name): entry for name, entry in config["controllers"].items()}
    for key, entry in {("base",): config["base"], ("controller",): config["controller"], **named}.items():
        path = entry.get("path")
        if path is None:
            continue
        if entry.get("hub") is not None and key != ("base",):
            yield (*key, "hub"), f"path {path} is given too; one of the two is expected"
        if os.path.isfile(directory / path):
            gguf = " (a GGUF file: base.gguf)" if key == ("base",) else ""
            yield (*key, "path"), f"{path} is a file; a folder with a model, or null, is expected{gguf}"
        elif not os.path.isdir(directory / path):
            yield (*key, "path"), f"folder {path} does not exist; a folder with a model, or null, is expected"
        elif not os.path.isfile(directory / path / "config.json"):
            yield (*key, "path"), f"folder {path} has no config.json; a folder made by save_pretrained is expected"
        else:
            try:
                check_no_code(directory / path, f"folder {path}")
                found = check_model_folder(directory / path)
                if key == ("base",):
                    check_family_type(found, f"base.path {path}")
            except MopeError as error:
                yield (*key, "path"), str(error)
    for key, entry in {("controller",): config["controller"], **named}.items():
        for source in ("path", "hub"):
            if entry.get(source) is not None and not given(config["base"]):
                expected = "a base of your own (path, hub, gguf or package), which has the same tokens, is expected"
                yield (*key, source), f"{entry[source]} found, but the base is trained here; {expected}"


def base_source_problems(base: dict) -> Iterator[Problem]:
    """Problems of the section `base` alone: more than one source, or a digest that nothing is checked by."""
    sources = given(base)
    if len(sources) > 1:
        first = sources[0]
        yield ("base", sources[1]), f"{first} {base[first]} is given too; one of {', '.join(BASE_SOURCES)} is expected"
    elif base["sha256"] is not None and not set(sources) & {"gguf", "package"}:
        yield ("base", "sha256"), "needless; only a base from a GGUF file (gguf or package) has this key"


def gguf_problems(config: dict, root: Path) -> Iterator[Problem]:
    """Whether there is a GGUF file; the stage that converts it reads and hashes it."""
    base = config["base"]
    key = ("base", "gguf" if base["package"] is None else "package")
    try:
        file = gguf_file(base, root)
        if file is not None:
            check_gguf(file)
    except MopeError as error:
        yield key, str(error)
        return
    except OSError as error:
        yield key, f"{file} cannot be read ({error.strerror}); a GGUF file is expected"
        return
    if base["package"] is not None and base["sha256"] is None and base["package"] not in KNOWN_PACKAGES:
        yield ("base", "sha256"), f"null; that of the package's file is expected: {sha256_of(file)} if you trust it"
