"""What tests of task types stand on, beside what all tests of the product have."""

from pathlib import Path

import pytest

from tests.git_history import History
from tests.github_server import GitHubServer
from tests.shared.conftest import House
from tests.shared.tasks.analyses import Archive
from tests.shared.tasks.pull_requests import Desk


@pytest.fixture
def desk(house: House, github: GitHubServer, tmp_path: Path) -> Desk:
    """Where pull requests are reviewed, by a reviewer who finds nothing yet."""
    return Desk(house, github, History(tmp_path / "app"))


@pytest.fixture
def archive(house: House) -> Archive:
    """Where documents are analysed, by a model that claims what every tenth line says."""
    return Archive(house)
