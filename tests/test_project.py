"""What holds for the project as a whole: what is imported, how long files are, what is shipped."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from statistics import median

import pytest

import mmrs_builder
from mmrs_builder import resources
from mmrs_builder.gallery.page import GALLERY
from mmrs_builder.review.pages import PAGE

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"cv2", "datasets", "numpy", "pandas", "PIL", "pyarrow", "scipy", "skimage", "torch", "typer"}
BANNED = {"accelerate", "baselines", "peft", "ray", "torch", "transformers"}
SHARED_WITH_BASELINES = {"blind", "llm", "metrics", "programs", "schema", "types", "vocab"}
NAMELESS = {"common", "helpers", "misc", "utils"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    doc = function.body[0] if ast.get_docstring(function) else None
    return (function.end_lineno or 0) - function.lineno + 1 - ((doc.end_lineno or 0) - doc.lineno + 1 if doc else 0)


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    """By its defaults pytest does not look into a folder named ``build``."""
    patterns = pytestconfig.getini("norecursedirs")
    folders = {part for file in modules("tests") for part in file.relative_to(ROOT).parts[:-1]}
    assert [name for name in sorted(folders) for pattern in patterns if fnmatch(name, pattern)] == []


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = "import sys, mmrs_builder; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert HEAVY & set(loaded.stdout.split()) == set()


def test_the_compiler_imports_no_neural_network_and_no_cluster() -> None:
    found = {(file.relative_to(ROOT).as_posix(), name) for file in modules("mmrs_builder") for name in imports(file)}
    banned = {(file, name) for file, name in found if name.partition(".")[0] in BANNED}
    assert banned - {("mmrs_builder/executors/ray.py", name) for name in ("ray", "ray.exceptions")} == set()


def test_baselines_import_only_the_shared_modules() -> None:
    files = modules("baselines")
    if not files:
        pytest.skip("no baselines in this version")
    ours = {name for file in files for name in imports(file) if name.startswith("mmrs_builder.")}
    assert {name.split(".")[1] for name in ours} <= SHARED_WITH_BASELINES


def test_files_are_short() -> None:
    lines = {file.name: len(file.read_text("utf-8").splitlines()) for file in modules("mmrs_builder")}
    assert {name: n for name, n in lines.items() if n > 400} == {}
    assert median(lines.values()) < 130


def test_functions_are_short() -> None:
    trees = {file.name: ast.walk(ast.parse(file.read_text("utf-8"))) for file in modules("mmrs_builder")}
    found = [
        (file, node.name, length(node))
        for file, nodes in trees.items()
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [function for function in found if function[2] > 60] == []


def test_every_file_is_named_for_what_it_holds() -> None:
    files = [file for folder in ("mmrs_builder", "baselines", "tests", "benchmarks") for file in modules(folder)]
    assert [file for file in files if file.stem in NAMELESS] == []


def test_the_newest_changelog_entry_is_the_current_version() -> None:
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == mmrs_builder.__version__


def test_the_citation_names_the_current_version() -> None:
    assert f"\nversion: {mmrs_builder.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


@pytest.mark.parametrize("name", ["templates", "data_cards"])
def test_resources_are_found_in_a_checkout(name: resources.Resource) -> None:
    assert resources.path(name) == ROOT / name


def test_a_broken_installation_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "mmrs_builder")
    with pytest.raises(FileNotFoundError, match="reinstall mmrs-builder"):
        resources.path("templates")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel of this checkout."""
    pytest.importorskip("hatchling", reason="needs hatchling to build the wheel")
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out], cwd=ROOT, check=True)
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        archive.extractall(out / "site")
    return out / "site"


@pytest.mark.parametrize("folder", ["templates", "data_cards"])
def test_the_wheel_holds_every_resource(wheel: Path, folder: str) -> None:
    ours = {file.relative_to(ROOT) for file in (ROOT / folder).rglob("*") if file.is_file()}
    assert ours
    assert [file for file in sorted(ours) if not (wheel / "mmrs_builder" / "_resources" / file).is_file()] == []


def test_the_wheel_holds_the_files_of_both_pages(wheel: Path) -> None:
    parts = {name for page in (GALLERY, PAGE) for name in (page.page, *page.styles, *page.scripts)}
    assert {name.split("/")[0] for name in parts} == {"gallery", "review"}
    assert [name for name in sorted(parts) if not (wheel / "mmrs_builder" / name).is_file()] == []


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    assert (wheel / "mmrs_builder" / "py.typed").is_file()


def test_resources_are_found_in_an_installed_wheel(wheel: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import mmrs_builder.resources as r; print(r.path('templates'))"
    found = subprocess.run([sys.executable, "-I", "-c", code, wheel], capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == wheel / "mmrs_builder" / "_resources" / "templates"
