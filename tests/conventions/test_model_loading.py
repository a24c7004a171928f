"""No code of a model's folder is ever run: every call that loads a model says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

LOADERS = {"from_pretrained", "from_config"}


def loading_calls(root: Path) -> Iterator[tuple[str, ast.Call]]:
    """The calls of Auto classes, which choose a class by what a folder says; others are classes of a library."""
    for file in sorted((root / "workflow").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOADERS:
                owner = ast.unparse(node.func.value).rpartition(".")[2]
                if owner.startswith("Auto") or not owner[:1].isupper():
                    yield f"{file.relative_to(root)}:{node.lineno}", node


def test_every_loading_call_refuses_a_models_own_code(root: Path) -> None:
    calls = list(loading_calls(root))
    assert len(calls) > 20
    silent = [
        place
        for place, call in calls
        if not any(
            option.arg == "trust_remote_code" and isinstance(option.value, ast.Constant) and option.value.value is False
            for option in call.keywords
        )
    ]
    assert silent == []


def test_nothing_allows_it(root: Path) -> None:
    for file in (root / "workflow").rglob("*.py"):
        assert "trust_remote_code=True" not in file.read_text(), file
