"""What the specifications of stores share: a Milvus server."""

from collections.abc import Iterator

import pytest

from tests.index.milvus_server import MilvusServer


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """A server that no specification ends; each uses a prefix of its own."""
    server = MilvusServer(tmp_path_factory.mktemp("milvus")).start()
    yield server
    server.stop()
