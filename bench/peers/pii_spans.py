"""The peer's side of pii_accuracy.py: runs in presidio-evaluator's own environment, makes sentences, scores findings.

It reads one JSON document from stdin and prints one. ``{"make": N, "seed": S, "templates": [...]}`` gives N sentences
with their spans from these templates, or from those of presidio-evaluator where ``half`` is "seen" or "held out".
``{"score": [{"text", "spans", "found"}]}`` gives F2, precision and recall over everything personal, and per entity.
"""

import contextlib
import json
import random
import sys
from datetime import date
from typing import Any

SPLIT = 20
LOWER_CASE = 0.05
HOSPITALS = ("Apollo Hospital", "St. Peter", "Mount Sinai", "Providence", "Charité", "Royal Infirmary")


def halves(templates: list[str], half: str) -> list[str]:
    """Return the half of the templates that rules may be written on, or the other one."""
    mixed = sorted({one.strip() for one in templates if one.strip()})
    random.Random(SPLIT).shuffle(mixed)  # noqa: S311 - the same split each time
    middle = len(mixed) // 2
    return mixed[:middle] if half == "seen" else mixed[middle:]


def forms() -> tuple[type, dict[str, str]]:
    """Return the provider of values in the forms that people write, and which entity each is."""
    from faker.providers import BaseProvider

    months = [date(2000, one, 1).strftime("%B") for one in range(1, 13)]
    surnames = ("O'Brien", "D'Angelo", "McCarthy", "van der Berg", "de Souza", "Al-Sayed", "St. John", "Nuñez", "Øster")
    phones = ("(###) ###-####", "###-###-####", "+1 ### ### ####", "+44 20 7### ####", "0## ### ####", "###.###.####")

    class Forms(BaseProvider):  # type: ignore[misc]
        def written_name(self) -> str:
            give, chance = self.generator, self.random_int(1, 20)
            first, other, last = give.first_name(), give.first_name(), give.last_name()
            last = self.random_element(surnames) if chance % 7 == 0 else last
            if chance <= 2:  # noqa: PLR2004 - a tenth
                return f"{first[0]}. {last}"
            shapes = {
                3: f"{last}, {first}",
                4: f"{first} {last}".upper(),
                5: f"{first} {other[0]}. {last}",
                6: f"{first}-{other} {last}",
                8: f"{first} {last}-{give.last_name()}",
                9: f"{first} {other} {last}",
            }
            return shapes.get(chance, f"{first} {last}")

        def written_date(self) -> str:
            day, month, year = self.random_int(1, 28), self.random_int(1, 12), self.random_int(1935, 2024)
            name = months[month - 1]
            return str(
                self.random_element(
                    (
                        f"{year}-{month:02d}-{day:02d}",
                        f"{month:02d}/{day:02d}/{year}",
                        f"{day:02d}.{month:02d}.{year}",
                        f"{day} {name} {year}",
                        f"{name} {day}, {year}",
                        f"{day}-{name[:3]}-{year}",
                        f"{name[:3]} {day}",
                        f"{day}th of {name}",
                    )
                )
            )

        def written_time(self) -> str:
            hour, minute = self.random_int(1, 12), self.random_int(0, 59)
            return str(
                self.random_element((f"{hour + 11}:{minute:02d}", f"{hour}:{minute:02d} pm", f"{hour}:{minute:02d}am"))
            )

        def written_phone(self) -> str:
            return str(
                self.numerify(self.random_element(phones).replace("(###)", "(2##)").replace("###-###", "2##-###"))
            )

        def street_line(self) -> str:
            number, last = self.random_int(1, 2400), self.generator.last_name()
            return str(
                self.random_element(
                    (
                        f"{number} {last} Street",
                        f"{number} {last} Ave, Apt {number % 40}",
                        f"{last}straße {number % 200}",
                        f"Rue {last} {number % 99}",
                        f"{number % 300} Old {last} Road",
                        f"Flat 3, {number % 90} {last} Gardens",
                    )
                )
            )

        def passport(self) -> str:
            return str(self.bothify(self.random_element(("#########", "?########", "??#######")).upper()).upper())

    kinds = {
        "written_name": "PERSON",
        "written_date": "DATE_TIME",
        "written_time": "DATE_TIME",
        "written_phone": "PHONE_NUMBER",
        "street_line": "STREET_ADDRESS",
        "passport": "US_PASSPORT",
    }
    return Forms, kinds


def made(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Make sentences; values are presidio-evaluator's records of people and what Faker makes."""
    from presidio_evaluator.data_generator import presidio_sentence_faker as source
    from presidio_evaluator.data_generator.faker_extensions import HospitalProvider

    class Hospitals(HospitalProvider):  # type: ignore[misc]
        def load_hospitals(self, hospital_file: str | None) -> list[str]:  # noqa: ARG002 - nothing is fetched
            return list(HOSPITALS)

    providers = [Hospitals if one is HospitalProvider else one for one in source.presidio_additional_entity_providers]
    given = asked.get("templates") or source.presidio_templates_file_path.read_text().splitlines()
    provider, kinds = forms()
    faker = source.PresidioSentenceFaker(
        "en_US",
        LOWER_CASE,
        halves(given, asked["half"]),
        [*providers, provider],
        entity_type_mapping={**source.PresidioSentenceFaker.ENTITY_TYPE_MAPPING, **kinds},
        random_seed=asked["seed"],
    )
    return [
        {
            "text": one.full_text,
            "template": one.template_id,
            "spans": [[span.start_position, span.end_position, span.entity_type] for span in one.spans],
        }
        for one in faker.generate_new_fake_sentences(asked["make"])
    ]


def scored(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Score findings as the notebooks of presidio-evaluator do, on words that a blank tokenizer makes."""
    import pandas as pd
    import spacy
    from presidio_evaluator import InputSample, Span, span_to_tag
    from presidio_evaluator.entity_mapping import CanonicalMapper
    from presidio_evaluator.evaluation import SpanEvaluator
    from presidio_evaluator.span_to_tag import loaded_spacy

    loaded_spacy["en_core_web_sm"] = spacy.blank("en")
    rows: list[tuple[Any, ...]] = []
    for number, one in enumerate(samples):
        text = one["text"]
        spans = [Span(entity, text[start:end], start, end) for start, end, entity in one["spans"]]
        sample = InputSample(text, spans, create_tags_from_span=True)
        starts, ends, tags, scores = ([place[part] for place in one["found"]] for part in range(4))
        predicted = span_to_tag(
            scheme="IO", text=text, starts=starts, ends=ends, tokens=sample.tokens, scores=scores, tags=tags
        )
        words = zip(map(str, sample.tokens), sample.tags, predicted, sample.start_indices, strict=True)
        rows += [(number, *word) for word in words]
    columns = ["sentence_id", "token", "annotation", "prediction", "start_indices"]
    mapper = CanonicalMapper()
    mapper.analyze(pd.DataFrame(rows, columns=columns))
    table = mapper.get_mapped_results_dataframe().branch
    result = SpanEvaluator().calculate_score_on_df(table, beta=2)
    whole = {"f2": result.pii_f, "precision": result.pii_precision, "recall": result.pii_recall}
    entities = {
        name: {
            "f2": part.f_beta,
            "precision": part.precision,
            "recall": part.recall,
            "annotated": part.num_annotated,
            "predicted": part.num_predicted,
        }
        for name, part in sorted(result.per_type.items())
    }
    errors = [[one.error_type.name, one.annotation, one.prediction, one.full_text] for one in result.model_errors or ()]
    return {"all": whole, "entities": entities, "errors": errors}


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        answer = made(asked) if "make" in asked else scored(asked["score"])
    json.dump(answer, sys.stdout)


main()
