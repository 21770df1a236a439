"""What all specifications share: a closed network, and the real model over the real documents, loaded once."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app import EXAMPLES, OFFLINE, ONE_THREAD

os.environ.update(OFFLINE | ONE_THREAD, LANGSMITH_TRACING="false")

from bot.assistant import Assistant
from index.build import build
from index.embedding import DEFAULT_MODEL, Encoder, SentenceEmbeddings, check_model
from index.graph import prepare_encoder
from index.store import Generation, open_generation
from tests.milvus_server import MilvusServer

# The same examples every time, and no clock: a busy machine is no fault of the code.
settings.register_profile("specifications", deadline=None, derandomize=True, database=None)
settings.load_profile("specifications")

CORPUS = Path(__file__).resolve().parent.parent / "index" / "corpus"


@pytest.fixture(autouse=True, scope="session")
def closed_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine, and every look-up of another host's name."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo
    local = ("127.0.0.1", "localhost", "::1", None, "", b"127.0.0.1", b"localhost")

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in local:
            raise AssertionError(f"a test reached for the network: {address}")
        return connect(self, address)

    def guarded_look_up(host, *rest, **options):
        if host not in local:
            raise AssertionError(f"a test looked up a host: {host}")
        return look_up(host, *rest, **options)

    socket.socket.connect, socket.getaddrinfo = guarded_connect, guarded_look_up
    yield
    socket.socket.connect, socket.getaddrinfo = connect, look_up


@pytest.fixture(scope="session")
def reference() -> SentenceEmbeddings:
    """The real model as sentence-transformers runs it, loaded once."""
    return SentenceEmbeddings(check_model(DEFAULT_MODEL))


@pytest.fixture(scope="session")
def encoder_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the model's graph, which takes seconds to export."""
    folder = tmp_path_factory.mktemp("encoder")
    prepare_encoder(check_model(DEFAULT_MODEL), folder)
    return folder


@pytest.fixture(scope="session")
def embeddings(encoder_dir: Path) -> Encoder:
    """The real model as the program runs it."""
    return prepare_encoder(check_model(DEFAULT_MODEL), encoder_dir)


@pytest.fixture(scope="session")
def put_graph(encoder_dir: Path) -> Callable[[Path], Path]:
    """Makes an index folder that has the model's graph already, and returns it."""

    def put(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        for graph in encoder_dir.iterdir():
            (folder / graph.name).symlink_to(graph)
        return folder

    return put


@pytest.fixture(scope="session")
def index_dir(embeddings: Encoder, put_graph: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly built index of the default corpus; tests that alter it copy it first."""
    folder = put_graph(tmp_path_factory.mktemp("index"))
    build(CORPUS, folder, embeddings, lambda done, total: None)
    return folder


@pytest.fixture(scope="session")
def generation(index_dir: Path) -> Generation:
    """The opened index of the default corpus."""
    return open_generation(index_dir)


@pytest.fixture(scope="session")
def assistant(generation: Generation, embeddings: Encoder) -> Assistant:
    """The assistant over the default corpus, with the real model."""
    return Assistant(generation, embeddings, EXAMPLES)


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """A Milvus server that no specification ends; each uses a prefix of its own."""
    server = MilvusServer(tmp_path_factory.mktemp("milvus")).start()
    yield server
    server.stop()
