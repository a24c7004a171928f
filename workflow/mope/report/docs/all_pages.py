"""All generated pages: README.md with its blocks of numbers, and the generated pages of docs/."""

from pathlib import Path

import yaml

from mope.config.load import load_config
from mope.config.run_name import EXPERIMENTS
from mope.config.study_files import read_studies
from mope.provenance.artifact import git_output
from mope.report.docs.configuration_page import configuration_page
from mope.report.docs.costs_page import costs_page
from mope.report.docs.methods_page import chosen_settings, one_line, with_lines
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
    configs = project_configs(root)
    absent = sorted({config["run"] for config in configs.values()} - {run.name for run in every} - {"smoke"})
    judge = next(iter(configs[""]["judges"]))
    return {
        readme: fill(readme.read_text(encoding="utf-8"), readme_blocks(runs, reference, names, absent, judge)),
        docs / "results.md": results_page(runs, docs, names),
        docs / "costs.md": costs_page(every, reference, docs),
        docs / "studies.md": studies_page(studies, every),
        docs / "configuration.md": configuration_page(root),
        methods: fill(with_lines(text, all_methods(configs)), {"sweep": chosen_settings(runs)}, "docs/methods.md"),
    }


def project_configs(root: Path) -> dict[str, dict]:
    """The configuration of config.yaml as "", and of each experiment of the project by its name.

    Experiments that git does not track are a user's own, with which pages do not change; without git all count.
    """
    tracked = git_output("ls-files", "--", EXPERIMENTS, folder=root)
    kept = {Path(line).stem for line in (tracked or "").splitlines()}
    names = [file.stem for file in sorted((root / EXPERIMENTS).glob("*.yaml"))]
    own = [name for name in names if not kept or name in kept]
    changes = {"": {}} | {name: {"experiment": name} for name in own}
    return {name: load_config(root, change, present=False) for name, change in changes.items()}


def all_methods(configs: dict[str, dict]) -> dict[str, dict[str, list[str]]]:
    """Name of a method -> its line in config.yaml and other lines of experiments -> the experiments that have it.

    Lines are compared without `against`, which changes no answer.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for experiment, config in configs.items():
        for name, method in config["methods"].items():
            line = one_line({key: value for key, value in method.items() if key != "against"})
            found.setdefault(name, {}).setdefault(line, []).append(experiment)
    return found
