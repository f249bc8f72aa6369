"""What a name in a model's file is for: known data of scientific libraries, code, danger, or nobody knows."""

import re
from enum import StrEnum


class Purpose(StrEnum):
    """KNOWN holds data; CODE carries functions by value; DANGEROUS reaches the machine; the rest is UNKNOWN."""

    KNOWN = "known"
    CODE = "code"
    DANGEROUS = "dangerous"
    UNKNOWN = "unknown"


# Classes, which begin with a capital, of libraries whose estimators are plain data.
ESTIMATORS = re.compile(
    r"(sklearn|scipy|lightgbm|xgboost|imblearn|category_encoders)(\.\w+)*\.Cy?[A-Z]\w*|"
    r"(sklearn|scipy|lightgbm|xgboost|imblearn|category_encoders)(\.\w+)*\._?[A-Z]\w*"
)
NUMBERS = re.compile(r"numpy\.(float|int|uint|complex|bool|str|bytes|void|object|datetime|timedelta)\d*_?")
PANDAS = re.compile(r"pandas(\.(core|_libs|arrays)(\.\w+)*)?\.(_?[A-Z]\w*|_unpickle_block|new_block|_new_Index)")
KNOWN = {
    *(f"builtins.{name}" for name in (
        "object", "list", "dict", "set", "frozenset", "tuple", "bytearray", "bytes", "complex", "slice", "range",
        "int", "float", "str", "bool", "NoneType", "type", "property", "staticmethod", "classmethod",
    )),
    *(f"collections.{name}" for name in ("OrderedDict", "defaultdict", "deque", "Counter")),
    *(f"datetime.{name}" for name in ("date", "datetime", "time", "timedelta", "timezone")),
    *(f"{core}.multiarray.{name}" for core in ("numpy.core", "numpy._core") for name in ("_reconstruct", "scalar")),
    *(f"{core}.numeric._frombuffer" for core in ("numpy.core", "numpy._core")),
    *(f"numpy.random._pickle.{name}" for name in (
        "__randomstate_ctor", "__bit_generator_ctor", "__generator_ctor", "__seed_sequence_ctor",
    )),
    *(f"numpy.random.{name}" for name in (
        "mtrand.RandomState", "_mt19937.MT19937", "_pcg64.PCG64", "_generator.Generator", "bit_generator.SeedSequence",
        "bit_generator.__pyx_unpickle_SeedSequence",
    )),
    "numpy.ndarray", "numpy.dtype", "numpy.ma.core._mareconstruct", "numpy.ma.core.MaskedArray",
    "copyreg._reconstructor", "_codecs.encode", "decimal.Decimal", "fractions.Fraction", "uuid.UUID",
    "joblib.numpy_pickle.NumpyArrayWrapper", "joblib.numpy_pickle.NDArrayWrapper",
    "sklearn._loss.link.Interval", "sklearn.utils._bunch.Bunch",
}  # fmt: skip
CODE = {"cloudpickle", "dill", "marshal", "types"}
DANGEROUS = {
    "_io", "_pickle", "_posixsubprocess", "_thread", "aiohttp", "antigravity", "asyncio", "atexit", "bdb", "builtins",
    "cProfile", "code", "codeop", "commands", "concurrent", "ctypes", "distutils", "doctest", "email", "ensurepip",
    "fcntl", "fileinput", "ftplib", "functools", "gc", "glob", "http", "httplib", "httpx", "idlelib", "imaplib",
    "importlib", "inspect", "io", "lib2to3", "linecache", "logging", "mmap", "multiprocessing", "nt", "ntpath",
    "operator", "os", "pathlib", "pdb", "pickle", "pip", "pkg_resources", "pkgutil", "platform", "poplib", "posix",
    "posixpath", "profile", "pty", "pydoc", "requests", "resource", "runpy", "select", "selectors", "setuptools",
    "shelve", "shutil", "signal", "site", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys",
    "tarfile", "telnetlib", "tempfile", "test", "threading", "timeit", "trace", "tracemalloc", "turtle", "unittest",
    "urllib", "urllib2", "urllib3", "venv", "webbrowser", "wsgiref", "xmlrpc", "zipfile", "zipimport",
}  # fmt: skip
REACHING = re.compile(
    r"numpy\.(testing|f2py|distutils|lib\.npyio|ctypeslib|load|fromfile|memmap|save|loadtxt|genfromtxt)\b|"
    r"(pandas|pandas\..*)\.(eval|query|read_\w+)|joblib\.(load|parallel|externals|_parallel)|sklearn\.externals|"
    r"torch\.(load|hub|utils|serialization|jit|classes|ops)|tensorflow\.|keras\.|mlflow\.|skops\.io\._"
)


def purpose_of(name: str) -> Purpose:
    """Return what a dotted name is for; what no list has is UNKNOWN, which is not harmless."""
    library = name.partition(".")[0]
    if name in KNOWN:
        return Purpose.KNOWN
    if library in CODE:
        return Purpose.CODE
    if library in DANGEROUS or REACHING.match(name):
        return Purpose.DANGEROUS
    if ESTIMATORS.fullmatch(name) or NUMBERS.fullmatch(name) or PANDAS.fullmatch(name):
        return Purpose.KNOWN
    return Purpose.UNKNOWN
