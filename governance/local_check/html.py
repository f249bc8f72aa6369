"""The answer of a local check as one page of HTML, without a script and without anything from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from governance.management.trial.telling import ABSENT, COMPARED, ITEM, OF_ALL, SHOWN, item_row

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .75rem; text-align: left; white-space: nowrap }
.PASS { color: #146c2e } .FAIL, .ERROR, .BLOCKED, .AGED, .INSUFFICIENT_DATA { color: #a3160f; font-weight: 600 }
.WARN, .INDETERMINATE, .NEEDS_DECISION, .PARTIAL { color: #8a5a00; font-weight: 600 }
"""


def page(answer: dict[str, Any]) -> str:
    """Return the page; every text of the data is escaped."""
    policy, verdict = answer["policy"], escape(answer["verdict"])
    parts = [
        f"<h1>{escape(answer['file'])}: <span class='{verdict}'>{verdict}</span></h1>",
        f"<p>{answer['rows']} rows, judged by {escape(policy['name'])} {escape(policy['version'])}.</p>",
        f"<p>Policy <code>{escape(policy['digest'])}</code>, rows <code>{escape(answer['evaluation_set'])}</code>.</p>",
        *([f"<p>Not measured, as asked: {escape(', '.join(answer['left_out']))}.</p>"] if answer["left_out"] else []),
        "<h2>Limits</h2>",
        _table(ITEM, (item_row(one) for one in answer["items"]), marked=True),
        "<ul>",
        *(f"<li>{escape(one['reason'])}</li>" for one in answer["items"] if one["outcome"] != "PASS"),
        "</ul>",
    ]
    if answer["whole"]:
        parts += ["<h2>All rows</h2>", _table(OF_ALL, [_cells(answer["whole"], OF_ALL)])]
    for one in answer["groups"]:
        parts.append(f"<h2>{escape(one['attribute'])}, compared with {escape(str(one['reference']))}</h2>")
        parts.append(_table(("group", *SHOWN), ([each["group"], *_cells(each, SHOWN)] for each in one["groups"])))
        for what in ("difference", "disparity"):
            rows = ([each["group"], *_cells(each[what], COMPARED)] for each in one["groups"])
            parts += [f"<h3>{what}</h3>", _table(("group", *COMPARED), rows)]
    parts += ["<h2>Notes</h2><ul>", *(f"<li>{escape(note)}</li>" for note in answer["caveats"]), "</ul>"]
    head = f"<meta charset='utf-8'><title>{escape(answer['file'])}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _cells(numbers: dict[str, Any], names: Sequence[str]) -> list[str]:
    return [ABSENT if numbers[name] is None else str(numbers[name]) for name in names]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, marked: bool = False) -> str:
    """Return a table; where it is ``marked``, the class of a row is its first cell."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = []
    for row in rows:
        mark = f" class='{escape(row[0])}'" if marked else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    return f"<table><tr>{names}</tr>{''.join(lines)}</table>"
