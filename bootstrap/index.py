"""Where packages come from on this machine: what pip and uv are configured with, and how an index is read."""

from __future__ import annotations

import base64
import configparser
import contextlib
import html.parser
import json
import netrc
import os
import re
import ssl
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What pip and uv use when nobody configured anything. Its host is in parts, since no file of this project spells the
# host of an index: a search for one then finds only what a person wrote, and a lock can't carry one unseen.
_PUBLIC_HOST = ("pypi", "org")
PUBLIC_INDEX = f"https://{'.'.join(_PUBLIC_HOST)}/simple/"

SIMPLE_API = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


# A variable of the person's own that would make uv install something else, or elsewhere, than the locks say.
DISTRACTING = ("VIRTUAL_ENV", "UV_PYTHON", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE_NEWER", "UV_PROJECT_ENVIRONMENT",
               "UV_SYSTEM_PYTHON", "UV_NO_BINARY", "UV_TARGET", "UV_PREFIX")  # fmt: skip


class BootstrapError(Exception):
    """The environment can't be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where packages come from here. `index` is None where nothing is configured."""

    index: str | None = None
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    certificates: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 60.0

    def pages(self) -> Iterator[str]:
        """Every page (or folder) that may name uv's wheel, the person's own places first."""
        yield from (_as_url(place) for place in self.find_links)
        if not self.no_index:
            for index in (*self.extra_indexes, self.index or PUBLIC_INDEX):
                yield f"{_as_url(index).rstrip('/')}/uv/"


def pip_files(environ: Mapping[str, str], *, prefix: str = sys.prefix, system: str = sys.platform) -> list[Path]:
    """The configuration files of pip, the weakest first, as pip documents them (whether or not they exist)."""
    chosen = environ.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return []
    home = Path(environ.get("HOME") or Path.home())
    user = [home / ".pip/pip.conf", Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"]
    everyone = [Path(folder) / "pip/pip.conf" for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    if system == "darwin":
        user.append(home / "Library/Application Support/pip/pip.conf")
        everyone = [Path("/Library/Application Support/pip/pip.conf")]
    if chosen and Path(chosen).exists():
        return [*everyone, Path("/etc/pip.conf"), Path(prefix) / "pip.conf", Path(chosen)]
    return [*everyone, Path("/etc/pip.conf"), *user, Path(prefix) / "pip.conf"]


def pip_settings(environ: Mapping[str, str], files: Sequence[Path]) -> dict[str, str]:
    """The options of pip by their long names: later files win, `[install]` beats `[global]`, variables beat both."""
    parsers = []
    for path in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise BootstrapError(f"pip's configuration {path} can't be read: {error}") from error
        parsers.append(parser)
    options: dict[str, str] = {}
    for section in ("global", "install"):
        for parser in parsers:
            if parser.has_section(section):
                options |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    variables = {name[4:].lower().replace("_", "-"): value for name, value in environ.items() if name[:4] == "PIP_"}
    return options | {name: value for name, value in variables.items() if value}


def read_configuration(environ: Mapping[str, str], files: Sequence[Path] | None = None) -> Configuration:
    """What the variables of uv say, else what pip is configured with."""
    pip = pip_settings(environ, pip_files(environ) if files is None else files)
    return Configuration(
        index=_first(environ.get("UV_DEFAULT_INDEX"), environ.get("UV_INDEX_URL"), pip.get("index-url")),
        extra_indexes=_places(environ.get("UV_INDEX"), environ.get("UV_EXTRA_INDEX_URL"), pip.get("extra-index-url")),
        find_links=_places((environ.get("UV_FIND_LINKS") or "").replace(",", " "), pip.get("find-links")),
        no_index=_truthy(environ.get("UV_NO_INDEX")) or _truthy(pip.get("no-index")),
        certificates=_first(
            pip.get("cert"), *map(environ.get, ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
        ),
        trusted_hosts=_places(environ.get("UV_INSECURE_HOST"), pip.get("trusted-host")),
        timeout=_seconds(pip.get("timeout") or pip.get("default-timeout") or "60"),
    )


def uv_environment(configuration: Configuration, environ: Mapping[str, str], *, cache: Path) -> dict[str, str]:
    """The environment in which uv looks where pip would; `cache` is for a person whose home can't be written."""
    variables = {name: value for name, value in environ.items() if name not in DISTRACTING}
    variables |= {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # every file's hash is locked, so no index can slip in another
        "UV_DEFAULT_INDEX": configuration.index or "",
        "UV_INDEX": " ".join(configuration.extra_indexes),
        "UV_FIND_LINKS": ",".join(configuration.find_links),
        "UV_NO_INDEX": "1" if configuration.no_index else "",
        "UV_INSECURE_HOST": " ".join(configuration.trusted_hosts),
        "UV_HTTP_TIMEOUT": environ.get("UV_HTTP_TIMEOUT") or f"{configuration.timeout:.0f}",
        "SSL_CERT_FILE": configuration.certificates or "",
    }
    if not any(environ.get(name) for name in ("UV_CACHE_DIR", "XDG_CACHE_HOME")) and not os.access(
        Path.home(), os.W_OK
    ):
        variables["UV_CACHE_DIR"] = str(cache)
    return {name: value for name, value in variables.items() if value}


def _first(*candidates: str | None) -> str | None:
    return next((candidate.strip() for candidate in candidates if candidate and candidate.strip()), None)


def _places(*lists: str | None) -> tuple[str, ...]:
    """Each place once; uv may give an index a name (`name=URL`)."""
    words = " ".join(filter(None, lists)).split()
    return tuple(dict.fromkeys(re.sub(r"^[\w.-]+=(?=\w+:)", "", word) for word in words))


def _truthy(value: str | None) -> bool:
    return (value or "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise BootstrapError(f"pip is configured with a timeout of {value!r}; a number of seconds is needed") from None


def _as_url(place: str) -> str:
    return place if re.match(r"[a-z]+://", place) else Path(place).expanduser().absolute().as_uri()


class _Anchors(html.parser.HTMLParser):
    """The links of a PEP 503 page, absolute."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.base, self.links = url, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what an anchor points at; `<base>` moves what is relative."""
        target = dict(attrs).get("href")
        if target and tag == "base":
            self.base = urllib.parse.urljoin(self.base, target)
        elif target and tag == "a":
            self.links.append(urllib.parse.urljoin(self.base, target))


def find_link(page: bytes, content_type: str, url: str, filename: str) -> str | None:
    """Where a simple-index page (PEP 503 HTML or PEP 691 JSON) says that the file is."""
    if "json" in content_type:
        links = [urllib.parse.urljoin(url, file["url"]) for file in json.loads(page)["files"]]
    else:
        anchors = _Anchors(url)
        anchors.feed(page.decode("utf-8", "replace"))
        links = anchors.links
    named = (link for link in links if urllib.parse.unquote(urllib.parse.urlsplit(link).path).endswith(f"/{filename}"))
    return next((urllib.parse.urldefrag(link).url for link in named), None)


def read(url: str, configuration: Configuration) -> tuple[bytes, str, str]:
    """Body, content type and final address of a page or file. A local folder is its index.html or its listing."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        return _read_local(Path(urllib.request.url2pathname(parts.path)), url)
    trusted = {parts.hostname, parts.netloc.rpartition("@")[2]} & set(configuration.trusted_hosts)
    context = _tls(configuration, trusted=bool(trusted))
    with urllib.request.urlopen(request_for(url), timeout=configuration.timeout, context=context) as answer:
        return answer.read(), answer.headers.get("Content-Type", ""), answer.url


def request_for(url: str) -> urllib.request.Request:
    """The request for a page or file; a user and password of its address (or of ~/.netrc) go to that host only."""
    parts = urllib.parse.urlsplit(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = urllib.request.Request(address, headers={"Accept": SIMPLE_API, "User-Agent": "tunedrop-bootstrap"})
    credentials = (parts.username, parts.password) if parts.username else _from_netrc(parts.hostname or "")
    if credentials:
        pair = ":".join(urllib.parse.unquote(word or "") for word in credentials).encode()
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    return request


def _read_local(path: Path, url: str) -> tuple[bytes, str, str]:
    if not path.is_dir():
        return path.read_bytes(), "text/html", url
    listing = path / "index.html"
    if listing.exists():
        return listing.read_bytes(), "text/html", listing.as_uri()
    anchors = "".join(f'<a href="{urllib.parse.quote(file.name)}">' for file in sorted(path.iterdir()))
    return anchors.encode(), "text/html", f"{path.as_uri()}/"


def _from_netrc(host: str) -> tuple[str, str | None] | None:
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        known = netrc.netrc().authenticators(host)
        return (known[0], known[2]) if known else None
    return None


def _tls(configuration: Configuration, *, trusted: bool) -> ssl.SSLContext:
    path = Path(configuration.certificates or "")
    try:
        if not configuration.certificates:
            context = ssl.create_default_context()
        elif path.is_dir():
            context = ssl.create_default_context(capath=str(path))
        else:
            context = ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise BootstrapError(f"the configured certificates {path} can't be read: {error}") from error
    if trusted:  # the person told pip or uv so; the wheel's own hash still decides
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def shown(url: str) -> str:
    """An address without the password that it may carry."""
    return re.sub(r"//[^/@]+@", "//", url)
