"""README.md and docs/ are what the generators write, short, and point at what exists."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from mope.errors import MopeError
from mope.report.docs.all_pages import generated_pages
from mope.report.docs.readme_blocks import fill

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [page.relative_to(ROOT).as_posix() for page in WRITTEN]


def test_the_committed_pages_are_those_that_the_generators_write(root: Path) -> None:
    for file, text in generated_pages(root).items():
        assert file.read_text(encoding="utf-8") == text, f"{file.name}: run `make docs`"


def test_the_front_door_is_short(root: Path) -> None:
    assert len((root / "README.md").read_text().splitlines()) <= 160


@pytest.mark.parametrize("page", NAMES)
def test_links_and_pictures_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?://", link):
            target, _, anchor = link.partition("#")
            file = (ROOT / page).parent / target
            assert file.exists(), f"{page}: {link}"
            words = re.escape(anchor).replace(r"\-", "[- ]")
            heading = re.compile(rf"^#+ `?{words}`?$", re.MULTILINE | re.IGNORECASE)
            assert not anchor or heading.search(file.read_text()), f"{page}: {link}"


@pytest.mark.parametrize("page", [name for name in NAMES if name != "README.md"])
def test_every_page_can_be_reached_from_the_readme(page: str) -> None:
    linked, waiting = set(), [ROOT / "README.md"]
    while waiting:
        file = waiting.pop()
        if file not in linked:
            linked.add(file)
            found = re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", file.read_text())
            waiting += [(file.parent / link).resolve() for link in found if not link.startswith("http")]
    assert ROOT / page in linked


def test_every_equation_is_where_the_readme_says(root: Path) -> None:
    rows = re.findall(r"^\| [^|]+ \| ([^|]*workflow/mope[^|]*) \|$", (root / "README.md").read_text(), re.MULTILINE)
    pairs = [pair for row in rows for pair in re.findall(r"(?:`(\w+)`[^`]*)?`(workflow/mope/\w+/[\w/]+\.py)`", row)]
    assert len(pairs) >= 6
    for name, path in pairs:
        tree = ast.parse((root / path).read_text())
        assert not name or name in {getattr(node, "name", None) for node in tree.body}, f"{path}: {name}"


def test_the_map_has_every_room_of_the_library(root: Path) -> None:
    rooms = {file.parent.name for file in (root / "workflow/mope").glob("*/__init__.py")}
    told = set(re.findall(r"^\| `workflow/mope/(\w+)` \|", (root / "README.md").read_text(), re.MULTILINE))
    assert rooms <= told


@pytest.mark.parametrize("page", NAMES)
def test_every_key_of_the_configuration_that_a_page_names_exists(page: str) -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for section, key in re.findall(r"`(\w+)\.(\w+)`", (ROOT / page).read_text()):
        if isinstance(config.get(section), dict):
            assert key in config[section], f"{page}: `{section}.{key}`"


def test_fill_replaces_only_the_block_and_needs_it() -> None:
    text = "a\n<!-- x -->\nold\n<!-- end x -->\nb\n"
    filled = fill(text, {"x": "| 1 |"})
    assert filled == "a\n<!-- x -->\n| 1 |\n<!-- end x -->\nb\n"
    assert fill(filled, {"x": "| 1 |"}) == filled
    with pytest.raises(MopeError, match="no block <!-- y -->"):
        fill(text, {"y": ""})
