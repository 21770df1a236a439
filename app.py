"""The command line: serve (default), index, ask, evaluate, feedback. Reads settings, wires the parts, runs; nothing else."""

import argparse
import hashlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.filters import Scope
    from bot.settings import Settings
    from index.current import Source
    from index.embedding import Encoder, ModelFiles
    from index.milvus import Server
    from index.stores import Store

ANSWERED, FAILED, BAD_USE, ABSTAINED, FILES_LEFT_OUT = 0, 1, 2, 3, 4
INTERRUPTED = 130  # as shells report Ctrl-C; also for a reader such as head that has seen enough
# Nothing is ever fetched: the model is on disk, and neither the hub's client nor gradio may call home.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",  # questions between two of Gradio's own statistics, which nobody reads
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}
# A question has one thread, and visitors have several: libraries that divide one product among all cores wait for each other.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Settings that decide no reply.
NOT_MEASURED = {
    "store",
    "milvus_uri",
    "milvus_token",
    "milvus_prefix",
    "corpus_dir",
    "index_dir",
    "host",
    "port",
    "allowed_origins",
    "trusted_proxies",
    "requests_per_minute",
}
QUERIES = Path(__file__).resolve().parent / "tests" / "queries"
EXAMPLES = (
    "What is the SCO's position on legalising cannabis?",
    "How should peace in Afghanistan be achieved?",
    "Is the SCO a military bloc?",
    "What does the SCO say about drug trafficking?",
    "How many delegates attended the conference, and from how many countries?",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 done or answered, 1 failed, 2 bad use, 3 abstained, 4 indexed without some of the files, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    for variable, value in (OFFLINE | ONE_THREAD).items():
        os.environ.setdefault(variable, value)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a character shows "?" for it
    from bot.settings import read_settings
    from index.errors import UserError

    try:
        settings = read_settings()
        if getattr(options, "corpus", None):
            settings = _of_corpus(settings, options.corpus)
        status: int = options.run(options, settings)
        sys.stdout.flush()
    except UserError as error:
        print(f"{error}", file=sys.stderr)
        return BAD_USE if type(error).__name__ in ("QuestionError", "HistoryError") else FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter fails in flushing as it ends
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _of_corpus(settings: "Settings", corpus: Path) -> "Settings":
    """Return the settings for the folder *corpus*; an index of its own within the default folder, unless SCO_INDEX_DIR names one.

    So that looking into other documents does not replace the index that a running server follows; on a Milvus server
    likewise, unless SCO_MILVUS_PREFIX is set.
    """
    folder, place = settings.index_dir, os.path.realpath(corpus)
    prefix, other = settings.milvus_prefix, f"corpus-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
    if place != os.path.realpath(settings.corpus_dir):
        folder = folder if "index_dir" in settings.model_fields_set else folder / other
        prefix = prefix if "milvus_prefix" in settings.model_fields_set else f"{prefix}_{other.replace('-', '_')}"
    return settings.model_copy(update={"corpus_dir": corpus, "index_dir": folder, "milvus_prefix": prefix})


def _shared_folder(index_dir: Path) -> Path:
    """Return the folder of what belongs to no one corpus, the encoder's graph and the feedback: the default one for all within it."""
    from bot.settings import DEFAULT_INDEX

    return DEFAULT_INDEX if DEFAULT_INDEX in index_dir.parents else index_dir


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="Ask the documents of the Shanghai Cooperation Organisation.")
    parser.set_defaults(run=_serve, corpus=None)
    commands = parser.add_subparsers(title="commands", metavar="serve | index | ask | evaluate | feedback")
    library = argparse.ArgumentParser(add_help=False)
    about = "the folder of documents (default: SCO_CORPUS_DIR); has an index of its own unless SCO_INDEX_DIR is set"
    library.add_argument("--corpus", type=Path, metavar="DIR", help=about)
    serve = commands.add_parser("serve", parents=[library], help="start the chat page (the default)")
    serve.set_defaults(run=_serve)
    index = commands.add_parser("index", parents=[library], help="build the index, or check it")
    index.add_argument("--verify", action="store_true", help="check the built index instead; exit status 1 if it is missing or damaged")
    index.set_defaults(run=_index)
    about = "ask one question, or many with --jsonl; exit status 0 answered, 3 abstained, 2 bad use"
    ask = commands.add_parser("ask", parents=[library], help=about)
    ask.add_argument("question", nargs="?", help="the question")
    ask.add_argument("--json", action="store_true", help="print the reply object")
    ask.add_argument(
        "--jsonl", action="store_true", help='read {"id", "question", "history"} lines from standard input, print one reply object a line'
    )
    which = ask.add_argument_group("which documents are asked (also told by words such as “since 2017” or “in the report”)")
    which.add_argument("--since", type=_first_day, metavar="DATE", help="documents of this day, month or year, or later")
    which.add_argument("--until", type=_last_day, metavar="DATE", help="documents of this day, month or year, or earlier")
    which.add_argument("--speaker", action="append", default=[], metavar="NAME", help="documents by this speaker; may be repeated")
    which.add_argument("--kind", action="append", default=[], metavar="KIND", help="documents of this kind; may be repeated")
    which.add_argument("--document", action="append", default=[], metavar="ID", help="the document of this id; may be repeated")
    which.add_argument("--latest", action="store_true", help="the newest documents that say something on it")
    which.add_argument("--all-words", action="store_true", help="take no words of the question for filters")
    ask.set_defaults(run=_ask)
    evaluate = commands.add_parser("evaluate", help="measure the replies to test queries; exit status 1 for a fault or a loss")
    evaluate.add_argument("--queries", type=Path, metavar="PATH", default=QUERIES, help="a .jsonl or .csv file, or a folder of them")
    evaluate.add_argument("--split", choices=("dev", "test", "all"), default="all", help="the part to measure (default: all, apart)")
    evaluate.add_argument("--report", type=Path, metavar="DIR", help="write a page for each part into DIR")
    evaluate.add_argument("--run", type=Path, metavar="FILE", dest="record", help="write the record of this run to FILE")
    evaluate.add_argument("--baseline", type=Path, metavar="RUN", help="compare with this record; a significant loss gives exit status 1")
    evaluate.add_argument("--export", nargs=2, metavar=("FORMAT", "DIR"), help="write beir, trec, mtrag, ragas or csv files into DIR")
    evaluate.add_argument("--dataset", type=Path, metavar="FILE", help="measure this public data set over its own paragraphs instead")
    evaluate.add_argument("--format", choices=("squad", "xquad", "mtrag"), default="squad", help="the form of --dataset (default: squad)")
    evaluate.add_argument("--limit", type=int, metavar="N", help="take N questions of --dataset at random, always the same")
    evaluate.set_defaults(run=_evaluate)
    feedback = commands.add_parser("feedback", help="print what visitors said of replies, as test queries, one JSON object a line")
    feedback.set_defaults(run=_feedback)
    return parser


def _first_day(text: str) -> date:
    from index.filters import first_day

    return _day(text, first_day)


def _last_day(text: str) -> date:
    from index.filters import last_day

    return _day(text, last_day)


def _day(text: str, read: Callable[[str], date]) -> date:
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, month or year like 2019-04-24, 2019-04 or 2019") from error


def _serve(options: argparse.Namespace, settings: "Settings") -> int:
    from bot.chat_model import NONE as NO_MODEL
    from bot.web.feedback import NAME, FeedbackFile
    from bot.web.limits import read_proxies
    from bot.web.origins import read_origins
    from bot.web.server import Access, serve

    access = Access(
        read_origins(settings.allowed_origins),
        read_proxies(settings.trusted_proxies),
        settings.requests_per_minute,
        feedback=FeedbackFile(_shared_folder(settings.index_dir) / NAME),
        measuring=settings.chat_model == NO_MODEL,  # a file of queries would be hundreds of paid calls
    )
    serve(lambda: _assistant(settings), settings.host, settings.port, access)
    return ANSWERED


def _feedback(options: argparse.Namespace, settings: "Settings") -> int:
    from bot.web.feedback import NAME, FeedbackFile

    for row in FeedbackFile(_shared_folder(settings.index_dir) / NAME).queries():
        _print_json(row, indent=None)
    return ANSWERED


def _index(options: argparse.Namespace, settings: "Settings") -> int:
    if options.verify:
        return _verify(settings)
    from index.corpus import survey
    from index.embedding import check_model
    from index.graph import prepare_encoder

    survey(settings.corpus_dir)  # what is wrong with the folder is said before the seconds that an export takes
    server = _server(settings)
    if server is not None:
        server.collections()  # so is that it does not answer
    whole = _build(settings, prepare_encoder(check_model(settings.embedding_model), _shared_folder(settings.index_dir)))
    if server is not None:
        _publish(settings.index_dir, server)
    return ANSWERED if whole else FILES_LEFT_OUT


def _server(settings: "Settings") -> "Server | None":
    """Return the Milvus server that answers, or None where the folder's own index does."""
    from index.milvus import Address, Server

    if settings.store == "embedded":
        return None
    token = {"none": ""}.get(settings.milvus_token, settings.milvus_token)
    return Server(Address(settings.milvus_uri, token, settings.milvus_prefix))


def _publish(folder: Path, server: "Server") -> None:
    """Publish the index in *folder* on *server*, and say so."""
    from tqdm import tqdm

    from index.lock import build_lock
    from index.milvus_publish import publish
    from index.store import open_generation

    with build_lock(folder), tqdm(desc="Publishing the index", unit=" texts", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        generation = open_generation(folder)
        new = publish(server, generation, progress)
    where = f"on Milvus at {server.address.shown} as {server.address.prefix}"
    print(f"{'Published' if new else 'Was published already:'} {generation.manifest.generation}, {where}", file=sys.stderr)


def _verify_published(folder: Path, server: "Server") -> int:
    """Say whether what is published on *server* is whole and equals the index in *folder*, or what is wrong with it."""
    from index.milvus_publish import faults
    from index.milvus_store import PUBLISH, Published
    from index.store import open_generation

    generation, in_use = open_generation(folder), Published(server).in_use()
    if in_use == generation.manifest.generation:
        wrong = faults(server, generation)
    else:
        wrong = (f"{in_use or 'Nothing'} is in use on Milvus at {server.address.shown}, not {generation.manifest.generation}. {PUBLISH}",)
    print(*(wrong or [f"{in_use} on Milvus at {server.address.shown} is whole"]), sep="\n", file=sys.stderr if wrong else sys.stdout)
    return FAILED if wrong else ANSWERED


def _verify(settings: "Settings") -> int:
    """Say whether the index is whole, or what is wrong with it."""
    from index.store import open_generation, open_last_good, verify

    folder, server = settings.index_dir, _server(settings)
    wrong = verify(folder)
    if not wrong and server is not None:
        return _verify_published(folder, server)
    if not wrong:
        held = open_generation(folder).manifest
        print(f"The index in {folder} is whole: {held.documents} documents, {held.paragraphs} paragraphs, {held.sentences} sentences")
        if held.probes:
            print(f"A question is looked for in {held.probes} lists, where {held.recall:.1%} of the ten nearest paragraphs were found")
        return ANSWERED
    print(*wrong, sep="\n", file=sys.stderr)
    good = open_last_good(folder)
    meanwhile = f" Until then {good.folder.name} answers, the last good one." if good else ""
    print(f"Rebuild it with: python app.py index{meanwhile}", file=sys.stderr)
    return FAILED


def _ask(options: argparse.Namespace, settings: "Settings") -> int:
    from bot.conversation import Conversation
    from bot.filters import Scope
    from bot.question import check_question
    from bot.reply import Abstention, reply_to_json
    from bot.terminal import render
    from index.filters import Filters

    if options.jsonl == (options.question is not None):
        print('Give one question, or --jsonl with questions on standard input: python app.py ask "..."', file=sys.stderr)
        return BAD_USE
    given = Filters(options.since, options.until, tuple(options.speaker), tuple(options.kind), tuple(options.document), options.latest)
    scope = Scope(given, from_words=not options.all_words)
    if options.jsonl:
        return _ask_lines(_assistant(settings), sys.stdin.buffer, scope)
    check_question(options.question)  # before the seconds that loading takes
    reply = _assistant(settings).reply(options.question, Conversation(), scope)
    if options.json:
        _print_json(reply_to_json(reply), indent=2)
    else:
        print(render(reply))
    return ABSTAINED if isinstance(reply, Abstention) else ANSWERED


def _ask_lines(assistant: "Assistant", lines: Iterable[bytes], scope: "Scope") -> int:
    """Answer line by line, in order; a bad line gives an error object and the rest goes on."""
    from bot.terminal import answer_line

    status = ANSWERED
    for number, line in enumerate(lines, start=1):
        if line.strip():
            answered = answer_line(assistant, line, number, scope)
            status = FAILED if "error" in answered else status
            _print_json(answered, indent=None)
    return status


def _print_json(value: dict[str, object], indent: int | None) -> None:
    """Print *value* as JSON in UTF-8, whatever the terminal's encoding; a lone surrogate leaves as the escape that JSON has for it."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.flush()


def _evaluate(options: argparse.Namespace, settings: "Settings") -> int:
    from bot.evaluation.command import Outputs, evaluate
    from bot.evaluation.public import write_dataset
    from bot.evaluation.queries import read_queries
    from index.corpus import read_corpus

    with tempfile.TemporaryDirectory() as scratch:
        folder, queries = Path(scratch), options.queries
        if options.dataset:
            write_dataset(options.format, options.dataset, folder, options.limit)
            queries = folder / "queries.jsonl"
            update = {"corpus_dir": folder / "corpus", "index_dir": folder / "index", "store": "embedded"}
            settings = settings.model_copy(update=update)
        documents = {document.document_id: document for document in read_corpus(settings.corpus_dir).documents}
        exported = (options.export[0], Path(options.export[1])) if options.export else None
        well = evaluate(
            read_queries(queries, documents),
            options.split,
            documents,
            lambda: _assistant(settings),
            {name: f"{value}" for name, value in settings.model_dump(mode="json", exclude=NOT_MEASURED).items()},
            Outputs(options.report, options.record, options.baseline, exported),
            sys.stdout,
            sys.stderr,
        )
    return ANSWERED if well else FAILED


def _assistant(settings: "Settings") -> "Assistant":
    """Return the assistant over the index, which is followed when another is built or published."""
    from bot.assistant import Assistant
    from bot.chat_model import NONE, open_chat_model
    from bot.following import FollowingAssistant
    from index.current import Following
    from index.embedding import check_model
    from index.errors import IndexUnusableError
    from index.manifest import REBUILD

    chat_model = None if settings.chat_model == NONE else open_chat_model(settings.chat_model)
    files = check_model(settings.embedding_model)
    server = _server(settings)
    source, store, embeddings = _built(settings, files) if server is None else _published(settings, files, server)

    def assistant(store: "Store") -> Assistant:
        if store.manifest.model_digest != files.digest:
            raise IndexUnusableError(
                f"The index {store.manifest.generation} was built with another model, {store.manifest.model}, "
                f"and this one is set: {files.name}. {REBUILD}, or set SCO_EMBEDDING_MODEL to the other."
            )
        made = Assistant(store, embeddings, EXAMPLES, chat_model, settings.index_dir / "suggestions.json")
        made.prepare()
        return made

    return FollowingAssistant(Following(source, store, assistant))


def _published(settings: "Settings", files: "ModelFiles", server: "Server") -> "tuple[Source, Store, Encoder]":
    """Return where indexes are published, the one in use there, and the encoder for it."""
    from index.graph import prepare_encoder
    from index.milvus_store import Published

    source = Published(server)
    return source, source.open(), prepare_encoder(files, _shared_folder(settings.index_dir))


def _built(settings: "Settings", files: "ModelFiles") -> "tuple[Source, Store, Encoder]":
    """Return where indexes are built, the one in use there, and the encoder; the index is built first if it is missing or out of date.

    Where it is damaged, the last good one answers, with a warning, if there is one.
    """
    from index.build import is_current
    from index.corpus import survey
    from index.current import Folder, open_usable
    from index.errors import BuildLockedError, IndexUnusableError
    from index.graph import prepare_encoder
    from index.store import open_last_good

    try:
        current = is_current(settings.corpus_dir, settings.index_dir, files)
    except IndexUnusableError:
        current = True  # but damaged
    generation = open_usable(settings.index_dir) if current else None
    if generation is None:
        survey(settings.corpus_dir)  # as in _index
    embeddings = prepare_encoder(files, _shared_folder(settings.index_dir))
    if generation is None:
        try:
            _build(settings, embeddings)
        except BuildLockedError as locked:
            good = open_last_good(settings.index_dir)
            if good is None or good.manifest.model_digest != files.digest:
                raise
            print(f"{locked} Until then the index before it answers.", file=sys.stderr)
        generation = open_usable(settings.index_dir)
    return Folder(settings.index_dir), generation, embeddings


def _build(settings: "Settings", embeddings: "Encoder") -> bool:
    """Build the index, say what it holds and what was left out, and return whether all files are in it."""
    from tqdm import tqdm

    from index.build import build
    from index.corpus import Corpus, told

    reports: list[Corpus] = []
    with tqdm(desc="Building the index", unit=" texts", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        manifest = build(settings.corpus_dir, settings.index_dir, embeddings, progress, reports.append)
    held = f"{manifest.documents} documents: {manifest.paragraphs} paragraphs, {manifest.sentences} sentences"
    print(f"Indexed {held}, in {settings.index_dir}", file=sys.stderr)
    skipped, notices = reports[0].skipped, reports[0].notices
    if skipped:
        print(f"Left out {len(skipped):,} of the files:", file=sys.stderr)
    for line in (*told(skipped), *notices):
        print(f"- {line}", file=sys.stderr)
    return not skipped


if __name__ == "__main__":
    sys.exit(main())
