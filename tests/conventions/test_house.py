"""The house: each name has one meaning, each file name one place, and no import runs back up."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

# What modules of a folder must have: the interface of its entries, see their table.
INTERFACES = {
    "methods/kinds": {"REQUIRED", "OPTIONAL", "NEEDS", "CHOSEN_BY", "CHOSEN_WITH", "WEIGHTS_WITH", "REQUIRED_WITH"}
    | {"answers", "served"},
    "decoding/mixers": {"REQUIRED", "OPTIONAL", "READS_BASE", "SPACE", "mixer"},
    "report/figures": {"SOURCES", "CAPTION", "draw"},
    "controller/objectives": {"REQUIRED", "OPTIONAL"},
    "training/objectives": {"NEEDS", "REQUIRED", "OPTIONAL", "train"},
    "scripts": {"main", "COLUMNS"},  # COLUMNS: those that a script reads of its tables
    "judging/kinds": {"REQUIRED", "OPTIONAL", "STAGE", "PREFERENCES", "READS", "WORLD_ONLY", "TABLES", "scorer"},
}
LOOSE = {"__init__.py", "errors.py", "preferences.py", "prompting.py"}


def modules(root: Path) -> dict[str, ast.Module]:
    library = root / "workflow/mope"
    return {file.relative_to(library).as_posix(): ast.parse(file.read_text()) for file in library.rglob("*.py")}


def everywhere(root: Path) -> dict[str, ast.Module]:
    """The modules of the library, the scripts and the plugin for Snakemake."""
    others = [file for folder in ("scripts", "snakemake_*") for file in (root / "workflow").glob(f"{folder}/*.py")]
    return modules(root) | {f"{file.parent.name}/{file.name}": ast.parse(file.read_text()) for file in others}


def public_names(tree: ast.Module) -> set[str]:
    """Classes, functions and constants at the top of a module."""
    names = set()
    for node in tree.body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Assign():
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign():
                names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def test_every_public_name_has_one_meaning(root: Path) -> None:
    places = defaultdict(list)
    for file, tree in everywhere(root).items():
        folder = file.rpartition("/")[0]
        for name in public_names(tree) - INTERFACES.get(folder, set()):
            places[name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_every_file_name_is_used_once(root: Path) -> None:
    """Scripts are a list of their own: one bears the name of its stage, which a module of the library may share."""
    places = defaultdict(list)
    for file in modules(root):
        if not file.endswith("__init__.py"):
            places[Path(file).name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_few_modules_lie_loose(root: Path) -> None:
    assert {file for file in modules(root) if "/" not in file} == LOOSE


def imported_folders(root: Path) -> dict[str, set[str]]:
    """Folder -> folders of the library that its modules import; loose modules stand for themselves."""
    found = defaultdict(set)
    for file, tree in modules(root).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mope":
                parts = node.module.split(".")[1:] or [alias.name for alias in node.names]
                found[file.split("/")[0].removesuffix(".py")].add(parts[0])
    return {folder: others - {folder} for folder, others in found.items()}


def test_no_import_runs_back_up(root: Path) -> None:
    """The folders can be put in an order in which each imports only those before it."""
    left = imported_folders(root)
    while left:
        free = [folder for folder, others in left.items() if not others & left.keys()]
        if not free:
            pytest.fail(f"these import each other in a circle: {left}")
        left = {folder: others for folder, others in left.items() if folder not in free}
