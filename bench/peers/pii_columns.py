"""Columns as real tables have them, made with Faker in the environment of presidio-evaluator; prints JSON.

Reads ``{"rows": N, "seed": S, "half": "seen" | "held out"}``: the halves share no language and no kind of clean column.
Each is ``{"kind", "headers", "personal", "named_only", "values"}``; ``named_only`` says that nobody could tell without
the header.
"""

import hashlib
import json
import random
import sys
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

SEEN = ("en_US", "de_DE", "es_ES", "en_GB", "fr_FR", "it_IT", "sv_SE", "pl_PL", "pt_BR", "en_IN")
LOCALES = {"seen": SEEN, "held out": ("en_AU", "en_CA", "nl_NL", "da_DK", "cs_CZ", "ro_RO", "es_MX", "tr_TR")}
Make = Callable[[], object]


def luhn(digits: str) -> str:
    """Return the digits with their check digit (ISO/IEC 7812-1)."""
    total = sum(sum(divmod(int(one) * 2, 10)) if place % 2 == 0 else int(one) for place, one in enumerate(digits[::-1]))
    return digits + str(-total % 10)


def ean(digits: str) -> str:
    """Return twelve digits with the check digit of an EAN-13."""
    return digits + str(-sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits)) % 10)


def personal(fake: Any, british: Any, chance: random.Random) -> dict[str, tuple[str, bool, Make]]:
    """Return by kind: headers, whether only the header tells, and what makes a value."""
    digits = lambda count: "".join(chance.choices("0123456789", k=count))  # noqa: E731 - short names for short tables
    born = lambda: date(1930, 1, 1) + timedelta(days=chance.randrange(27_000))  # noqa: E731

    def nhs() -> str:
        while True:
            nine = str(chance.randint(400_000_000, 799_999_999))
            check = 11 - sum(int(one) * (10 - place) for place, one in enumerate(nine)) % 11
            if check != 10:  # noqa: PLR2004 - no such number is issued
                return nine + str(check % 11)

    def both() -> str:
        return f"{fake.first_name()} {fake.last_name()}"

    one_line = lambda: fake.address().replace("\n", ", ")  # noqa: E731
    return {
        "full name": ("name full_name customer_name Patient", False, fake.name),
        "first and last": ("employee contact_name who", False, both),
        "last, first": ("passenger name Author", False, lambda: f"{fake.last_name()}, {fake.first_name()}"),
        "shouted name": ("CUSTNAME client_name holder", False, lambda: both().upper()),
        "first name": ("first_name given forename", False, fake.first_name),
        "surname": ("last_name surname lname", False, fake.last_name),
        "e-mail": ("email contact mail_address", False, fake.email),
        "phone": ("phone mobile tel", False, fake.phone_number),
        "US phone": (
            "phone1 Phone contact_no",
            False,
            lambda: f"({chance.randint(201, 989)}) {chance.randint(200, 999)}-{digits(4)}",
        ),
        "phone abroad": (
            "mobile_number telephone msisdn",
            False,
            lambda: f"+{chance.choice((44, 49, 33, 34, 39, 91))} {chance.randint(20, 99)} {digits(4)} {digits(4)}",
        ),
        "street": ("address street home_addr", False, fake.street_address),
        "address": ("address mailing_address location", False, one_line),
        "SSN": (
            "ssn social_security tax_id",
            False,
            lambda: f"{chance.randint(100, 665)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}",
        ),
        "bare SSN": (
            "ssn SSN social",
            True,
            lambda: f"{chance.randint(100, 665)}{chance.randint(10, 99)}{chance.randint(1000, 9999)}",
        ),
        "NHS number": ("nhs_number nhs NHS", False, nhs),
        "card": ("card_number cc credit_card", False, lambda: luhn("4" + digits(14))),
        "grouped card": (
            "card payment pan",
            False,
            lambda: " ".join(map("".join, zip(*[iter(luhn("51" + digits(13)))] * 4, strict=True))),
        ),
        "IBAN": ("iban account bank_details", False, british.iban),
        "IPv4": ("ip ip_address client_ip", False, fake.ipv4_public),
        "IPv6": ("ipv6 addr src", False, fake.ipv6),
        "birthday": ("dob birth_date date_of_birth", True, lambda: born().isoformat()),
        "birthday with slashes": ("DOB birthday BirthDate", True, lambda: born().strftime("%m/%d/%Y")),
        "passport": ("passport passport_no PassportNumber", True, lambda: chance.choice("ABCX") + digits(8)),
        "licence": ("driver_license licence_no driving_licence", True, lambda: chance.choice("ABDF") + digits(7)),
        "MAC": ("mac mac_address device", False, fake.mac_address),
        "note with a phone": (
            "note comment remarks",
            False,
            lambda: f"{fake.sentence()} {f'call {fake.phone_number()}' if chance.randrange(10) in range(3) else ''}",
        ),
        "note with an e-mail": (
            "notes body message",
            False,
            lambda: f"{fake.sentence()} {fake.email() if chance.randrange(5) == 0 else ''}",
        ),
        "note with a name": (
            "memo text description",
            False,
            lambda: f"spoke to {fake.first_name()} {fake.last_name()} about it",
        ),
    }


def clean(fake: Any, chance: random.Random) -> dict[str, tuple[str, Make]]:
    """Return by kind: headers, and what makes a value that names nobody."""
    digits = lambda count: "".join(chance.choices("0123456789", k=count))  # noqa: E731
    day = lambda: datetime(2015, 1, 1) + timedelta(seconds=chance.randrange(300_000_000))  # noqa: E731, DTZ001
    hexed = lambda count: f"{chance.getrandbits(4 * count):0{count}x}"  # noqa: E731
    counter = iter(range(100_000, 10**9))
    return {
        "row number": ("id row_id index", lambda: next(counter)),
        "id of 9 digits": ("customer_id account_id member", lambda: chance.randint(10**8, 10**9 - 1)),
        "id of 10 digits": ("user_id order_id ref", lambda: chance.randint(10**9, 10**10 - 1)),
        "id of 11 digits": ("transaction_id serial key", lambda: digits(11)),
        "id of 12 digits": ("asset session_id tracking", lambda: digits(12)),
        "id of 16 digits": ("txn reference token", lambda: digits(16)),
        "id of letter and digits": ("code product_id asset_tag", lambda: chance.choice("ABCDE") + digits(7)),
        "order number": ("order_no invoice po_number", lambda: f"PO-{digits(4)}-{digits(5)}"),
        "SKU": (
            "sku item_code part_no",
            lambda: f"{chance.choice(('AB', 'KX', 'TR'))}{digits(4)}-{chance.choice('SML')}",
        ),
        "EAN": ("barcode ean gtin", lambda: ean("40" + digits(10))),
        "UPC": ("upc product_code item", lambda: digits(12)),
        "ISBN": ("isbn isbn13 book", lambda: ean("978" + digits(9))),
        "UUID": ("uuid guid request_id", lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4))),
        "SHA-1": ("hash commit checksum", lambda: hexed(40)),
        "MD5": ("md5 etag fingerprint", lambda: hashlib.md5(digits(9).encode()).hexdigest()),  # noqa: S324
        "short hash": ("sha build rev", lambda: hexed(7)),
        "amount": ("amount price total", lambda: f"{chance.uniform(1, 90_000):.2f}"),
        "amount with commas": ("revenue budget cost", lambda: f"{chance.uniform(1e3, 9e7):,.2f}"),
        "amount with a sign": ("fee salary paid", lambda: f"${chance.uniform(10, 9e4):,.0f}"),
        "large count": ("population views followers", lambda: chance.randint(10**6, 10**10)),
        "float": ("score ratio f1", lambda: chance.gauss(0, 1)),
        "long float": ("feature_3 weight value", lambda: chance.uniform(0, 1e9)),
        "percent": ("pct share change", lambda: f"{chance.uniform(0, 100):.1f}%"),
        "ISO date": ("date order_date created", lambda: day().date().isoformat()),
        "US date": ("ship_date due when", lambda: day().strftime("%m/%d/%Y")),
        "German date": ("datum updated start", lambda: day().strftime("%d.%m.%Y")),
        "compact date": ("yyyymmdd period asof", lambda: day().strftime("%Y%m%d")),
        "long date": ("published release_date day", lambda: day().strftime("%B %d, %Y")),
        "timestamp": ("timestamp created_at logged", lambda: day().isoformat(" ")),
        "zoned timestamp": ("ts event_time modified", lambda: day().isoformat() + "Z"),
        "epoch": ("epoch time unix", lambda: int(day().timestamp())),
        "epoch in ms": ("epoch_ms t clock", lambda: int(day().timestamp() * 1000)),
        "time": ("time departure opens", lambda: day().strftime("%H:%M:%S")),
        "duration": ("duration length elapsed", lambda: f"{chance.randrange(60)}:{chance.randrange(60):02d}"),
        "year": ("year season vintage", lambda: chance.randint(1950, 2024)),
        "version": ("version release app_version", lambda: ".".join(str(chance.randrange(20)) for _ in range(3))),
        "version of four": (
            "build fw_version driver_version",
            lambda: ".".join(str(chance.randrange(30)) for _ in range(4)),
        ),
        "latitude": ("lat latitude y", lambda: f"{chance.uniform(-90, 90):.6f}"),
        "coordinates": (
            "coords geo position",
            lambda: f"{chance.uniform(-90, 90):.5f}, {chance.uniform(-180, 180):.5f}",
        ),
        "integer": ("count qty rooms", lambda: chance.randint(0, 500)),
        "measure": ("size dimensions weight", lambda: f"{chance.randint(1, 90)} {chance.choice(('kg', 'cm', 'ml'))}"),
        "result": ("result score_line match", lambda: f"{chance.randint(0, 9)}-{chance.randint(0, 9)}"),
        "size": ("dimensions resolution format", lambda: f"{chance.randint(100, 4000)}x{chance.randint(100, 3000)}"),
        "flag": ("active is_new flag", lambda: chance.choice((True, False))),
        "country": ("country nation origin", fake.country),
        "city": ("city town municipality", fake.city),
        "company": ("company employer vendor", fake.company),
        "job": ("job title occupation", fake.job),
        "ICD code": ("icd icd10 dx_code", lambda: f"{chance.choice('EIJK')}{digits(2)}.{digits(1)}"),
        "product": (
            "product item_name title",
            lambda: (
                f"{chance.choice(('Wooden', 'Steel', 'Classic', 'Mini', 'Ultra'))} "
                f"{chance.choice(('Chair', 'Lamp', 'Knife Set', 'Desk', 'Speaker'))} {chance.randint(1, 99)}"
            ),
        ),
        "file": ("file path filename", lambda: f"img_{digits(5)}.{chance.choice(('png', 'jpg', 'csv'))}"),
        "path": ("path uri resource", lambda: f"/data/{chance.choice(('a', 'b'))}/{hexed(4)}/part-{digits(5)}.parquet"),
        "URL": ("url link homepage", lambda: f"https://www.example.com/{hexed(6)}"),
        "domain": ("domain host website", lambda: f"{chance.choice(('shop', 'mail', 'api'))}{digits(2)}.example.org"),
        "hex colour": ("hex color_code rgb", lambda: f"#{hexed(6)}"),
        "flight": ("flight flight_no service", lambda: f"{chance.choice(('LH', 'BA', 'AF', 'DL'))}{digits(4)}"),
        "plate of a product": ("serial_number sn machine", lambda: f"SN{digits(10)}"),
        "VIN": (
            "vin chassis vehicle_id",
            lambda: "WVW" + "".join(chance.choices("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", k=14)),
        ),
        "parcel": (
            "tracking_number parcel shipment",
            lambda: f"1Z{''.join(chance.choices('ABCDEFGHX0123456789', k=16))}",
        ),
        "log line": ("log event line", lambda: f"worker-{digits(2)} finished job {digits(6)} in {digits(3)} ms"),
        "text": ("review comment summary", fake.sentence),
        "JSON": (
            "payload attributes meta",
            lambda: json.dumps({"n": chance.randint(1, 99), "ok": True, "tag": chance.choice("xyz")}),
        ),
        "ratio": ("fraction odds bp", lambda: f"{chance.randint(80, 180)}/{chance.randint(50, 110)}"),
        "bank code": ("sort_code branch clearing", lambda: f"{digits(2)}-{digits(2)}-{digits(2)}"),
        "tax code of a good": ("hs_code tariff naics", lambda: f"{digits(4)}.{digits(2)}.{digits(2)}"),
        "range": ("age_band bucket interval", lambda: f"{10 * chance.randint(1, 8)}-{10 * chance.randint(1, 8) + 9}"),
        "sensor": ("sensor device channel", lambda: f"sensor_{chance.randrange(40)}"),
        "one-hot": ("x1 x2 x3", lambda: chance.choice((0, 1))),
    }


def clean_held_out(chance: random.Random) -> dict[str, tuple[str, Make]]:
    """Return kinds of clean columns that were written when the rules were done."""
    digits = lambda count: "".join(chance.choices("0123456789", k=count))  # noqa: E731
    day = lambda: datetime(2010, 1, 1) + timedelta(seconds=chance.randrange(400_000_000))  # noqa: E731, DTZ001
    return {
        "id of 8 digits": ("case_no case_id file_no", lambda: digits(8)),
        "id of 13 digits": ("event_id post_id ref_no", lambda: str(chance.randint(10**12, 10**13 - 1))),
        "id of 15 digits": ("imsi_like asset_no id2", lambda: str(chance.randint(10**14, 10**15 - 1))),
        "id of 18 digits": ("tweet_id message_id snowflake", lambda: chance.randint(10**17, 10**18 - 1)),
        "id with slashes": (
            "case_number docket dossier",
            lambda: f"{chance.randint(2010, 2024)}/{digits(5)}/{chance.choice('ABC')}",
        ),
        "id with dashes": ("ticket issue_key contract", lambda: f"{chance.choice(('OPS', 'WEB', 'HR'))}-{digits(5)}"),
        "grouped id": ("licence_key voucher serial", lambda: "-".join(digits(4) for _ in range(4))),
        "id of 3-2-4": ("part catalogue_no material", lambda: f"{digits(3)}.{digits(2)}.{digits(4)}"),
        "scientific": ("p_value mass energy", lambda: f"{chance.random() * 10 ** -chance.randint(1, 12):.3e}"),
        "negative": ("delta residual temp_c", lambda: f"-{chance.uniform(0, 50):.2f}"),
        "euro amount": ("betrag montant importe", lambda: f"{chance.randint(1, 999)}.{digits(3)},{digits(2)} \u20ac"),
        "rate": ("interest fx_rate yield", lambda: f"{chance.uniform(0.5, 150):.4f}"),
        "quarter": ("quarter fiscal_period term", lambda: f"{chance.randint(2010, 2024)}-Q{chance.randint(1, 4)}"),
        "ISO week": ("week iso_week sprint", lambda: f"{chance.randint(2010, 2024)}-W{chance.randint(1, 52):02d}"),
        "RFC date": ("date_header received sent", lambda: day().strftime("%a, %d %b %Y %H:%M:%S +0000")),
        "US timestamp": ("last_login updated_on stamp", lambda: day().strftime("%m/%d/%Y %I:%M %p")),
        "date without a year": ("birth_month_like holiday md", lambda: day().strftime("%d %b")),
        "projected": ("easting northing x_coord", lambda: str(chance.randint(100_000, 900_000))),
        "degrees": (
            "dms location_dms bearing",
            lambda: f"{chance.randint(0, 89)}\u00b0{chance.randint(0, 59)}'{chance.randint(0, 59)}\"N",
        ),
        "geohash": ("geohash cell tile", lambda: "".join(chance.choices("0123456789bcdefghjkmnpqrstuvwxyz", k=9))),
        "base64": (
            "signature_b64 blob digest64",
            lambda: "".join(chance.choices("ABCDEFGHabcdefgh0123456789+/", k=42)) + "==",
        ),
        "semantic version": (
            "package_version engine firmware",
            lambda: f"v{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(30)}-rc{chance.randrange(9)}",
        ),
        "SQL": ("query statement sql", lambda: f"UPDATE t{digits(2)}; COMMIT {digits(6)}"),
        "regulation": ("clause article norm", lambda: f"Article {chance.randint(1, 99)}({chance.randint(1, 9)})"),
        "unit price": ("unit_price per_kg list_price", lambda: f"{chance.uniform(0.1, 30):.2f} USD/kg"),
    }


def categories(half: str, chance: random.Random) -> dict[str, tuple[str, Make]]:
    """Return the kinds of one half that are a choice among some words."""
    listed = Path(__file__).with_name("pii_categories.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split("; ", 3) for line in listed]
    return {
        kind: (headers, partial(chance.choice, words.split("|")))
        for where, kind, headers, words in parts
        if where == half
    }


def main() -> None:
    """Make the columns of one half."""
    from faker import Faker

    asked = json.load(sys.stdin)
    rows, half, chance = asked["rows"], asked["half"], random.Random(asked["seed"])  # noqa: S311
    made, british = [], Faker("en_GB")  # not every language of Faker has bank accounts of its own
    british.seed_instance(asked["seed"])
    for locale in LOCALES[half]:
        fake = Faker(locale)
        fake.seed_instance(asked["seed"])
        for kind, (headers, named_only, make) in personal(fake, british, chance).items():
            made.append((f"{kind} ({locale})", headers, True, named_only, make))
        kinds = clean(fake, chance) if half == "seen" else clean_held_out(chance)
        kinds |= categories(half, chance)
        made += [(f"{kind} ({locale})", headers, False, False, make) for kind, (headers, make) in kinds.items()]
    columns = [
        {
            "kind": kind,
            "headers": headers.split(),
            "personal": is_personal,
            "named_only": named_only,
            "values": [make() for _ in range(rows)],
        }
        for kind, headers, is_personal, named_only, make in made
    ]
    json.dump(columns, sys.stdout)


main()
