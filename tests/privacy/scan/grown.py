"""Cells grown from the recognisers' own patterns, then spoilt a little: made up, and the same for the same seed."""

import random

from privacy.scan.relaxed import parsed


def parts(text):
    """Return what stands between bars."""
    return text.replace("\n", "").split("|")


AROUND = parts("""
| |my ssn |card number: |passport |phone |e-mail |iban |bank account |ip |(|id=|licence driver |nhs |ÄÖ |x|wallet btc |
social security number |Call |date of birth |mac |see |€|%|“|medical certificate DEA |\uff29D|\ufb01|\u017fsn |\u212aard
""")
SPOILS = "0aA-. :@/x+Ä\u017f\u212a\u0131\u0660\u200b"


def grown(expression: str, flags: int, chance: random.Random) -> str:
    """Return a text that the pattern (nearly always) matches."""
    return _Grower(chance).grow(parsed(expression, flags))


class _Grower:
    def __init__(self, chance):
        self.chance = chance
        self.groups = {}

    def grow(self, node):
        grow = getattr(self, f"_{type(node).__name__.lower()}", None)
        return grow(node) if grow else ""

    def _sequence(self, node):
        return "".join(map(self.grow, node.items))

    def _branch(self, node):
        return self.grow(self.chance.choice(node.branches))

    def _character(self, node):
        return chr(node.value) if node.positive else "~"

    def _range(self, node):
        return chr(self.chance.randint(node.lower, min(node.upper, node.lower + 200)))

    def _property(self, node):
        from privacy.scan.characters import _has

        fitting = [one for one in "0a_Z é\u0664-\t.ÄĀ" if _has(node.value, ord(one)) == node.positive]
        return self.chance.choice(fitting or ["?"])

    def _setunion(self, node):
        return self.grow(self.chance.choice(node.items)) if node.positive else self.chance.choice("xY1- é")

    def _any(self, _node):
        return self.chance.choice("ab1 .")

    _anyall = _anyu = _any

    def _group(self, node):
        self.groups[str(node.group)] = self.grow(node.subpattern)
        return self.groups[str(node.group)]

    def _atomic(self, node):
        return self.grow(node.subpattern)

    def _lookaround(self, node):
        return self.grow(node.subpattern) if node.positive and node.behind else ""

    def _refgroup(self, node):
        return self.groups.get(str(node.group), "")

    def _greedyrepeat(self, node):
        most = node.min_count + 6 if node.max_count is None else min(node.max_count, node.min_count + 8)
        return "".join(self.grow(node.subpattern) for _ in range(self.chance.randint(node.min_count, most)))

    _lazyrepeat = _possessiverepeat = _greedyrepeat


def cells(recognizers, count, seed):
    """Return different cells, grown from the patterns of all recognisers."""
    chance = random.Random(seed)  # noqa: S311 - made-up cells, the same each time
    patterns = [
        (pattern.regex, one.global_regex_flags) for one in recognizers for pattern in getattr(one, "patterns", ())
    ]
    made: dict[str, None] = {}
    while len(made) < count:
        text = grown(*chance.choice(patterns), chance)
        if text and chance.random() < 0.25:
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice(SPOILS) + text[place + 1 :]
        if chance.random() < 0.2:
            text = text.swapcase()
        text = chance.choice(AROUND) + text + chance.choice(["", "", " ok", ".", "x", ", ", " €5"])
        if chance.random() < 0.2:
            text += grown(*chance.choice(patterns), chance)
        made.setdefault(text)
    return list(made)


PREFIXES = parts("""
|||0|00|1|49|490|4900|44|440|33|+49|+1|+44 0|972|91|55|550|0055|011|0033|(0)|001|+0049 |++1|(+1) |005521|\uff19
""")
SEPARATORS = ["", "", "-", " ", ".", "/", " - ", "--", "(", ") ", "x", " ext. ", ";ext=", "#", ",", "~", "[", "\u2013"]


def phones(count, seed):
    """Return different texts that look like phone numbers of many countries, or like nothing."""
    chance = random.Random(seed)  # noqa: S311 - made-up cells, the same each time
    made: dict[str, None] = {}
    while len(made) < count:
        made.setdefault(_phone(chance))
    return list(made)


def _digits(chance, least, most):
    return "".join(chance.choices("0123456789", k=chance.randint(least, most)))


def _phone(chance):
    kind = chance.random()
    if kind < 0.3:
        return chance.choice(PREFIXES) + _digits(chance, 3, 18)
    if kind < 0.4:
        return f"{chance.choice(['', '-'])}{_digits(chance, 1, 6)}.{_digits(chance, 1, 18)}"
    if kind < 0.45:
        return f"2{_digits(chance, 3, 3)}-0{_digits(chance, 1, 1)}-1{_digits(chance, 1, 1)} 1{_digits(chance, 1, 1)}:30"
    text = chance.choice(PREFIXES)
    for _ in range(chance.randint(1, 5)):
        text += _digits(chance, 1, 6) + chance.choice(SEPARATORS)
    if kind < 0.7:
        before, after = ["call ", "x", "ID", "€", "$", "é", "tel:", "3/10/2011 "], ["", " now", "%", "a", ".", " / x99"]
        text = chance.choice(before) + text + chance.choice(after)
    if kind > 0.95:
        text += " / " + _digits(chance, 9, 11)
    return text
