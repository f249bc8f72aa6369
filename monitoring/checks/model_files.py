"""What do the files of a model name, which code do they carry, and could all of them be read?

Question
    Would loading these files run code that nobody has looked at, or reach for the machine?

Method
    Every file is read in the sandbox without being loaded. Pickles (also inside archives, and as joblib writes them)
    are followed opcode by opcode by Python's own machine with inert things in the place of everything they name; a
    skops file is read by its schema. Each name is known data of a scientific library, a function carried by value
    (``code``), something that reaches the machine (``dangerous``: modules such as os, subprocess, socket, builtins that
    evaluate), or on no list (``unknown``). Counted apart are Python and native files and loaders of one's own
    (``code``), types that the model's own file asks to be trusted although nobody knows them (``trusted_types``), and
    files that could not be read to their end or whose format nobody knows (``unread``).

Limits
    A scan is an item of the report and never the boundary: lists of names have been got around before, and a harmless
    name can do harm. The boundary is the sandbox in which every model is loaded. Numbers in a file can be wrong
    without any name being wrong.

Remediation
    Save as skops, as the library's own format (XGBoost, LightGBM) or as ONNX instead of as a pickle; take what is not
    needed out of the folder; have the code that must stay reviewed, and waive it for a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitoring.statistics.parameters import Kind, read_parameters
from registry.checks import Context, Finding, Inputs, Need, Outcome, Status, measured

PARAMETERS: dict[str, Kind] = {}
FINDINGS = {
    "dangerous": ("model_file_dangerous", "The file names {names}, which reaches the machine when it is loaded."),
    "code": ("model_file_code", "The file carries code by value: {names}."),
    "unknown": ("model_file_unknown", "The file names {names}, which is on no list."),
}
SHOWN = 5


class ModelFilesCheck:
    """Counts what the files of a model name and carry."""

    name = "model_files"
    version = "1"
    metrics: Mapping[str, str] = {
        "model_files.dangerous": "names in the model's files that reach the machine (count)",
        "model_files.unknown": "names in the model's files that are on no list (count)",
        "model_files.code": "files of code, loaders of one's own and functions carried by value (count)",
        "model_files.trusted_types": "types that the model's own file asks to be trusted and nobody knows (count)",
        "model_files.unread": "files that could not be read to their end, or of no known format (count)",
        "model_files.files": "files of the model (count)",
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The scan of the version's files."""
        read_parameters(self.name, parameters, PARAMETERS)
        return (Need("scan", "model_files"),)

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Count; a scan without files is an ERROR."""
        read_parameters(self.name, context.parameters, PARAMETERS)
        found = inputs.document("scan")
        context.progress(0.5, "scan read")
        files, declared = found["files"], found["declared"]
        if not files:
            return Outcome(status=Status.ERROR, reason="The scan holds no files.")
        counts = _counts(files, declared)
        numbers = tuple(measured(f"model_files.{name}", count) for name, count in counts.items())
        findings = tuple(sorted(_findings(files, declared), key=lambda one: (one.place, one.code, one.message)))
        return Outcome(numbers, findings, evidence={"files": files, "declared": declared})


def _named(files: list[dict[str, Any]], purpose: str) -> set[str]:
    return {name for one in files for name in one.get("names", {}).get(purpose, ())}


def _loaders(declared: Mapping[str, Any]) -> list[str]:
    """Return the loaders that are not MLflow's own."""
    return [name for name in declared["loaders"] if not name.startswith("mlflow.")]


def _counts(files: list[dict[str, Any]], declared: Mapping[str, Any]) -> dict[str, int]:
    code = sum(one["kind"] == "code" for one in files) + len(_loaders(declared)) + len(_named(files, "code"))
    return {
        "dangerous": len(_named(files, "dangerous")),
        "unknown": len(_named(files, "unknown")),
        "code": code,
        "trusted_types": len(declared["strange_types"]),
        "unread": sum(bool(one["unread"]) for one in files) + bool(declared["unread"]),
        "files": len(files),
    }


def _findings(files: list[dict[str, Any]], declared: Mapping[str, Any]) -> Iterator[Finding]:
    for one in files:
        place = f"file={one['path']}"
        for purpose, (code, sentence) in FINDINGS.items():
            if names := one.get("names", {}).get(purpose):
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                shown = ", ".join(repr(name) for name in names[:SHOWN])
                yield Finding(code, sentence.format(names=shown + more), place)
        if one["kind"] == "code":
            yield Finding("model_file_of_code", "The file is code.", place)
        if one["unread"]:
            yield Finding("model_file_unread", f"The file was not read: {one['unread']}.", place)
    for loader in _loaders(declared):
        yield Finding("model_loader", f"Loading the model imports {loader!r}, which is not MLflow's.", "file=MLmodel")
    for name in declared["strange_types"]:
        yield Finding(
            "model_trusts_itself",
            f"The model's own file asks that {name!r} be trusted; nobody knows it.",
            "file=MLmodel",
        )
    if declared["unread"]:
        yield Finding("model_file_unread", f"What the model declares is unknown: {declared['unread']}.", "file=MLmodel")


check = ModelFilesCheck()
