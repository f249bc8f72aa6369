"""A check of somebody's own, as ``--plugin`` takes it: how many rows there are."""

from registry.checks import Finding, Need, Outcome, ParameterError, measured


class RowsCheck:
    name = "rows"
    version = "1"
    metrics = {"rows.count": "evaluation rows (count)"}

    def needs(self, parameters):
        if set(parameters) - {"break"}:
            raise ParameterError("The check rows knows 'break' alone.")
        return (Need("rows", "rows", "evaluate"),)

    def measure(self, inputs, context):
        if context.parameters.get("break"):
            raise ZeroDivisionError("Erika Mustermann")
        count = inputs.table("rows").num_rows
        return Outcome((measured("rows.count", count, n=count),), (Finding("counted", "Counted.", "rows"),))


check = RowsCheck()
