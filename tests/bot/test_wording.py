"""The word lists are read when they are first asked for, and once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bot import wording


@pytest.fixture
def unread():
    """The lists as at the start of a process; afterwards as they were."""
    wording.word_lists.cache_clear()
    wording._read_lists.cache_clear()


def test_visitors_who_come_first_at_the_same_time_wait_for_one_reading(unread, monkeypatch):
    """Four replies are worked on at once; each would take a core for as long as one reading does."""
    readings, at_once = [], Barrier(4)
    read = wording.read_data
    monkeypatch.setattr(wording, "read_data", lambda path: readings.append(path) or read(path))

    def asked(_):
        at_once.wait()
        return wording.word_lists()

    with ThreadPoolExecutor(4) as threads:
        lists = list(threads.map(asked, range(4)))
    assert len(readings) == 1
    assert all(one is lists[0] for one in lists)
