"""Findings in sentences beside what was put into them, scored by presidio-evaluator in its own environment."""

import json
import subprocess
from pathlib import Path
from typing import Any

from measuring import HERE, Row, peer_python

from privacy.scan.engine import THRESHOLD, Engine, build_engine
from privacy.scan.gazetteer import NAME

PEER = HERE / "peers" / "pii_spans.py"
TEMPLATES = HERE / "peers" / "pii_templates.txt"
SEED = 20
MODEL = 0.618  # published for Presidio with en_core_web_lg on the synthetic set of presidio-evaluator
SETS: tuple[tuple[str, Path | None], ...] = (("published", None), ("ours", TEMPLATES))


def measure(half: str, samples: int, errors: int) -> tuple[list[Row], list[str]]:
    """Return F2 on one half of each set of templates beside Presidio without a name model, and notes by entity."""
    engine = build_engine()
    rows, notes = [], []
    for name, templates in SETS:
        asked: dict[str, Any] = {"make": samples, "seed": SEED, "half": half}
        if templates:
            asked["templates"] = templates.read_text().splitlines()
        sentences = peer(asked)
        mine, other = (scored(engine, sentences, ours=ours) for ours in (True, False))
        rows.append(_row(f"spans {name}" + (" (seen)" if half == "seen" else ""), mine, other))
        notes.append(f"{name}, {half}: precision {mine['all']['precision']:.3f}, recall {mine['all']['recall']:.3f}")
        notes += [
            f"  {entity:<20} F2 {_number(one['f2'])}  precision {_number(one['precision'])}  "
            f"recall {_number(one['recall'])}  of {one['annotated']}"
            for entity, one in mine["entities"].items()
        ]
        notes += [f"  {' '.join(map(str, one[:3]))}: {one[3]!r}" for one in mine["errors"][:errors]]
    notes.append(f"Presidio with en_core_web_lg has a published {MODEL} on the synthetic set of presidio-evaluator")
    return rows, notes


def _row(name: str, mine: dict[str, Any], other: dict[str, Any]) -> Row:
    ours, theirs = mine["all"]["f2"], other["all"]["f2"]
    return Row(name, ours, theirs, "F2", ours / theirs, None, "presidio AnalyzerEngine without a name model")


def _number(value: float) -> str:
    return f"{value:.3f}" if value == value else "    -"  # noqa: PLR0124 - NaN is not itself


def scored(engine: Engine, sentences: list[dict[str, Any]], *, ours: bool) -> dict[str, Any]:
    """Score the findings of all recognisers, or of Presidio's alone."""
    return peer({"score": [{**one, "found": findings(engine, one["text"], ours=ours)} for one in sentences]})


def findings(engine: Engine, text: str, *, ours: bool) -> list[list[Any]]:
    """Return [start, end, entity, score] of a text, from all recognisers or from Presidio's own."""
    if ours:
        return [[one.start, one.end, one.entity, one.score] for one in engine.analyze(text).hits]
    found = engine.analyzer.analyze(text, "en", score_threshold=THRESHOLD)
    key = "recognizer_name"
    return [
        [one.start, one.end, one.entity_type, one.score]
        for one in found
        if not str((one.recognition_metadata or {}).get(key, "")).startswith(NAME)
    ]


def peer(asked: dict[str, Any], script: Path = PEER) -> Any:
    """Ask the peer's side; it answers with one JSON document."""
    command = [str(peer_python("presidio_evaluator")), str(script)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"The peer failed on {sorted(asked)}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)
