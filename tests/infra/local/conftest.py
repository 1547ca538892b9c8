"""Stand-ins as their users start them: as processes, each on a free port."""

from collections.abc import Iterator

import pytest

from tests.support.servers.stand_ins import stand_in


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    with stand_in("infra.local.model") as url:
        yield url


@pytest.fixture(scope="session")
def webpubsub_url() -> Iterator[str]:
    with stand_in("infra.local.webpubsub") as url:
        yield url
