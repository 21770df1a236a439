"""One process at a time builds an index folder, every other is told who it is, and a crash frees the lock."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from index.errors import BuildLockedError
from index.lock import build_lock
from tests.project import ROOT

HOLD = (
    "import sys, pathlib; from index.lock import build_lock\nwith build_lock(pathlib.Path(sys.argv[1])): print('held', flush=True); input()"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that is building."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_builder_is_told_who_builds_and_what_to_do(tmp_path, holder):
    """At once, with the process, the machine and the time."""
    who = rf"process {holder.pid} on {socket.gethostname()} since 20\d\d-\d\d-\d\dT.*Wait .*SCO_INDEX_DIR"
    with pytest.raises(BuildLockedError, match=who), build_lock(tmp_path):
        pytest.fail("two hold it")


def test_a_holder_that_is_killed_holds_nothing(tmp_path, holder):
    """The kernel frees the lock; what the file still says harms nobody."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert f'"process": {holder.pid}' in (tmp_path / "LOCK").read_text()
    with build_lock(tmp_path):
        assert f'"process": {os.getpid()}' in (tmp_path / "LOCK").read_text()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"process": 1}'], ids=repr)
def test_whatever_the_file_says_the_lock_is_free(tmp_path, content):
    """It was cut short, or somebody wrote into it."""
    (tmp_path / "LOCK").write_bytes(content)
    with build_lock(tmp_path):
        (tmp_path / "LOCK").write_bytes(content)
        with pytest.raises(BuildLockedError, match="is being built by another process"), build_lock(tmp_path):
            pytest.fail("two hold it")


def test_two_folders_are_built_at_once(tmp_path):
    """Each has its own lock."""
    with build_lock(tmp_path / "a"), build_lock(tmp_path / "b"):
        pass
