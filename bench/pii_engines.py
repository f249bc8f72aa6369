"""One table through the scanner and through Presidio's ``BatchAnalyzerEngine``, every cell compared."""

from typing import Any

import pii_tables
from measuring import Row, cpu, row

from privacy.scan.engine import Engine, build_engine
from privacy.scan.together import analyze_columns

PEER = "presidio BatchAnalyzerEngine"
Cell = list[tuple[str, int, int, float]]


def compare(name: str, rows: int, runs: int, threshold: float | None) -> tuple[list[Row], list[str]]:
    """Return the row of one shape: cells a second on both sides, in pairs over parts of the table."""
    engine = build_engine()
    warm = pii_tables.SHAPES[name](50, 999)
    ours(engine, warm, threshold)
    theirs(engine, warm, threshold)
    our_rates, their_rates, compared, differing = [], [], 0, []
    for part in range(runs):
        table = pii_tables.SHAPES[name](max(rows // runs, 1), part + 1)
        cells = table.num_rows * table.num_columns
        seconds, found = cpu(lambda table=table: ours(engine, table, threshold))
        our_rates.append(cells / seconds)
        seconds, expected = cpu(lambda table=table: theirs(engine, table, threshold))
        their_rates.append(cells / seconds)
        compared += cells
        differing += [one for one in expected if expected[one] != found(one)]
    notes = [f"{name}: {len(differing)} of {compared} cells differ"]
    same = not differing
    return [row(name, our_rates, their_rates, unit="cells/s", same=same, peer_name=PEER)], notes


def ours(engine: Engine, table: Any, threshold: float | None) -> Any:
    """Scan the distinct values of each column; return what gives the findings of a cell."""
    columns = {name: table[name].combine_chunks().dictionary_encode() for name in table.column_names}
    texts = {name: one.dictionary for name, one in columns.items()}
    batches = analyze_columns(engine, texts, {name: (name,) for name in texts}, threshold)

    def cell(place: tuple[str, int]) -> Cell:
        name, row = place
        analysis = batches[name].analyses.get(columns[name].indices[row].as_py())
        return sorted((one.entity, one.start, one.end, one.score) for one in analysis.hits) if analysis else []

    return cell


def theirs(engine: Engine, table: Any, threshold: float | None) -> dict[tuple[str, int], Cell]:
    """Ask Presidio for every cell, the column's name as context, as it does by itself."""
    from presidio_analyzer import BatchAnalyzerEngine

    batch = BatchAnalyzerEngine(engine.analyzer)
    made = {}
    for result in batch.analyze_dict(table.to_pydict(), "en", batch_size=256, score_threshold=threshold):
        for index, found in enumerate(result.recognizer_results):
            made[result.key, index] = sorted(
                (one.entity_type, one.start, one.end, round(one.score, 6)) for one in found
            )
    return made
