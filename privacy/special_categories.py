"""Which columns hold a special category of personal data (GDPR Art. 9), by what was found and by the words of the name.

Nobody can see in a column of zeros and ones that it says who has a disease: what is neither found nor said by the name
of the column is not counted.
"""

from collections.abc import Iterable

from privacy.scan.entities import name_tokens

BY_ENTITY = {"NRP": "origin", "UK_NHS": "health"}
_WORDS = {
    "origin": "race races racial ethnic ethnicity ethnicities caste tribe nationality skin",
    "politics": "political politics party parties",
    "belief": "religion religions religious faith belief beliefs church denomination philosophical",
    "union": "union unions",
    "genetics": "genetic genetics genome genomic genotype allele dna snp",
    "biometrics": "biometric biometrics fingerprint fingerprints faceprint voiceprint iris retina",
    "health": "health diagnosis diagnoses disease diseases illness disability disabilities disabled medication "
    "medications prescription prescriptions hiv cancer pregnancy pregnant icd icd9 icd10 symptom symptoms allergy "
    "allergies psychiatric therapy blood cholesterol glucose insulin",
    "sex life": "orientation sexuality sexual gay lesbian",
}
_CATEGORY = {word: category for category, text in _WORDS.items() for word in text.split()}
_ELSEWHERE = {
    "party": {"third", "counter"},
    "parties": {"third", "counter"},
    "union": {"credit", "western", "european"},
    "race": {"condition", "horse", "car"},
    "health": {"check", "system", "service", "host"},
    "orientation": {"screen", "page", "image", "device"},
    "fingerprint": {"browser", "device", "key", "engine"},
    "iris": {"petal", "sepal"},
}


def category_of(column: str, entities: Iterable[str]) -> str:
    """Return the category that a column holds ("health"), or nothing.

    Words whose neighbours give them another meaning ("third_party", "credit_union") do not count.
    """
    for name in sorted(entities):
        if name in BY_ENTITY:
            return BY_ENTITY[name]
    words = name_tokens(column)
    for word in words:
        if word in _CATEGORY and not _ELSEWHERE.get(word, set()) & set(words):
            return _CATEGORY[word]
    return ""
