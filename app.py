"""The command line: serve (default), index, ask, evaluate, feedback. Reads settings, wires the parts, runs; nothing else."""

import argparse
import gc
import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.filters import Scope
    from bot.settings import Settings
    from index.command import Place
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
# Objects made, less those gone, before garbage is looked for: at Python's 700 a start spent a tenth of its time on that, and found little.
UNSEARCHED = 50_000
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
    gc.set_threshold(UNSEARCHED)
    for variable, value in (OFFLINE | ONE_THREAD).items():
        os.environ.setdefault(variable, value)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a character shows "?" for it
    from bot.settings import read_settings
    from index.errors import UserError

    try:
        settings = read_settings(options.corpus)
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
    print("Starting; the address to open follows.", file=sys.stderr, flush=True)  # before the seconds that it takes
    from bot.chat_model import NONE as NO_MODEL
    from bot.settings import shared_folder
    from bot.web.access import Access
    from bot.web.feedback import NAME, FeedbackFile
    from bot.web.limits import read_proxies
    from bot.web.origins import read_origins
    from bot.web.serving import serve

    access = Access(
        read_origins(settings.allowed_origins),
        read_proxies(settings.trusted_proxies),
        settings.requests_per_minute,
        feedback=FeedbackFile(shared_folder(settings.index_dir) / NAME),
        measuring=settings.chat_model == NO_MODEL,  # a file of queries would be hundreds of paid calls
    )
    serve(lambda: _assistant(settings), settings.host, settings.port, access)
    return ANSWERED


def _feedback(options: argparse.Namespace, settings: "Settings") -> int:
    from bot.settings import shared_folder
    from bot.web.feedback import NAME, FeedbackFile

    for row in FeedbackFile(shared_folder(settings.index_dir) / NAME).queries():
        _print_json(row, indent=None)
    return ANSWERED


def _index(options: argparse.Namespace, settings: "Settings") -> int:
    from index.command import make_index, verify_index

    if options.verify:
        return ANSWERED if verify_index(_place(settings), sys.stdout, sys.stderr) else FAILED
    return ANSWERED if make_index(_place(settings), sys.stderr) else FILES_LEFT_OUT


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
    import tempfile

    from bot.evaluation.command import Outputs, evaluate
    from bot.evaluation.public import write_dataset
    from bot.evaluation.queries import read_queries
    from bot.settings import measured
    from index.corpus import read_corpus

    with tempfile.TemporaryDirectory() as scratch:
        folder, queries = Path(scratch), options.queries
        if options.dataset:
            write_dataset(options.format, options.dataset, folder, options.limit)
            queries = folder / "queries.jsonl"
            settings = replace(settings, corpus_dir=folder / "corpus", index_dir=folder / "index", store="embedded")
        documents = {document.document_id: document for document in read_corpus(settings.corpus_dir).documents}
        exported = (options.export[0], Path(options.export[1])) if options.export else None
        well = evaluate(
            read_queries(queries, documents),
            options.split,
            documents,
            lambda: _assistant(settings),
            measured(settings),
            Outputs(options.report, options.record, options.baseline, exported),
            sys.stdout,
            sys.stderr,
        )
    return ANSWERED if well else FAILED


def _assistant(settings: "Settings") -> "Assistant":
    """Return the assistant over the index, which is followed when another is built or published."""
    from concurrent.futures import ThreadPoolExecutor

    from index.embedding import check_model

    with ThreadPoolExecutor(1) as aside:
        checked = aside.submit(check_model, settings.embedding_model)  # 91 MB are digested while what answers is imported
        from bot.assistant import Assistant
        from bot.chat_model import NONE, open_chat_model
        from bot.following import FollowingAssistant
        from index.command import check_encoder, open_index
        from index.cross_encoder import open_cross_encoder
        from index.current import Following

        chat_model = None if settings.chat_model == NONE else open_chat_model(settings.chat_model)
        files = checked.result()
        aside.submit(open_cross_encoder, files.digest)  # it is remembered, and the assistant below finds it open
        opened = open_index(_place(settings), files, sys.stderr)

    def assistant(store: "Store") -> Assistant:
        check_encoder(store, opened.embeddings)
        made = Assistant(store, opened.embeddings, EXAMPLES, chat_model, settings.index_dir / "suggestions.json")
        made.prepare()
        return made

    return FollowingAssistant(Following(opened.source, opened.store, assistant))


def _place(settings: "Settings") -> "Place":
    """Return where the index is that the settings tell."""
    from bot.settings import shared_folder
    from index.command import Place

    folders = settings.corpus_dir, settings.index_dir, shared_folder(settings.index_dir)
    if settings.store == "embedded":
        return Place(*folders, settings.embedding_model, server=None)
    from index.milvus import Address, Server

    token = {"none": ""}.get(settings.milvus_token, settings.milvus_token)
    return Place(*folders, settings.embedding_model, Server(Address(settings.milvus_uri, token, settings.milvus_prefix)))


if __name__ == "__main__":
    sys.exit(main())
