"""What tests of task types stand on, beside what all tests of the product have."""

from pathlib import Path

import pytest

from tests.support.git.history import History
from tests.support.product.app import AppUnderTest
from tests.support.servers.github import GitHubServer
from tests.support.tasks.analyses import Analyses
from tests.support.tasks.papers import Papers
from tests.support.tasks.reviews import Reviews


@pytest.fixture
def reviews(app: AppUnderTest, github: GitHubServer, tmp_path: Path) -> Reviews:
    """Where pull requests are reviewed, by a reviewer who finds nothing yet."""
    return Reviews(app, github, History(tmp_path / "app"))


@pytest.fixture
def analyses(app: AppUnderTest) -> Analyses:
    """Where documents are analysed, by a model that claims what every tenth line says."""
    return Analyses(app)


@pytest.fixture
def papers(app: AppUnderTest) -> Papers:
    """Where papers are written, by an honest author."""
    return Papers(app)
