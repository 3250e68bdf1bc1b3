"""What a user installs: the manifest, the wheel and the source archive."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from npe2 import PluginManifest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import napari_unet

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "src" / "napari_unet"
MANIFEST = PACKAGE / "napari.yaml"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = "napari-unet-workbench"
QT_BINDINGS = {"pyqt5", "pyqt6", "pyside2", "pyside6"}


def run(*command: object, **options: object) -> str:
    """Run a command to its good end and return what it printed."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# --- the manifest -----------------------------------------------------------------------------


def test_the_manifest_is_valid_and_all_it_names_can_be_imported():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.name == PROJECT["name"] == NAME


def test_the_manifest_at_the_top_is_the_packaged_one():
    link = REPOSITORY / "napari.yaml"
    if not link.exists():
        pytest.skip("a source archive has no link")
    text = link.read_text(encoding="utf-8")
    # git checks a link out as a file with its target's path where links are not allowed
    assert text in (MANIFEST.read_text(encoding="utf-8"), "src/napari_unet/napari.yaml")


# --- dependencies -----------------------------------------------------------------------------


OPTIONAL = {  # extras that the code can do without
    "medical",
    "drive",
    "devices",
    "cluster",
    "onnx",
    "encoders",
    "bioimageio",
}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(r).name) for r in requirements}


def test_no_qt_binding_is_forced_on_anyone():
    base = [Requirement(r) for r in PROJECT["dependencies"]]
    assert not names(PROJECT["dependencies"]) & QT_BINDINGS
    assert not any(r.extras for r in base if r.name == "napari")
    everything = [Requirement(r) for r in PROJECT["optional-dependencies"]["all"]]
    assert {(r.name, *r.extras) for r in everything if r.name != NAME} == {("napari", "all")}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    tops = {top for path in PACKAGE.rglob("*.py") for top in imported(path)}
    providers = packages_distributions()
    ours = {"napari_unet", *sys.stdlib_module_names}
    used = {canonicalize_name(providers[top][0]) for top in tops - ours}
    extras = PROJECT["optional-dependencies"].items()
    optional = names([r for name, e in extras if name in OPTIONAL for r in e])
    assert used - optional == names(PROJECT["dependencies"])


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, wherever in its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found


def test_the_constraints_name_every_dependency_and_fit_the_declared_ranges():
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    versions = {canonicalize_name(r.name): next(iter(r.specifier)).version for r in pins}
    extras = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *(r for e in extras.values() for r in e)]:
        wanted = Requirement(text)
        if wanted.name != NAME:
            assert versions[canonicalize_name(wanted.name)] in wanted.specifier, text


def test_the_versions_agree():
    assert distribution(NAME).version == PROJECT["version"] == napari_unet.__version__


# --- wheel and source archive -----------------------------------------------------------------


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist from the tree, without the network, and return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    run(
        *(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist"),
        *("--outdir", folder, REPOSITORY),
    )
    return folder


@pytest.fixture(scope="module", params=["*.whl", "*.tar.gz"])
def installed(
    request: pytest.FixtureRequest, archives: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Install one of the archives into a folder of its own."""
    (archive,) = archives.glob(request.param)
    target = tmp_path_factory.mktemp("installed")
    run(
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index"),
        *("--no-build-isolation", "--target", target, archive),
    )
    return target


def environment(target: Path) -> dict[str, str]:
    """Return an environment in which the installed copy comes before the checkout's."""
    return {**os.environ, "PYTHONPATH": str(target)}


def test_napari_finds_the_plugin_when_installed(installed: Path, tmp_path: Path):
    code = f"""
import sys
from pathlib import Path
from npe2 import PluginManifest
target = Path({str(installed)!r})
for manifest, dist, error in list(PluginManifest.discover()):
    if Path(str(dist.locate_file(""))) == target:
        assert error is None, error
        manifest.validate_imports()
        assert manifest.package_metadata.version == {PROJECT["version"]!r}
        print(manifest.name)
import napari_unet
assert Path(napari_unet.__file__).is_relative_to(target), napari_unet.__file__
"""
    found = run(sys.executable, "-c", code, env=environment(installed), cwd=tmp_path)
    assert found.split() == [NAME]


def test_the_command_is_installed(installed: Path, tmp_path: Path):
    (script,) = (p for p in installed.glob("*/napari-unet*") if p.parent.name != "napari_unet")
    printed = run(script, "--version", env=environment(installed), cwd=tmp_path)
    assert printed.split() == ["napari-unet", PROJECT["version"]]


def test_the_types_and_the_licence_are_shipped(installed: Path):
    assert (installed / "napari_unet" / "py.typed").is_file()
    assert list(installed.glob("*.dist-info/licenses/LICENSE"))


def test_the_boxed_models_are_shipped(installed: Path):
    box = Path("napari_unet", "library", "boxed")
    models = list((REPOSITORY / "src" / box).glob("*.unet.safetensors"))
    assert [m.name for m in models] == ["brain-tumor.unet.safetensors"]
    assert all((installed / box / m.name).read_bytes() == m.read_bytes() for m in models)


def test_the_wheel_holds_the_package_and_nothing_else(archives: Path):
    (wheel,) = archives.glob("*.whl")
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    stem = f"napari_unet_workbench-{PROJECT['version']}"
    assert tops == {"napari_unet", f"{stem}.dist-info"}


def test_the_source_archive_has_no_links(archives: Path):
    (sdist,) = archives.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        members = tar.getmembers()
    assert not [m.name for m in members if m.issym() or m.islnk()]
    inside = {m.name.partition("/")[2] for m in members}
    assert {"src/napari_unet/napari.yaml", "constraints.txt", "Makefile"} <= inside
    assert "napari.yaml" not in inside
