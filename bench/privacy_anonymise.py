"""Keyed pseudonyms beside presidio-anonymizer on the same findings: ``bench/privacy_anonymise.py [--rows N] [--json]``.

Both sides get the same texts and the same findings, without those that overlap, in one process, by its CPU time. The
peer's ``custom`` operator calls the same keyed function, so that the texts are compared; its own ``hash`` salts every
entity anew and joins nothing.
"""

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from measuring import RUNS, Row, cpu, row, show

from privacy.scan.hits import Hit
from privacy.scan.keyed import ProjectKey
from privacy.scan.operators import treatment
from privacy.scan.spans import treated

ROWS = 20_000
KEY = ProjectKey(1, b"an entirely made-up project key!")
GIVEN = ("Ann", "Maria", "James", "Robert", "Linda", "Wei", "Omar", "Priya")
SURNAMES = ("Lee", "Silva", "Walker", "Johnson", "Okafor", "Novak", "Khan", "Patel")
ENTITIES = ("PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER")
Noted = tuple[str, list[Hit]]


def notes(rows: int, seed: int) -> list[Noted]:
    """Return made-up notes with what stands where in them: a name, a mail address, a phone number."""
    chance = random.Random(seed)  # noqa: S311 - the same notes each time
    made = []
    for number in range(rows):
        name = f"{chance.choice(GIVEN)} {chance.choice(SURNAMES)}"
        mail, phone = f"{name.replace(' ', '.').lower()}{number}@example.com", f"415-555-{chance.randrange(10000):04d}"
        values = zip(ENTITIES, (name, mail, phone), strict=True)
        text, hits = "", []
        for words, (entity, value) in zip(
            ("Spoke with ", " about the results; reply to ", " or call "), values, strict=True
        ):
            text += words
            hits.append(Hit(len(text), len(text) + len(value), entity, 0.85))
            text += value
        made.append((f"{text} after lunch.", hits))
    return made


def ours(noted: list[Noted]) -> list[str]:
    """Resolve and replace, as a recipe does."""
    treat = treatment({entity: {"operator": "pseudonym"} for entity in ENTITIES}, KEY)
    return [treated(text, hits, treat).text for text, hits in noted]


def theirs(noted: list[Noted]) -> list[str]:
    """Ask presidio-anonymizer for every text."""
    from presidio_anonymizer import AnonymizerEngine
    from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

    engine = AnonymizerEngine()
    operators = {
        entity: OperatorConfig("custom", {"lambda": lambda value, entity=entity: KEY.pseudonym(entity, value)})
        for entity in ENTITIES
    }
    made = []
    for text, hits in noted:
        results = [RecognizerResult(one.entity, one.start, one.end, one.score) for one in hits]
        made.append(engine.anonymize(text, results, operators).text)
    return made


def main() -> int:
    """Run the row and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for side in (ours, theirs):
        side(notes(20, 0))
    our_rates, their_rates, same = [], [], True
    for run in range(given.runs):
        noted = notes(max(given.rows // given.runs, 1), run + 1)
        seconds, mine = cpu(lambda noted=noted: ours(noted))
        our_rates.append(len(noted) / seconds)
        seconds, expected = cpu(lambda noted=noted: theirs(noted))
        their_rates.append(len(noted) / seconds)
        same = same and mine == expected
    found: list[Row] = [
        row("anonymise", our_rates, their_rates, unit="texts/s", same=same, peer_name="presidio-anonymizer")
    ]
    show(found, as_json=given.json, notes=["three findings a text, each another pseudonym under one key"])
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
