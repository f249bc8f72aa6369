"""Made-up identities joined to numeric patient data: the table that the privacy tests scan."""

import random

import pyarrow as pa

GIVEN = [
    "Ann",
    "Maria",
    "James",
    "Robert",
    "Linda",
    "Wei",
    "Omar",
    "Priya",
    "Carlos",
    "Fatima",
    "Helen",
    "Grace",
    "Mark",
    "Olga",
    "Samuel",
    "Yuki",
    "Noah",
    "Ivan",
    "Rosa",
    "Jack",
]
SURNAMES = [
    "Lee",
    "Silva",
    "Walker",
    "Johnson",
    "Okafor",
    "Novak",
    "Khan",
    "Patel",
    "Garcia",
    "Schmidt",
    "Tanaka",
    "Brown",
    "Rossi",
    "Nguyen",
    "Petrov",
    "Young",
]
AREAS = (212, 213, 312, 415, 617, 646, 702, 718, 206, 305)
NOTES = (
    "Patient {name} called about the results; reply to {email}.",
    "Spoke with {name}. Call back on {phone} after lunch.",
    "Follow-up in two weeks, glucose slightly raised.",
    "Referred by Dr {surname}; phone {phone}, mail {email}.",
    "No complaints. Diet discussed, next visit in spring.",
)
SCHEMA = {
    "target": "progression",
    "positive": "1",
    "features": [{"name": name, "kind": "numeric"} for name in ["age", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]]
    + [{"name": "sex", "kind": "categorical"}],
    "identifiers": ["patient_id"],
    "text": ["note"],
    "sensitive": [{"name": "sex", "column": "sex"}, {"name": "age_band", "column": "age", "bins": ["55"]}],
    "ignore": ["name", "email", "phone", "ssn"],
}
PERSONAL = {
    "name": ("IS", "PERSON"),
    "email": ("IS", "EMAIL_ADDRESS"),
    "phone": ("IS", "PHONE_NUMBER"),
    "ssn": ("IS", "US_SSN"),
}
NUMERIC = ("age", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression")


def ssn(source):
    """Return a number that the recogniser does not invalidate: no all-equal digits, zero groups, 000 or 666 area."""
    return f"{source.randint(1, 665):03d}-{source.randint(1, 99):02d}-{source.randint(1, 9999):04d}"


def phone(source):
    """Return a fictional US number (555 exchange) in one of the forms people write."""
    area, line = source.choice(AREAS), source.randint(100, 199)
    form = source.choice(["({0}) 555-{1:04d}", "{0}-555-{1:04d}", "+1 {0}-555-{1:04d}", "{0}.555.{1:04d}"])
    return form.format(area, line)


def people(source, rows):
    """Return the columns of the made-up identities."""
    found: dict[str, list[str]] = {"name": [], "email": [], "phone": [], "ssn": [], "note": []}
    for row in range(rows):
        given, surname = source.choice(GIVEN), source.choice(SURNAMES)
        name, number = f"{given} {surname}", phone(source)
        email = f"{given.lower()}.{surname.lower()}{row}@example.{source.choice(['com', 'org', 'net'])}"
        note = source.choice(NOTES).format(name=name, surname=surname, email=email, phone=number)
        for column, value in zip(found, (name, email, number, ssn(source), note), strict=True):
            found[column].append(value)
    return found


def measured(source, rows):
    """Return numeric columns as in the diabetes data: whole numbers, one and four decimals."""
    return {
        "age": [float(source.randint(19, 79)) for _ in range(rows)],
        "sex": [float(source.randint(1, 2)) for _ in range(rows)],
        "bmi": [round(source.uniform(18, 42), 1) for _ in range(rows)],
        "bp": [round(source.uniform(62, 133), 2) for _ in range(rows)],
        "s1": [float(source.randint(97, 301)) for _ in range(rows)],
        "s2": [round(source.uniform(41, 242), 1) for _ in range(rows)],
        "s3": [float(source.randint(22, 99)) for _ in range(rows)],
        "s4": [round(source.uniform(2, 9), 2) for _ in range(rows)],
        "s5": [round(source.uniform(3.2, 6.1), 4) for _ in range(rows)],
        "s6": [float(source.randint(58, 124)) for _ in range(rows)],
        "progression": [source.randint(0, 1) for _ in range(rows)],
    }


def patients(seed=1, rows=60):
    """Return the whole table."""
    source = random.Random(seed)  # noqa: S311 - made-up data, the same each time
    identities = {"patient_id": [f"P-{row:04d}" for row in range(1, rows + 1)], **people(source, rows)}
    return pa.table(identities | measured(source, rows))
