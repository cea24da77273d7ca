"""What a page, a docstring or a comment points at is there: anchors, paths, modules, and the sources of facts."""

from __future__ import annotations

import ast
import io
import posixpath
import re
import tokenize
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

ROOT = Path(__file__).parents[2]
FACTS = ROOT / "docs" / "facts.md"
PACKAGES = {"tunedrop": "functions", "tunedrop_cli": "cli", "tunedrop_local": "local", "bedrock_simulator": "simulator"}
MODULES = {**PACKAGES, "benchmarks": ".", "demo": ".", "examples": ".", "tests": "."}
KINDS = {".md", ".py", ".toml", ".yaml", ".yml", ".json", ".css", ".txt", ".cfg", ""}
DATA_BUCKET = ("incoming/", "prepared/", "reports/", "outputs/", "evaluations/", "captures/", "config/")
"""Prefixes of the data bucket look like folders of the repository, and are none."""
PEOPLES = {"dataset.toml", "logs/", "media/", "packaged.yaml"}
"""Names in people's own folders: settings and files beside data, logs of the cloud here, what `sam package` writes."""


def walked(folder: Path) -> Iterator[Path]:
    """Every file that belongs to the repository: nothing built, no environment, no cache."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name not in {".ci", ".github"}
            if not hidden and path.name not in {"build", "__pycache__"} and not path.name.endswith(".egg-info"):
                yield from walked(path)
        elif path.suffix or not path.name.startswith("."):  # else it is a tool's own, .DS_Store and the like
            yield path


FILES = [path.relative_to(ROOT).as_posix() for path in walked(ROOT)]
FOLDERS = sorted({parent.as_posix() for name in FILES for parent in Path(name).parents} - {"."})
FOLDER_PATHS = [PurePosixPath(folder) for folder in FOLDERS]
PATHS = [PurePosixPath(name) for name in [*FILES, *FOLDERS]]
ENDINGS = {"/".join(path.parts[at:]) for path in PATHS for at in range(len(path.parts))}
"""The last parts of every path."""
FOLDER_NAMES = {Path(folder).name for folder in FOLDERS}
TEXTS = {
    name: (ROOT / name).read_text("utf-8")
    for name in FILES
    if Path(name).suffix in KINDS and ROOT / name != Path(__file__)
}
PAGES = [name for name in TEXTS if name.endswith(".md") and name != "CHANGELOG.md"]
"""The change log tells of what was."""


# Anchors


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives a page: of its headings, and those that it names itself."""
    found = set(re.findall(r'<a id="([^"]+)"', page))
    for heading in re.findall(r"(?m)^#{1,6} +(.+?) *$", re.sub(r"(?ms)^```.*?^```", "", page)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        numbers = (f"{slug}-{number}" if number else slug for number in range(len(page)))
        found.add(next(each for each in numbers if each not in found))
    return found


def citations(name: str, text: str) -> Iterator[tuple[str, str]]:
    """(page, anchor) of everything that a file cites; the anchor is empty where the whole page is meant."""
    yield from re.findall(r"\b(docs/[\w-]+\.md)(?:#([\w-]+))?", text)
    if name.endswith(".md"):
        for target, anchor in re.findall(r"\]\((?!\w+://)([\w./-]*)(?:#([\w-]+))?\)", text):
            page = posixpath.normpath(f"{Path(name).parent.as_posix()}/{target}") if target else name
            yield page, anchor


def dead(cited: Iterable[tuple[str, str]], pages: dict[str, set[str]]) -> list[str]:
    """What is cited and not there, `pages` being the anchors of each page."""
    return [
        f"{page}#{anchor}" if anchor else page
        for page, anchor in cited
        if page not in (pages if page.endswith(".md") else FILES) or (anchor and anchor not in pages.get(page, ()))
    ]


def test_every_citation_of_a_page_resolves():
    pages = {name: anchors(text) for name, text in TEXTS.items() if name.endswith(".md")}
    assert {name: gone for name, text in TEXTS.items() if (gone := dead(citations(name, text), pages))} == {}


def test_anchors_are_those_of_github():
    page = '# One `two`\n## check --fix\n```\n# no heading\n```\n## Twice\n## Twice\n<a id="by-hand"></a>\n'
    assert anchors(page) == {"one-two", "check---fix", "twice", "twice-1", "by-hand"}


def test_a_dead_citation_is_found():
    pages = {"docs/a.md": {"one"}}
    text = (
        "see docs/a.md#one, docs/a.md#two, docs/b.md and [three](a.md#three) or [top](#one), not [x](https://a.b/c#d), "
        "[up](../pyproject.toml) and [gone](../gone.py)"
    )
    assert dead(citations("docs/a.md", text), pages) == ["docs/a.md#two", "docs/b.md", "docs/a.md#three", "gone.py"]


# Paths and modules


def prose(name: str, text: str) -> Iterator[str]:
    """What names things in a file: docstrings and comments of Python, all of any other."""
    if name.endswith(".py"):
        if re.search(r"#.*[`/]", text):  # else no comment has what `named` looks for
            yield from (
                t.string for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT
            )
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                yield node.value.value
    else:
        yield text


def named(text: str) -> Iterator[str]:
    """Words that mean a file, a folder or a module: such words in backticks, and paths to a file anywhere."""
    for span in re.findall(r"`([^`\n]+)`", text):
        words = (word.strip("\"'(){},;:") for word in re.sub(r"<[^<>]*>", "*", span).split())
        yield from (word for word in words if is_path(word) or is_dotted(word))
    without_links = re.sub(r"\w+://\S+|\]\([^)\n]*\)", "", text)  # a page's links are citations
    yield from re.findall(r"(?<![\w/.:`*$-])[\w.-]+(?:/[\w.-]+)+\.(?:py|md|toml|yaml)\b", without_links)
    for folder, table in re.findall(r"(?m)^\| (?:module|folder) of `([^`]+)/` .*\n((?:\|.*\n)+)", text):
        first = " ".join(row.split("|")[1] for row in table.splitlines()[1:])
        yield from (f"{folder}/{module.rstrip('/')}*" for module in re.findall(r"`([^`]+)`", first))


def is_path(word: str) -> bool:
    """A file's name as the repository has them, a folder, or a path that begins with a folder's name."""
    if word.startswith("/") or not re.fullmatch(r"[\w./*-]*\w[\w./*-]*", word):
        return False
    folder, slash, rest = word.partition("/")
    return (
        re.search(r"\w\.(py|md|toml|yaml)$", word) is not None
        or word.endswith("/")
        or bool(slash and rest and folder in FOLDER_NAMES)
    )


def is_dotted(word: str) -> bool:
    """A name within one of the repository's packages."""
    return word.split(".", maxsplit=1)[0] in MODULES and re.fullmatch(r"\w+(\.\w+)+", word) is not None


@cache
def is_there(word: str) -> bool:
    """Whether a word that `named` gave means something in the repository; the last parts of a path are enough."""
    if word in PEOPLES or word.startswith(DATA_BUCKET):
        return True
    if is_dotted(word) and not is_path(word):
        return is_module(word)
    known = FOLDER_PATHS if word.endswith("/") else PATHS
    patterns = (word.rstrip("/"), f"{word}.py")
    if known is PATHS and not set(word) & set("*?["):
        return any(str(PurePosixPath(pattern)) in ENDINGS for pattern in patterns)
    return any(path.match(pattern) for path in known for pattern in patterns)


def is_module(dotted: str) -> bool:
    """A module, a package, or a name that one of them defines."""
    parts = dotted.split(".")
    place = ROOT / MODULES[parts[0]]
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if not parts:
        return True
    module = place / f"{parts[0]}.py"
    source, names = (module, parts[1:]) if module.is_file() else (place / "__init__.py", parts)
    if not names or not source.is_file():
        return not names
    return re.search(rf"(?m)^(?:class |def |async def )?{names[0]}\b", source.read_text("utf-8")) is not None


def test_every_path_and_module_that_a_text_names_is_there():
    read = {name: text for name, text in TEXTS.items() if not name.endswith(".md") or name in PAGES}
    gone = {
        name: sorted({w for p in prose(name, text) for w in named(p) if not is_there(w)}) for name, text in read.items()
    }
    assert {name: words for name, words in gone.items() if words} == {}


def test_a_named_path_is_found_in_backticks_and_out_of_them():
    text = "`edges/gone.py`, `functions/x`, `a/`, `make test`, `*`, see docs/gone.md, https://a.b/c.md, `tests.gone.x`"
    assert sorted(named(text)) == ["a/", "docs/gone.md", "edges/gone.py", "functions/x", "tests.gone.x"]
    table = "| module of `local/x/` | what |\n|---|---|\n| `a`, `b/` | c `d` |\n"
    assert set(named(table)) == {"local/x/", "b/", "local/x/a*", "local/x/b*"}


@pytest.mark.parametrize("word", ["unit/test_docs_references.py", "tests/unit/", "tests/*.py", "tests.unit.conftest"])
def test_what_exists_is_there(word):
    assert is_there(word)


@pytest.mark.parametrize(
    "word", ["unit/gone.py", "gone/", "tests/gone*.py", "tests.unit.gone", "tunedrop.gone", "gone.md"]
)
def test_what_does_not_exist_is_not(word):
    assert not is_there(word)


def test_only_docstrings_and_comments_are_prose():
    source = '"""`a.py`"""\nX = "`b.py`"  # `c.py`\n"""`d.py`"""\n'
    assert sorted(word for text in prose("x.py", source) for word in named(text)) == ["a.py", "c.py", "d.py"]
    assert list(prose("x.toml", "a = 1 # b")) == ["a = 1 # b"]


# Documents that the repository does not hold

FOREIGN = re.compile(
    r"bedrock-facts|local-stack|(?:\.\./|\b)shared/docs|\bUG/"
    r"|\b(?:design|reliability|style|peers|streaming|evaluation|console|facts)(?:\.md)? (?:section )?\d+(?:\.\d+)*\b"
    r"|(?<!/)\b(?:design|reliability|peers|style)\.md\b"
)


def foreign(text: str) -> list[str]:
    """Citations of documents by which this was built, and which a reader does not have."""
    return FOREIGN.findall(text)


def test_no_text_cites_a_document_that_the_repository_does_not_hold():
    assert {name: cited for name, text in TEXTS.items() if (cited := foreign(text))} == {}


@pytest.mark.parametrize(
    "text", ["(bedrock-facts 4.1)", "reliability 2.3", "design section 3's", "peers 4", "see style.md"]
)
def test_a_citation_of_a_foreign_document_is_found(text):
    assert foreign(text)


def test_other_words_are_no_citations():
    assert foreign("51 facts, by design. 3 peers; docs/facts.md#names; HTTP/1.1 streaming, 200 ms; design 'x'") == []


# Facts


class Fact(NamedTuple):
    """One row of docs/facts.md."""

    text: str
    source: str
    checked: str
    mark: str


def facts(page: str) -> list[Fact]:
    """All rows of the tables of facts. ValueError for a row that has not the four cells."""
    rows = []
    for table in re.findall(r"(?m)^\| fact \| source \| checked \| mark \|\n\|[-|]+\|\n((?:\|.*\n)+)", page):
        for line in table.splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) != len(Fact._fields):
                raise ValueError(line)
            rows.append(Fact(*cells))
    return rows


@cache
def model(service: str) -> dict[str, dict]:
    """The service model of botocore, empty for a service that it does not know."""
    try:
        return Loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return {"shapes": {}, "operations": {}}


def is_modelled(service: str, name: str, member: str) -> bool:
    """Whether the service has such a shape, or such a member of it, or such an operation."""
    if member:
        return member in model(service)["shapes"].get(name, {}).get("members", {})
    return name in model(service)["shapes"] or name in model(service)["operations"]


def faults(fact: Fact, links: dict[str, str]) -> list[str]:
    """What is wrong with a row, `links` being the addresses that the page defines."""
    shapes = re.findall(r"`([a-z0-9-]+): (\w+)(?:\.(\w+))?`", fact.source)
    cited = re.findall(r"\[([^\]]+)\](?!\()", re.sub(r"`[^`]*`", "", fact.source))
    ran = re.search(r"[a-z][\w-]+ \d+\.\d+(\.\d+)?\b|`tests/[\w/]+\.py`", fact.source)
    found = [f"{':'.join(shape)}: not in the service model" for shape in shapes if not is_modelled(*shape)]
    found += [f"{name}: no such address" for name in cited if not links.get(name, "").startswith("https://")]
    try:
        date.fromisoformat(fact.checked)
    except ValueError:
        found.append("no date")
    if not fact.text or not fact.source:
        found.append("no words or no source")
    if not re.fullmatch(r"verified|tried|unverified: .+", fact.mark):
        found.append("no mark")
    if fact.mark == "verified" and not (shapes or cited):
        found.append("verified nowhere")
    if fact.mark == "tried" and not ran:
        found.append("tried with nothing")
    return found


def test_every_fact_has_a_source_a_date_and_a_mark():
    page = FACTS.read_text("utf-8")
    links = dict(re.findall(r"(?m)^\[([^\]]+)\]: (\S+)$", page))
    assert {fact.text: wrong for fact in facts(page) if (wrong := faults(fact, links))} == {}
    assert {name for name in links if f"[{name}]" not in re.sub(r"(?m)^\[[^\]]+\]: .*$", "", page)} == set()


def test_every_section_of_facts_is_read():
    page = FACTS.read_text("utf-8")
    assert all(facts(section) for section in re.split(r"(?m)^(?=## )", page)[1:])
    assert len(facts(page)) == len(re.findall(r"(?m)^\|.*\| \d{4}-\d\d-\d\d \| \w[^|]* \|$", page))


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (("x", "[a]", "2026-11-29", "verified"), []),
        (("x", "`bedrock: Tag.value`", "2026-11-29", "verified"), []),
        (("x", "botocore 1.44.5", "2026-11-29", "tried"), []),
        (("x", "no page says so", "2026-11-29", "unverified: only by a bill"), []),
        (("x", "no page says so", "2026-11-29", "unverified"), ["no mark"]),
        (("x", "", "2026-11-29", "unverified: `job-time`"), ["no words or no source"]),
        (("x", "[a]", "soon", "verified"), ["no date"]),
        (("x", "[a]", "2026-11-29", "sure"), ["no mark"]),
        (("x", "[b]", "2026-11-29", "verified"), ["b: no such address"]),
        (("x", "a page", "2026-11-29", "verified"), ["verified nowhere"]),
        (("x", "a run", "2026-11-29", "tried"), ["tried with nothing"]),
        (("x", "`bedrock: Tag.gone`", "2026-11-29", "verified"), ["bedrock:Tag:gone: not in the service model"]),
        (("x", "`gone: Tag`", "2026-11-29", "verified"), ["gone:Tag:: not in the service model"]),
    ],
)
def test_a_row_without_what_it_needs_is_found(cells, fault):
    assert faults(Fact(*cells), {"a": "https://docs.aws.amazon.com/"}) == fault


def test_a_row_with_too_few_cells_is_found():
    with pytest.raises(ValueError, match="only three"):
        facts("| fact | source | checked | mark |\n|---|---|---|---|\n| only three | [a] | verified |\n")
