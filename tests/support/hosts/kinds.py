"""Which kinds of host a test runs on, where not every time on both."""

import pytest

from tests.support.hosts.process import HostKind

local_only = pytest.mark.parametrize("host_kind", [HostKind.LOCAL], indirect=True)
long_on_real = pytest.mark.parametrize(
    "host_kind",
    [HostKind.LOCAL, pytest.param(HostKind.REAL, marks=pytest.mark.long)],
    indirect=True,
)
