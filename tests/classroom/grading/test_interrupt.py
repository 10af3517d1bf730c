"""Ctrl-C stops a grading run also where Python could not raise it at once."""

import os
import signal
from contextlib import suppress

import pytest

from classroom.grading.interrupt import Interrupt


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    signal.sigpending()  # Python looks for signals between two instructions


def test_it_raises_at_once_and_afterwards_the_former_handler_is_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupt():
        press()
    assert signal.getsignal(signal.SIGINT) is before


def test_one_that_was_swallowed_is_raised_by_the_next_check():
    with Interrupt() as interrupt:
        interrupt.check()
        with suppress(KeyboardInterrupt):  # as a destructor does
            press()
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
