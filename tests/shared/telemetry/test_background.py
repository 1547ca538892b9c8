"""What is done behind an answer is done in turn, whatever becomes of what came before."""

from threading import Event

import pytest

from shared.telemetry.background import do_in_background


def test_a_failure_is_told_and_the_next_is_done(caplog: pytest.LogCaptureFixture) -> None:
    done = Event()

    def fail() -> None:
        raise ImportError("no such library")

    do_in_background(fail)
    do_in_background(done.set)
    assert done.wait(30)
    assert "Something in the background failed" in caplog.text
