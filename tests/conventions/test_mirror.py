"""The unit tests mirror the library, so that a reader finds the tests of a module by its path."""

import ast
from pathlib import Path


def places(root: Path) -> dict[str, str]:
    """Name of a module of the library -> its folder."""
    library = root / "workflow/mope"
    return {file.stem: file.parent.relative_to(library).as_posix() for file in library.rglob("[!_]*.py")}


def unit_tests(root: Path) -> dict[Path, str]:
    """Files of unit tests -> their folder below tests/unit."""
    unit = root / "tests/unit"
    return {file: file.parent.relative_to(unit).as_posix() for file in sorted(unit.rglob("test_*.py"))}


def imports_from(file: Path, folder: str) -> bool:
    """Whether a file imports from a folder of the library or from one below it."""
    package = ".".join(["mope", *Path(folder).parts])
    nodes = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom))
    return any(f"{node.module}.".startswith(f"{package}.") for node in nodes)


def test_a_test_that_is_named_as_a_module_lies_where_the_module_does(root: Path) -> None:
    modules = places(root)
    named = {file: folder for file, folder in unit_tests(root).items() if file.stem[5:] in modules}
    assert {str(file): folder for file, folder in named.items() if folder != modules[file.stem[5:]]} == {}


def test_any_other_test_lies_in_the_folder_that_it_imports_from_or_runs_stages(root: Path) -> None:
    """A test of scripts that run as processes lies in `stages` of the folder whose work they do."""
    modules = places(root)
    for file, folder in unit_tests(root).items():
        if file.parent.name == "stages":
            assert file.parent.parent.name in modules.values(), file
        elif file.stem[5:] not in modules:
            assert imports_from(file, folder), f"{file}: imports nothing of mope/{folder}"
