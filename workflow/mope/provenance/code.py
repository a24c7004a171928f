"""Digest of the code that a stage runs: its script and every project module that the script imports.

Comments, docstrings and formatting do not count. The digest is the same on every Python from 3.11 on; `ast.dump` would
not do, because its output changes between minor versions. Standard library only: the Snakefile calls this when it is
parsed.
"""

import ast
import functools
import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from mope.errors import MopeError

DYNAMIC = {"__import__", "import_module", "exec_module", "spec_from_file_location", "run_module", "run_path"}
IGNORED = {"ctx", "kind", "type_comment", "type_ignores"}


Chosen = Mapping[str, Collection[str]]  # dotted name of a table -> its entries that count
Imports = tuple[tuple[str, bool], ...]  # names that a file imports, each with whether it must be a module
WHOLE_TABLES: Chosen = MappingProxyType({})


def digest(script: Path | str, chosen: Chosen = WHOLE_TABLES) -> str:
    """SHA-256 (hex) of `<root>/scripts/<stage>.py` and of all modules below `<root>` that it imports, at any depth.

    `chosen` maps a table, such as `mope.report.figures.table`, to the entries that the stage uses. A table is a module
    that imports one module for each entry, named as the entry. Only the modules of chosen entries count, so that a new
    entry does not change the digests of stages that use others.

    Imports inside functions count. Raises `MopeError` for relative and dynamic imports, which cannot be followed,
    for a project module that does not exist, and for source that cannot be parsed.
    """
    files = closure(Path(script).resolve(), chosen)
    root = Path(script).resolve().parent.parent
    lines = [f"{file.relative_to(root).as_posix()} {_read(file)[0]}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def closure(script: Path, chosen: Chosen = WHOLE_TABLES) -> list[Path]:
    """The script and every project file that it imports, sorted by path; for tables only the `chosen` entries' files.

    Raises `MopeError` as `digest` does.
    """
    tables = {script.parent.parent.joinpath(*name.split(".")).with_suffix(".py"): name for name in chosen}
    folders = [script.parent.parent, script.parent]  # `import mope.x`, and a module that lies beside the script
    found: set[Path] = set()
    waiting, seen = [script], set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        imports = _read(file)[1]
        if file in tables:
            imports = _entries(file, imports, chosen[tables[file]])
        else:
            found.add(file)
        for name, required in imports:
            modules = [path for folder in folders for path in _files(folder, name)]
            if required and not modules and (folders[0] / name.split(".")[0] / "__init__.py").is_file():
                raise MopeError(f"{file}: imports {name}, but there is no such module below {folders[0]}")
            waiting.extend(modules)
    return sorted(found)


def _entries(table: Path, imports: Imports, chosen: Collection[str]) -> Imports:
    """Those of a table's imports that are modules of chosen entries; `MopeError` for an entry without a module."""
    kept = tuple((name, True) for name, _ in imports if name.startswith("mope.") and name.split(".")[-1] in chosen)
    for entry in sorted(set(chosen) - {name.split(".")[-1] for name, _ in kept}):
        raise MopeError(f"{table}: imports no module named {entry}; each entry of a table is a module of that name")
    return kept


def _files(folder: Path, name: str) -> list[Path]:
    """Files that `import name` runs: the `__init__.py` of each package, then the module; [] if there is none."""
    parts = name.split(".")
    module = folder.joinpath(*parts)
    files = [folder.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    if module.with_suffix(".py").is_file():
        return [*(file for file in files[:-1] if file.is_file()), module.with_suffix(".py")]
    return [file for file in files if file.is_file()] if files[-1].is_file() else []


def _read(file: Path) -> tuple[str, Imports]:
    try:
        return _parse(file.read_bytes())
    except OSError as error:
        raise MopeError(f"{file}: cannot be read ({error.strerror}); a stage's script was expected") from None
    except (SyntaxError, ValueError) as error:
        raise MopeError(f"{file}: not a Python file that can be followed: {error}") from None


@functools.cache
def _parse(source: bytes) -> tuple[str, Imports]:
    """Digest of the canonical tree, and the imported names with whether each must be a module.

    `from a import b` asks for module a, and for a.b only if that is a module.
    """
    tree = ast.parse(source)
    names: set[tuple[str, bool]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update((alias.name, True) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"line {node.lineno}: relative import; write `from mope.x import y`")
            names.add((node.module, True))
            names.update((f"{node.module}.{alias.name}", False) for alias in node.names)
        used = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
        if isinstance(node, ast.Name | ast.Attribute | ast.alias) and used in DYNAMIC:
            raise ValueError(f"line {node.lineno}: dynamic import `{used}`; write a plain import statement")
    return hashlib.sha256(canonical(tree).encode()).hexdigest(), tuple(sorted(names))


def canonical(value: object) -> str:
    """The syntax tree as text, without positions, docstrings and empty fields; strings are escaped to ASCII."""
    if isinstance(value, list):
        return f"[{','.join(canonical(item) for item in value if not _is_bare_text(item))}]"
    if not isinstance(value, ast.AST):
        return f"{type(value).__name__} {ascii(value)}"
    fields = []
    for name in sorted(value._fields):
        content = getattr(value, name, None)
        if isinstance(value, ast.JoinedStr) and name == "values":
            content = _merged(content)
        if name not in IGNORED and content is not None and content != []:
            fields.append(f"{name}={canonical(content)}")
    return f"{type(value).__name__}({','.join(fields)})"


def _is_bare_text(node: object) -> bool:
    """Whether a statement is only a string: a docstring, or a comment written as a string."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _merged(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string with adjacent literals joined, because Python versions split them differently."""
    merged: list[ast.expr] = []
    for value in values:
        if merged and isinstance(value, ast.Constant) and isinstance(merged[-1], ast.Constant):
            merged[-1] = ast.Constant(merged[-1].value + value.value)
        elif not (isinstance(value, ast.Constant) and value.value == ""):
            merged.append(value)
    return merged
