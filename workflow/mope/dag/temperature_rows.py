"""Which rows are one method at several temperatures."""

from mope.dag.stage_settings import without


def temperature_rows(config: dict) -> dict[str, dict]:
    """Row -> `method`, the row that it is at the temperature of `generation`, and its `temperature`.

    A row with a temperature of its own belongs to the first row that differs from it in that alone; without such a row
    it stands for itself. Rows of one temperature only are left out.
    """
    methods, usual = config["methods"], config["generation"]["temperature"]
    plain = {name: without(method, "against") for name, method in methods.items() if "temperature" not in method}
    found: dict[str, dict] = {}
    for row, method in methods.items():
        if "temperature" in method:
            same = without(method, "against", "temperature")
            parent = next((name for name, other in plain.items() if other == same), row)
            if parent != row:
                found.setdefault(parent, {"method": parent, "temperature": usual})
            found[row] = {"method": parent, "temperature": method["temperature"]}
    return found
