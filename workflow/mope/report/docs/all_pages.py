"""All generated pages: README.md with its blocks of numbers, and the generated pages of docs/."""

from pathlib import Path

import yaml

from mope.config.load import load_config
from mope.config.run_name import known_runs
from mope.config.study_files import read_studies
from mope.report.docs.configuration_page import configuration_page
from mope.report.docs.costs_page import costs_page
from mope.report.docs.methods_page import chosen_settings, with_lines
from mope.report.docs.readme_blocks import fill, readme_blocks
from mope.report.docs.reference_runs import read_reference
from mope.report.docs.results_page import results_page
from mope.report.docs.studies_page import only_in_studies, studies_page


def generated_pages(root: Path) -> dict[Path, str]:
    """Every generated page of the project in folder `root`, with its text."""
    docs, reference = root / "docs", root / "results/reference"
    every, studies = read_reference(reference), read_studies(root)
    runs = [run for run in every if run.name not in only_in_studies(studies)]
    names = yaml.safe_load((root / "workflow/prompts/preferences.yaml").read_text(encoding="utf-8"))["names"]
    readme, methods = root / "README.md", docs / "methods.md"
    text = methods.read_text(encoding="utf-8")
    absent = sorted({*known_runs(root)} - {run.name for run in every} - {"smoke"})
    judge = next(iter(load_config(root, present=False)["judges"]))
    return {
        readme: fill(readme.read_text(encoding="utf-8"), readme_blocks(runs, reference, names, absent, judge)),
        docs / "results.md": results_page(runs, docs, names),
        docs / "costs.md": costs_page(every, reference, docs),
        docs / "studies.md": studies_page(studies, every),
        docs / "configuration.md": configuration_page(root),
        methods: fill(with_lines(text, all_methods(root)), {"sweep": chosen_settings(runs)}, "docs/methods.md"),
    }


def all_methods(root: Path) -> dict[str, dict]:
    """The methods of config.yaml, then those that experiments add."""
    methods = load_config(root, present=False)["methods"]
    for file in sorted((root / "workflow/experiments").glob("*.yaml")):
        for name, method in load_config(root, {"experiment": file.stem}, present=False)["methods"].items():
            methods.setdefault(name, method)
    return methods
