"""The locked versions: every direct dependency has one, in its range, that any package index can have."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = [
    *PROJECT["build-system"]["requires"],
    *PROJECT["project"]["dependencies"],
    *(line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra),
]
LINES = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
LOCKED = [Requirement(line) for line in LINES]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")]


def locked_version(name: str, python: str, platform: str, machine: str) -> str:
    """Return the one version of a package there. Raises ValueError where there is none, or more than one."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_machine": machine,
    }
    (version,) = (
        next(iter(requirement.specifier)).version
        for requirement in LOCKED
        if canonicalize_name(requirement.name) == canonicalize_name(name)
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    )
    return version


@pytest.mark.parametrize("line", sorted(set(DIRECT)))
def test_every_direct_dependency_has_a_version_in_its_range_on_every_python_and_platform(line: str) -> None:
    wanted = Requirement(line)
    for python in PYTHONS:
        for platform, machine in PLATFORMS:
            assert wanted.specifier.contains(locked_version(wanted.name, python, platform, machine)), (python, platform)


def test_every_line_is_one_exact_version_that_any_index_can_have() -> None:
    assert len(LOCKED) > len(DIRECT)  # what they need in turn, too
    for line, requirement in zip(LINES, LOCKED, strict=True):
        (specifier,) = requirement.specifier
        assert specifier.operator == "==" and "+" not in specifier.version, line  # a local version is one registry's
        assert requirement.url is None and not requirement.extras and "--" not in line, line


def test_builds_of_torch_choose_their_own_libraries() -> None:
    assert [line for line in LINES if line.startswith(("nvidia-", "triton", "cuda-"))] == []


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_whatever_installs_dependencies_takes_the_locked_versions(file: str) -> None:
    installs = [
        line
        for line in (ROOT / file).read_text().splitlines()
        if "pip install" in line and "--no-deps" not in line and not line.endswith(" uv")
    ]
    assert installs and [line for line in installs if "-c requirements.lock" not in line] == []
