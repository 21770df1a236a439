"""Speaks with a Milvus server: each call has a time limit, and each failure becomes one error that says what to do.

Knows nothing of what is kept there. The client library is optional, and is imported when the first connection is made.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar, cast
from urllib.parse import urlsplit

from index.embedding import Vectors
from index.errors import IndexUnreachableError, IndexUnusableError

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_CONNECTION = {"grpc.keepalive_permit_without_calls": False}  # a server may hang up on who pings it with nothing to ask
READING_S = 5  # seconds that one call in answering a question may take
WRITING_S = 60  # and one in publishing
LOADING_S = 3600  # in which a collection must be loaded: 100 million rows take many minutes
GRAPH = {"M": 32, "efConstruction": 200}  # of the approximate index: links of a node, and candidates looked at for each as it is built
BREADTH = 256  # candidates looked at for a question in that index
FETCHED = 500  # records asked for in one call, of at most 70 KB each: Milvus sends 64 MB
INSTALL = "pip install -r requirements-milvus.txt"
_POLLED_S = 0.2
_NO_COLLECTION, _RELEASED, _NO_ALIAS = 100, 101, 1600  # error codes; a collection that is released is there, but not loaded
_COLLECTION = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)

FieldKind = Literal["id", "name", "number", "text", "vector", "terms"]
Value = int | float | str | Vectors | Mapping[int, float]
Record = Mapping[str, Value]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an index is published: the server, its token (empty for none), and how the names of our collections there begin."""

    uri: str = field(repr=False)
    token: str = field(repr=False)
    prefix: str

    @property
    def shown(self) -> str:
        """The server without what may be secret in its uri."""
        parts = urlsplit(self.uri)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a collection. An *id* (number) or a *name* (text) is the primary key; a vector has a ``size``."""

    name: str
    kind: FieldKind
    size: int = 0
    indexed: bool = False  # of a number: filters use it; of a vector: it is searched by a graph, and not exactly


class Server:
    """A Milvus server, which need not be there yet: every call finds out. Safe in several threads."""

    def __init__(self, address: Address) -> None:
        """Raise IndexUnusableError if *address* is none, or if the client library is not installed."""
        parts = urlsplit(address.uri)
        if parts.scheme not in ("http", "https") or not parts.hostname or address.uri.endswith(".db"):
            raise IndexUnusableError(
                f"{address.shown!r} is no address of a Milvus server. Set SCO_MILVUS_URI to one like http://host:19530"
            )
        if not _COLLECTION.fullmatch(address.prefix):
            raise IndexUnusableError(f"{address.prefix!r} cannot begin a collection's name. Set SCO_MILVUS_PREFIX to letters, digits and _")
        try:
            import pymilvus  # noqa: F401  # seconds are spent here, once
        except ImportError as error:
            raise IndexUnusableError(f"SCO_STORE=milvus needs the Milvus client ({error}). Install it with: {INSTALL}") from error
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs, with a traceback, each error that it also raises
        self.address = address
        self._connecting = threading.Lock()
        self._connected: MilvusClient | None = None

    def collections(self) -> list[str]:
        """Return the names of our collections."""
        found = self._call(lambda client: client.list_collections(timeout=WRITING_S))
        return sorted(name for name in found if name.startswith(f"{self.address.prefix}_"))

    def ensure(self, name: str, fields: Sequence[Field]) -> bool:
        """Make the collection *name*, and return whether it is new; one that was cut off as it was made is made anew."""
        if self._is_there(name):
            if self._is_indexed(name, fields):
                return False
            self.drop(name)
        self._create(name, fields)
        self._index(name, fields)
        return True

    def share(self, name: str, fields: Sequence[Field]) -> None:
        """Make the collection *name* if it is not there, which others may be about too; nothing of it is ever dropped."""
        if not self._is_there(name):
            try:
                self._create(name, fields)
            except IndexUnreachableError:
                if not self._is_there(name):
                    raise
        if not self._is_indexed(name, fields):
            self._index(name, fields)

    def _is_there(self, name: str) -> bool:
        return bool(self._call(lambda client: client.has_collection(name, timeout=WRITING_S)))

    def _is_indexed(self, name: str, fields: Sequence[Field]) -> bool:
        searched = {field.name for field in fields if field.indexed or field.kind in ("vector", "terms")}
        return searched <= set(self._call(lambda client: client.list_indexes(name, timeout=WRITING_S)))

    def _create(self, name: str, fields: Sequence[Field]) -> None:
        from pymilvus import DataType

        kinds = {"id": DataType.INT64, "number": DataType.INT64, "name": DataType.VARCHAR, "text": DataType.VARCHAR}
        kinds |= {"vector": DataType.FLOAT_VECTOR, "terms": DataType.SPARSE_FLOAT_VECTOR}
        sizes = {"name": {"max_length": 1024}, "text": {"max_length": 65_535, "mmap_enabled": True}}  # texts lie on the server's disk

        def make(client: "MilvusClient") -> None:
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            for one in fields:
                size = {"dim": one.size} if one.kind == "vector" else sizes.get(one.kind, {})
                schema.add_field(one.name, kinds[one.kind], is_primary=one.kind in ("id", "name"), **size)
            client.create_collection(name, schema=schema, consistency_level="Bounded", timeout=WRITING_S)

        self._call(make)

    def _index(self, name: str, fields: Sequence[Field]) -> None:
        def make(client: "MilvusClient") -> None:
            indexes = client.prepare_index_params()
            for one in fields:
                if one.kind == "vector":
                    dense = {"index_type": "HNSW", "params": GRAPH} if one.indexed else {"index_type": "FLAT"}
                    indexes.add_index(one.name, index_name=one.name, metric_type="IP", **dense)
                elif one.kind == "terms":
                    indexes.add_index(one.name, index_name=one.name, metric_type="IP", index_type="SPARSE_INVERTED_INDEX")
                elif one.indexed:
                    indexes.add_index(one.name, index_name=one.name, index_type="INVERTED")
            client.create_index(name, indexes, timeout=WRITING_S, sync=False)  # there is nothing to index yet, and so nothing to wait for

        self._call(make)

    def drop(self, name: str) -> None:
        """Remove the collection *name*."""
        self._call(lambda client: client.drop_collection(name, timeout=WRITING_S))

    def insert(self, name: str, records: Sequence[Record]) -> None:
        """Add *records*, whose keys must be new, to the collection *name*."""
        self._call(lambda client: client.insert(name, list(records), timeout=WRITING_S))

    def upsert(self, name: str, records: Sequence[Record]) -> None:
        """Add *records* to the collection *name*, in the place of those of the same keys."""
        self._call(lambda client: client.upsert(name, list(records), timeout=WRITING_S))

    def finish(self, name: str) -> None:
        """Have all of the collection *name* kept for good, and made ready to be searched."""
        self._call(lambda client: client.flush(name, timeout=WRITING_S))
        self._load(name, WRITING_S)

    def count(self, name: str, filter: str = "") -> int:
        """Return the number of records in the collection *name* that meet *filter*, with all that was ever acknowledged."""
        options = {"output_fields": ["count(*)"], "consistency_level": "Strong", "timeout": WRITING_S}
        return int(self._loaded(name, lambda client: client.query(name, filter=filter, **options))[0]["count(*)"])

    def all(self, name: str, fields: Sequence[str]) -> dict[int | str, Record]:
        """Return the *fields* of the records of the small collection *name*, by key, with all that was ever acknowledged."""
        options = {"limit": FETCHED, "output_fields": ["id", *fields], "consistency_level": "Strong", "timeout": WRITING_S}
        found: list[Record] = self._loaded(name, lambda client: client.query(name, filter="", **options))
        return {cast(int | str, record["id"]): record for record in found}

    def remove(self, name: str, keys: Sequence[int | str]) -> None:
        """Remove the records of these *keys* from the collection *name*."""
        self._loaded(name, lambda client: client.delete(name, ids=list(keys), timeout=WRITING_S))

    def get(self, name: str, keys: Iterable[int | str], fields: Sequence[str]) -> dict[int | str, Record]:
        """Return the *fields* of those records of the collection *name* that have one of these *keys*, by key."""
        wanted = list(keys)
        parts = [wanted[start : start + FETCHED] for start in range(0, len(wanted), FETCHED)]
        found = [self._loaded(name, self._getting(name, part, ["id", *fields])) for part in parts]
        return {cast(int | str, record["id"]): record for records in found for record in records}

    def _getting(self, name: str, keys: list[int | str], fields: list[str]) -> Callable[["MilvusClient"], list[Record]]:
        return lambda client: client.get(name, keys, fields, timeout=READING_S)

    def nearest(
        self, name: str, field: Field, question: Vectors | Mapping[int, float], count: int, filter: str = ""
    ) -> list[tuple[int, float]]:
        """Return the keys of the *count* records whose *field* has the highest product with *question*, and that product, best first.

        Fewer where there are no more that meet *filter*. Equals come by key.
        """
        options = {"anns_field": field.name, "limit": count, "filter": filter, "output_fields": ["id"], "timeout": READING_S}
        params = {"ef": max(BREADTH, count)} if field.kind == "vector" and field.indexed else {}
        search_params = {"metric_type": "IP", "params": params}
        (hits,) = self._loaded(name, lambda client: client.search(name, [question], search_params=search_params, **options))
        return sorted(((int(hit["id"]), float(hit["distance"])) for hit in hits), key=lambda hit: (-hit[1], hit[0]))

    def pointed(self, alias: str) -> str:
        """Return the name of the collection that *alias* stands for, or an empty text where there is none."""
        try:
            return str(self._call(lambda client: client.describe_alias(alias, timeout=READING_S))["collection_name"])
        except _GoneError:
            return ""

    def point(self, alias: str, name: str) -> None:
        """Let *alias* stand for the collection *name* from now on, in one step."""
        if self.pointed(alias):
            self._call(lambda client: client.alter_alias(name, alias, timeout=WRITING_S))
        else:
            self._call(lambda client: client.create_alias(name, alias, timeout=WRITING_S))

    def _loaded(self, name: str, act: Callable[["MilvusClient"], Result]) -> Result:
        """Return what *act* does to the collection *name*; one that is not loaded, as after some restarts, is loaded first."""
        try:
            return self._call(act)
        except _ReleasedError:
            self._load(name, READING_S)
            return self._call(act)

    def _load(self, name: str, limit: float) -> None:
        from pymilvus.client.types import LoadState

        self._call(lambda client: client.load_collection(name, timeout=limit, _async=True))
        for _ in range(int(LOADING_S / _POLLED_S)):
            if self._call(lambda client: client.get_load_state(name, timeout=limit))["state"] == LoadState.Loaded:
                return
            time.sleep(_POLLED_S)
        raise IndexUnreachableError(f"Milvus at {self.address.shown} has not loaded {name} in {LOADING_S} s. See what its log says.")

    def _call(self, act: Callable[["MilvusClient"], Result]) -> Result:
        """Return what *act* does. Raises IndexUnreachableError if the server does not answer in time, or refuses."""
        import grpc
        from pymilvus.exceptions import MilvusException, ParamError

        try:
            return act(self._client())
        except ParamError:  # a fault of ours, which no waiting mends
            raise
        except MilvusException as error:
            kinds = {_NO_COLLECTION: _GoneError, _NO_ALIAS: _GoneError, _RELEASED: _ReleasedError}
            raise kinds.get(error.code, IndexUnreachableError)(self._told(error.message)) from error
        except grpc.RpcError as error:
            raise IndexUnreachableError(self._told(f"{cast(grpc.Call, error).code().name}")) from error

    def _told(self, why: str) -> str:
        return f"The index on Milvus at {self.address.shown} cannot be used ({why.splitlines()[0] if why else 'no reason given'})."

    def _client(self) -> "MilvusClient":
        if self._connected is None:
            if not self._connecting.acquire(timeout=READING_S):  # another thread waits for the same server
                raise IndexUnreachableError(self._told("it does not answer"))
            try:
                from pymilvus import MilvusClient

                if self._connected is None:
                    self._connected = MilvusClient(
                        uri=self.address.uri, token=self.address.token, timeout=READING_S, grpc_options=_CONNECTION
                    )
            finally:
                self._connecting.release()
        return self._connected


class _GoneError(IndexUnreachableError):
    """There is no collection, or no alias, of that name."""


class _ReleasedError(IndexUnreachableError):
    """A collection is there, but the server has not loaded it."""
