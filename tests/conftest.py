"""Profiles of the property tests: `fast` for each change, `full` for `make test`; both small enough for two cores."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import servers

ROOT = Path(__file__).parent.parent
os.environ["PYTHONPATH"] = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
os.environ["AMANA_LANG"] = "en"
"""For the commands that tests start."""

_SLOW_START = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True, suppress_health_check=_SLOW_START)
settings.register_profile("full", max_examples=200, deadline=None, derandomize=True, suppress_health_check=_SLOW_START)
settings.register_profile("search", max_examples=2000, deadline=None, suppress_health_check=_SLOW_START)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server, for as long as the tests run."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs on both databases; `tests.parts.connect` and child processes follow the environment."""
    if request.param == "postgres":
        monkeypatch.setenv("AMANA_TEST_DATABASE", request.getfixturevalue("postgres"))
    return str(request.param)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's three datasets, published from a small country of the same shape."""
    folder = tmp_path_factory.mktemp("demo") / "demo-data"
    command = [sys.executable, str(ROOT / "examples" / "demo" / "run.py"), "--folder", str(folder), "--share", "0.3", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def own_demo_folder(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for the tests of one file that spend: what they spend is not missing elsewhere."""
    return Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("own") / "demo-data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What kills, loses and waits is for `make test`."""
    for item in items:
        if "crash" in item.path.parts:
            item.add_marker(pytest.mark.slow)
