"""Tables of made-up cells for the bench of the scanner: the same for the same seed, and nothing in them is real."""

import random
from typing import Any

from privacy.scan.names import GIVEN, SURNAMES


def _split(text: str) -> list[str]:
    return text.split()


WORDS = _split("""
account after again agreed arrived asked before bright broken build change clear close cold common delivery detail
early enough evening every expected fast field final first follow found friend garden general given glass good
green happened heavy house idea inside item kept large later letter light little local market matter meeting middle
minor morning moved nearly never next noticed offer office often open order other paper part people place plain
point price problem quick quiet rather ready reason report result returned right river room second sent service
several short simple small something soon sound special standard still store street strong sudden table thanks
thing third today together total travel under until usual visit waited warm water week while whole wide window
winter without word work working world written wrong yesterday
""")
TOWNS = _split("Ashford Brookfield Carrow Denholm Eastmere Farnley Glenmoor Harwick Ivydale Kelford Larkhill Marston")
STREETS = _split("Mill Church Station High Park Victoria Green Orchard Bridge Kings")
SITES = _split("example.org example.com example.net mail.example.org")
SUFFIXES = ("Street", "Road", "Lane", "Avenue")
PHONES = (
    "({a}) 555-{b}",
    "{a}-555-{b}",
    "{a}.555.{b}",
    "+1-{a}-555-{b}",
    "001-{a}-{c}-{b}",
    "+1 {a} {c} {b}x{d}",
    "{a}{c}{b}",
    "{a}-{c}-{b}x{d}",
    "1-{a}-{c}-{b}",
)


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


def _phone(chance: random.Random) -> str:
    parts = {
        "a": chance.randint(201, 989),
        "b": _digits(chance, 4),
        "c": chance.randint(200, 999),
        "d": _digits(chance, 3),
    }
    return chance.choice(PHONES).format(**parts)


def _card(chance: random.Random) -> str:
    digits = chance.choice(["4", "51", "6011"])
    digits += _digits(chance, 15 - len(digits))
    total = sum(sum(divmod(int(one) * 2, 10)) if place % 2 == 0 else int(one) for place, one in enumerate(digits))
    return digits + str(-total % 10)


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."


def dense(rows: int, seed: int) -> Any:
    """Return a table in which every cell is unique and every column personal."""
    chance, cells = random.Random(seed), {}  # noqa: S311 - the same cells each time
    for number in range(rows):
        given, last = chance.choice(GIVEN), chance.choice(SURNAMES)
        middle = "".join(chance.choices("BCDFGHKLMNPRST", k=1)) + "aeiou"[number % 5]
        mail = f"{given}.{last}{seed}{number}@{chance.choice(SITES)}".lower()
        row = {
            "customer_id": str(100_000 + seed * 10_000_000 + number),
            "full_name": f"{given} {middle}{'nrtls'[number // 5 % 5]}{'aeiou'[number // 25 % 5]} {last}",
            "email": mail,
            "phone": _phone(chance),
            "ssn": f"{chance.randint(100, 665)}-{chance.randint(10, 99)}-{_digits(chance, 4)}",
            "card_number": _card(chance),
            "address": f"{number + 1} {chance.choice(STREETS)} {chance.choice(SUFFIXES)}, {chance.choice(TOWNS)}",
            "ip": ".".join(str(chance.randint(1, 254)) for _ in range(4)),
            "birth_date": f"{chance.randint(1930, 2005)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
        }
        row["notes"] = _note(chance, row)
        for name, value in row.items():
            cells.setdefault(name, []).append(value)
    return _table(cells)


def _note(chance: random.Random, row: dict[str, str]) -> str:
    text = f"{_sentence(chance, 9)} {_sentence(chance, 11)}"
    endings = (
        f"{text} Contact {row['full_name']} at {row['email']}.",
        f"{text} Call back on {row['phone']} please.",
        f"Card {row['card_number']} was declined on {row['birth_date']}. {text}",
        f"{text} Login from {row['ip']} to https://{chance.choice(SITES)}/a",
        f"{row['full_name']} wrote: {text}",
    )
    return chance.choice(endings)


def sparse(rows: int, seed: int) -> Any:
    """Return a table of features and one of free text, in which one of fifty comments names somebody."""
    chance, cells = random.Random(seed), {}  # noqa: S311 - the same cells each time
    for number in range(rows):
        row = {
            "row_id": str(number),
            "f1": str(chance.gauss(0, 1)),
            "f2": str(chance.randint(0, 100)),
            "f3": str(chance.gauss(5, 2)),
            "f4": str(round(chance.random() * 5000, 2)),
            "label": str(chance.choice([True, False])),
            "segment": f"segment_{chance.randrange(12)}",
            "category": f"{chance.choice(WORDS)}_{chance.randrange(300)}",
            "comment": _comment(chance, number),
            "timestamp": f"2024-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d} "
            f"{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:00",
        }
        for name, value in row.items():
            cells.setdefault(name, []).append(value)
    return _table(cells)


def _comment(chance: random.Random, number: int) -> str:
    text = _sentence(chance, chance.randint(6, 14))
    if chance.random() < 0.02:  # noqa: PLR2004 - one of fifty
        text += (
            f" {chance.choice(GIVEN)} {chance.choice(SURNAMES)} asked, {_phone(chance)} or user{number}@example.org."
        )
    return text


def text(rows: int, seed: int) -> Any:
    """Return a table of texts and categories without personal data."""
    chance, cells = random.Random(seed), {}  # noqa: S311 - the same cells each time
    for _ in range(rows):
        review = " ".join(_sentence(chance, chance.randint(8, 16)) for _ in range(3))
        row = {
            "title": _sentence(chance, 5),
            "review": review,
            "reply": _sentence(chance, 14),
            "segment": f"segment_{chance.randrange(12)}",
            "category": f"{chance.choice(WORDS)} {chance.choice(WORDS)}",
            "channel": chance.choice(["web", "shop", "letter", "phone"]),
            "topic": chance.choice(WORDS),
            "mood": chance.choice(["glad", "angry", "calm"]),
            "language": chance.choice(["en", "de", "fr"]),
            "product": f"{chance.choice(WORDS)} {chance.choice('ABCDEF')}{chance.randrange(90)}",
        }
        for name, value in row.items():
            cells.setdefault(name, []).append(value)
    return _table(cells)


def _table(cells: dict[str, list[str]]) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array(values, pa.string()) for name, values in cells.items()})


SHAPES = {"dense": dense, "sparse": sparse, "text": text}
