"""`rules_of.py OUT`: the rules of the Snakefile in the working directory as JSON, after Snakemake has read them."""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings


def main() -> None:
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        found = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))
        workflow = found._get_workflow(check_envvars=False)  # as `snakemake --lint` does
        workflow.include(found.snakefile, overwrite_default_target=True)
        rules = [
            {
                "name": rule.name,
                "output": list(map(str, rule.output)),
                "log": list(map(str, rule.log)),
                "benchmark": str(rule.benchmark or ""),
                "conda": str(rule.conda_env or ""),
                "shell": rule.shellcmd,
                "resources": list(rule.resources),
                "priority": rule.priority,
            }
            for rule in workflow.rules
            if rule.shellcmd
        ]
    Path(sys.argv[1]).write_text(json.dumps(rules))


if __name__ == "__main__":
    main()
