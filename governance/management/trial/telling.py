"""The answer to a trial as text: the verdict, the table of its items, the groups, what was left out and why."""

from collections.abc import Iterator, Sequence
from typing import Any

ITEM = ("outcome", "metric", "group", "value", "interval", "n", "limit")
SHOWN = ("n", "selection_rate", "tpr", "fpr", "fnr", "impact_ratio")
OF_ALL = ("n", "tn", "fp", "fn", "tp", "selection_rate", "tpr", "fpr", "fnr", "precision", "accuracy")
WITHIN = ("selection_rate", "tpr", "fpr", "fnr")
COMPARED = ("selection_rate", "tpr", "fpr", "fnr", "precision", "accuracy", "fdr", "for")
ABSENT = "-"


def tell(answer: dict[str, Any]) -> str:
    """Return the whole answer as text."""
    return "\n".join(_lines(answer))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    yield f"{answer['file']}: {answer['rows']} rows, {answer['positive_rows']} of them {answer['target']!r} = " + (
        f"{answer['positive']!r}" + (f" against {answer['labels'] - 1} other labels" if answer["labels"] > 2 else "")  # noqa: PLR2004 - two is usual
    )
    if answer["rows_skipped"]:
        yield f"LEFT OUT: {answer['rows_skipped']} rows without target, prediction or score"
    yield from _columns(answer)
    version, policy = answer["version"], answer["policy"]
    what = "predictions as handed in" if version["kind"] == "predictions" else "a baseline trained here"
    yield f"Judged: {what}, on {version['evaluated_on_rows']} rows, by {policy['name']} {policy['version']}"
    yield ""
    yield f"VERDICT  {answer['verdict']}  ({answer['state']})"
    yield ""
    yield from tell_items(answer["items"])
    yield from tell_numbers(answer)
    yield ""
    yield f"Evaluation {answer['evaluation']}"
    yield f"Ledger: {answer['ledger']['entries']} entries, {'valid' if answer['ledger']['valid'] else 'NOT VALID'}"
    yield from (f"Note: {caveat}" for caveat in answer["caveats"])


def _columns(answer: dict[str, Any]) -> Iterator[str]:
    columns, scan = answer["columns"], answer["scan"]
    if columns["features"]:
        yield f"Features: {', '.join(columns['features'])}"
    for name, why in columns["not_features"].items():
        yield f"Not a feature: {name} ({why})"
    for one in scan["personal"]:
        yield f"Personal data: {one['column']} {one['verdict']} {one['label']} ({one['why']})"
    if not scan["personal"]:
        yield f"Personal data: none found in {scan['columns']} columns"
    if not scan["complete"]:
        yield "Personal data: the scan is NOT complete"


def tell_numbers(answer: dict[str, Any]) -> Iterator[str]:
    """Yield the numbers of all rows, of the groups, and of these within the controls."""
    if answer["whole"]:
        yield from ("", "ALL ROWS", *_table([OF_ALL, [_or(answer["whole"][name]) for name in OF_ALL]]))
    for one in answer["groups"]:
        yield from _groups(one)
    for one in answer["conditional"]:
        yield from _conditional(one)


def tell_items(items: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the table of the outcomes, and the reason of each that is no pass."""
    yield from _table([ITEM, *(item_row(one) for one in items)])
    yield ""
    yield from (f"  {one['outcome']}: {one['reason']}" for one in items if one["outcome"] != "PASS")


def item_row(one: dict[str, Any]) -> list[str]:
    """Return an item's outcome, metric, group, value, interval, n and limit."""
    ends = f"{_short(one['lower'])} to {_short(one['upper'])}" if one["lower"] or one["upper"] else ABSENT
    shown = [one["outcome"], one["metric"], one["group"] or ABSENT, _short(one["value"])]
    return [*shown, ends, _or(one["n"]), _limit(one)]


def _limit(item: dict[str, Any]) -> str:
    limit = item["limit"]
    if "required" in limit and "metric" not in limit:
        return str(limit["required"])
    ends = [f"{sign} {limit[end]}" for end, sign in (("min", "≥"), ("max", "≤")) if limit.get(end) is not None]
    return " and ".join(ends) + (f" ({limit['bound']})" if limit.get("bound") not in {None, "value"} else "")


def _groups(one: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"GROUPS by {one['attribute']}, compared with {one['reference']}"
    yield from _rows(one["groups"], SHOWN)
    for what in ("difference", "disparity"):
        yield f"  {what}"
        yield from _table(
            [
                ["group", *COMPARED],
                *([each["group"], *(_or(each[what][name]) for name in COMPARED)] for each in one["groups"]),
            ]
        )


def _rows(groups: Sequence[dict[str, Any]], names: Sequence[str]) -> Iterator[str]:
    return _table([["group", *names], *([each["group"], *(_or(each[name]) for name in names)] for each in groups)])


def _conditional(one: dict[str, Any]) -> Iterator[str]:
    controls = ", ".join(one["controls"])
    for stratum in one["strata"]:
        yield from ("", f"GROUPS by {one['attribute']} where {stratum['stratum']}", *_rows(stratum["groups"], SHOWN))
    yield ""
    yield f"GROUPS by {one['attribute']}, standardised over {controls}, compared with {one['reference']}"
    yield from _rows(one["standardised"], WITHIN)
    for what in ("difference", "disparity"):
        yield f"  {what}"
        flat = [{"group": each["group"], **each[what]} for each in one["standardised"]]
        yield from _rows(flat, WITHIN)


def _or(value: Any) -> str:
    return ABSENT if value is None else str(value)


def _short(value: str | None) -> str:
    return ABSENT if value is None else value[:10]


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
