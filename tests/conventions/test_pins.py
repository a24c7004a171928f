"""One version of each package: pyproject.toml, the conda environments and the constraints agree."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import yaml

from mope.provenance.code import closure


def pinned(lines: list[str]) -> dict[str, str]:
    """Name -> version; names as package indexes compare them."""
    pins = (line.split(" --hash")[0].split("==") for line in lines if re.match(r"^[\w.-]+==", line))
    return {re.sub(r"[-_.]+", "-", name).lower(): version.strip() for name, version in pins}


def direct(root: Path) -> dict[str, str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pins = pinned(lines)
    assert len(pins) == len(lines), "every direct dependency is pinned"
    return pins


def pip_lines(environment: Path) -> list[str]:
    entries = yaml.safe_load(environment.read_text())["dependencies"]
    return next(entry["pip"] for entry in entries if isinstance(entry, dict))


def carriers(root: Path) -> dict[str, str]:
    """Packages of which no code is run: they carry models, and only what uses these needs them."""
    return pinned((root / "envs/smollm2.txt").read_text().splitlines())


def test_the_conda_environments_repeat_the_pins(root: Path) -> None:
    pins = direct(root) | carriers(root)
    files = sorted((root / "envs").glob("*.yaml"))
    assert files
    for file in files:
        found = pinned(pip_lines(file))
        assert len(found) == len(pip_lines(file))
        assert found.items() <= pins.items(), file.name


def test_each_environment_holds_what_its_stages_import(root: Path) -> None:
    distributions = packages_distributions()
    rules = "\n".join(file.read_text() for file in (root / "workflow/rules").glob("*.smk"))
    for rule in re.split(r"^ *rule\b", rules, flags=re.MULTILINE)[1:]:
        environment = root / "envs" / re.search(r'envs/(\w+\.yaml)"', rule).group(1)
        stage = re.search(r'stage\(f?"([\w{}]+)"', rule).group(1).replace("{figure}", "*")
        needed = {
            re.sub(r"[-_.]+", "-", distributions[name][0]).lower()
            for file in closure(root / f"workflow/scripts/{stage}.py")
            for name in imported(file)
            if name in distributions and name != "mope"
        }
        assert needed <= pinned(pip_lines(environment)).keys(), f"{stage}: {environment.name}"


def imported(file: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_the_constraints_hold_the_pins_and_nothing_local(root: Path) -> None:
    lines = (root / "constraints.txt").read_text().splitlines()
    assert direct(root).items() <= pinned(lines).items()
    assert not [line for line in lines if "+" in line or "@" in line or "/" in line]
