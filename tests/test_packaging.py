"""The wheel: it holds what pages, styles and policies need besides code, and its command runs where nothing else is."""

import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("governance", "registry", "privacy", "monitoring")
NEEDED = (*APPS, "templates", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The content of a wheel that was built from a copy of the sources."""
    source, built, target = (tmp_path_factory.mktemp(name) for name in ("source", "built", "target"))
    for name in NEEDED:
        place = ROOT / name
        if place.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(place, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(place, source / name)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"),
            *("--disable-pip-version-check", "--wheel-dir", str(built), str(source)),
        ],
        check=True,
        capture_output=True,
    )
    [wheel] = built.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_every_file_of_the_apps_and_every_page_is_in_the_wheel(installed):
    files = [
        place.relative_to(ROOT)
        for app in APPS
        for place in (ROOT / app).rglob("*")
        if place.is_file() and "__pycache__" not in place.parts
    ]
    pages = [Path("governance") / place.relative_to(ROOT) for place in (ROOT / "templates").rglob("*.html")]
    assert len(files) > 200
    assert len(pages) > 10
    assert {str(place) for place in (*files, *pages) if not (installed / place).is_file()} == set()


def test_nothing_but_the_apps_is_installed(installed):
    names = {place.name for place in installed.iterdir() if not place.name.endswith(".dist-info")}
    assert names == set(APPS)


def test_the_command_runs_from_the_wheel_on_the_standard_library_alone(installed):
    script = ConfigParser()
    [information] = installed.glob("*.dist-info")
    script.read(information / "entry_points.txt")
    module, _, function = script["console_scripts"]["probity"].partition(":")
    program = f"import sys; sys.path.insert(0, {str(installed)!r}); from {module} import {function} as run; run(['-h'])"
    found = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("usage: probity")
