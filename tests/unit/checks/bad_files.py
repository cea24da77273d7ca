"""The corpus of bad files and odd good ones: each with its verdict, its findings and their lines.

`note` says why, where that is not plain: Bedrock's rules for Claude 3 Haiku, for which all of them are examined.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tunedrop.domain.checks import examples

GOOD = examples.good(40)()
TALKS = examples.good(40, conversations=True)()
Q, A = ("user", "Why?"), ("assistant", "Because.")

Content = bytes | Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """`findings`: each code with its lines, None for the file as a whole; nothing else may be found."""

    number: int
    name: str
    content: Content
    findings: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    accepted: bool = False
    normalised: tuple[str, ...] = ()
    extension: str = "jsonl"
    train: Content | None = None
    size: int | None = None
    note: str = ""

    @property
    def id(self) -> str:
        """As the test is called."""
        return f"{self.number:03d} {self.name}"


def made(content: Content) -> bytes:
    """The real bytes."""
    return content() if callable(content) else content


def after(*lines: bytes | str, good: bytes = GOOD) -> bytes:
    """Forty good lines, then these: the first of them is line 41."""
    return good + b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)


def accepted(number: int, name: str, content: Content, *normalised: str, **more: object) -> Case:
    """A file that trains."""
    return Case(number, name, content, accepted=True, normalised=normalised, **more)  # type: ignore[arg-type]


def refused(number: int, name: str, content: Content, code: str, *lines: int | None, **more: object) -> Case:
    """A file that does not, for one reason; without lines it is found in line 41."""
    return Case(number, name, content, {code: lines or (41,)}, **more)  # type: ignore[arg-type]


def warned(number: int, name: str, content: Content, code: str, *lines: int | None, **more: object) -> Case:
    """A file that trains, with a word of warning."""
    return Case(number, name, content, {code: lines or (41,)}, accepted=True, **more)  # type: ignore[arg-type]


def pair(prompt: str, completion: str = "Because.") -> bytes:
    """A record, its characters unescaped."""
    return json.dumps({"prompt": prompt, "completion": completion}, ensure_ascii=False).encode()


def whole(number: int, name: str, content: Content, code: str, **more: object) -> Case:
    """A file that is refused as a whole."""
    return Case(number, name, content, {code: (None,)}, **more)  # type: ignore[arg-type]


TEXT = GOOD.decode()
SEPARATORS = "\u2028 \u2029 \u0085"
ESCAPED_SEPARATORS = r'{"prompt": "a\u000bb\u000cc\u001cd\u001de\u001ef", "completion": "Because."}'

ENCODING = (
    accepted(1, "a UTF-8 byte-order mark", b"\xef\xbb\xbf" + GOOD, "byte_order_mark"),
    refused(2, "a byte-order mark in the middle", after(b"\xef\xbb\xbf" + pair("Why?")), "invalid_json"),
    whole(3, "UTF-16, little-endian, with a mark", b"\xff\xfe" + TEXT.encode("utf-16-le"), "wrong_encoding"),
    whole(4, "UTF-16, big-endian", b"\xfe\xff" + TEXT.encode("utf-16-be"), "wrong_encoding"),
    whole(5, "UTF-16 without a mark", TEXT.encode("utf-16-le"), "wrong_encoding"),
    whole(6, "UTF-32", TEXT.encode("utf-32"), "wrong_encoding"),
    refused(7, "Latin-1", after(pair("café").decode().encode("latin-1")), "invalid_utf8"),
    refused(8, "smart quotes in Windows-1252", after(b'{"prompt": "\x93Why?\x94", "completion": "b"}'), "invalid_utf8"),
    refused(9, "Shift-JIS", after(pair("なぜですか").decode().encode("shift-jis")), "invalid_utf8"),
    refused(9, "GB18030", after(pair("请问这是为什么？").decode().encode("gb18030")), "invalid_utf8"),
    refused(10, "overlong UTF-8", after(b'{"prompt": "\xc0\xaf", "completion": "b"}'), "invalid_utf8"),
    refused(11, "surrogates in UTF-8", after(b'{"prompt": "\xed\xa0\x80", "completion": "b"}'), "invalid_utf8"),
    refused(12, "a character cut off at the end", GOOD + b'{"prompt": "\xe4\xbd', "invalid_utf8"),
    accepted(13, "characters across the chunks that are read", after(pair("为什么 👩‍👩‍👧"))),
    accepted(14, "noncharacters", after(pair("\ufffe\uffff"))),
    refused(15, "half a surrogate pair", after(r'{"prompt": "\ud800", "completion": "b"}'), "lone_surrogate"),
    refused(16, "a swapped surrogate pair", after(r'{"prompt": "\ude00\ud83d", "completion": "b"}'), "lone_surrogate"),
    accepted(17, "a surrogate pair in its order", after(r'{"prompt": "\ud83d\ude00", "completion": "Because."}')),
    refused(18, "U+0000, escaped", after(r'{"prompt": "Why?\u0000", "completion": "Because."}'), "nul_character"),
    refused(19, "a raw NUL", after(b'{"prompt": "Why?\x00", "completion": "b"}'), "invalid_json"),
    refused(20, "a raw tab in a string", after('{"prompt": "Why?\t", "completion": "b"}'), "invalid_json"),
    accepted(21, "characters at which other readers break lines", after(pair(f"Why {SEPARATORS}?"))),
    warned(21, "the same from the control characters", after(ESCAPED_SEPARATORS), "control_character"),
    warned(22, "direction overrides", after(pair("Why\u202e?")), "invisible_character"),
    warned(22, "zero-width spaces", after(pair("Why\u200b?")), "invisible_character"),
    warned(22, "tags", after(pair("Why\U000e0041?")), "invisible_character"),
    accepted(23, "composed and decomposed accents", after(pair("é and e\u0301: the same?"))),
    accepted(24, "emoji joined by joiners, and four-byte characters", after(pair("👩‍👩‍👧 𝔘?"))),
)

ONE_LINE = examples.line().encode()
PRETTY = json.dumps([json.loads(line) for line in GOOD.splitlines()], indent=2).encode()
LONG_LINE = 100 * 2**20

LINES = (
    accepted(25, "CR LF", GOOD.replace(b"\n", b"\r\n"), "crlf_line_end"),
    whole(26, "lone carriage returns", GOOD.replace(b"\n", b"\r"), "unsupported_file"),
    accepted(27, "mixed line ends", GOOD + examples.good(3, 90)().replace(b"\n", b"\r\n"), "crlf_line_end"),
    accepted(28, "no line end at the end", GOOD.rstrip(b"\n")),
    accepted(29, "blank lines at the end", GOOD + b"\n\n\n", "blank_line"),
    Case(
        30,
        "a blank line in the middle",
        after(b"", pair("Why?")),
        {"blank_line": (41,)},
        accepted=True,
        normalised=("blank_line",),
        note="left out and counted, and a warning: it may be the trace of a lost record",
    ),
    Case(31, "a line of spaces", after(b"  \t ", pair("Why?")), {"blank_line": (41,)}, True, ("blank_line",)),
    whole(32, "no bytes", b"", "empty_file"),
    whole(33, "only a byte-order mark", b"\xef\xbb\xbf", "empty_file"),
    whole(34, "only line ends", b"\n\n\n", "empty_file"),
    whole(35, "one record", ONE_LINE, "too_few_records", note="docs/facts.md#data-limits: 32 at least"),
    accepted(36, "10,000 records", examples.good(10_000)),
    whole(37, "10,001 records", examples.good(10_001), "too_many_records"),
    accepted(38, "1,000 records of validation", examples.good(1_000), train=examples.good(40, 50_000)),
    whole(
        39,
        "1,001 records of validation",
        examples.good(1_001),
        "too_many_records",
        train=examples.good(40, 50_000),
    ),
    whole(40, "one object over several lines", json.dumps(json.loads(ONE_LINE), indent=2).encode(), "unsupported_file"),
    accepted(41, "an array in a .jsonl file", PRETTY, "json_array", note="the content is a supported format"),
    accepted(41, "an array in a .json file", PRETTY, extension="json"),
    refused(42, "two objects on a line", after(ONE_LINE + b" " + ONE_LINE), "invalid_json"),
    refused(
        43, "an object over two lines", after(b'{"prompt": "Why?",', b'"completion": "b"}'), "invalid_json", 41, 42
    ),
    refused(44, "a comma after the object", after(ONE_LINE + b","), "invalid_json"),
    refused(45, "a line of 100 MiB", lambda: after(b'{"prompt": "' + b"a" * LONG_LINE + b'"}'), "record_too_long"),
    whole(46, "more bytes than Bedrock takes", GOOD, "file_too_large", size=10_737_418_241),
    whole(47, "a JSON text sequence", b"\x1e" + GOOD.replace(b"\n", b"\n\x1e").rstrip(b"\x1e"), "unsupported_file"),
)

DEEP = b'{"prompt": ' + b"[" * 900 + b"]" * 900 + b', "completion": "b"}'
VERY_DEEP = b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b', "completion": "b"}'


def _many_keys(count: int) -> bytes:
    return b"{" + b",".join(b'"k%d":1' % number for number in range(count)) + b',"prompt":"a","completion":"b"}'


def _named(name: str) -> Case:
    line = json.dumps({name: "Why?", "completion": "Because."}, ensure_ascii=False)
    findings = {"unknown_field": (41,), "missing_field": (41,)}
    return Case(61, f"the key {name!a}", after(line), findings)


def _value(written: str) -> bytes:
    return after('{"prompt": "Why?", "completion": ' + written + "}")


JSON = (
    refused(48, "a trailing comma", after('{"prompt": "Why?", "completion": "b",}'), "invalid_json"),
    refused(49, "single quotes", after("{'prompt': 'Why?', 'completion': 'b'}"), "invalid_json"),
    refused(50, "smart quotes", after("{“prompt”: “Why?”, “completion”: “b”}"), "invalid_json"),
    refused(51, "a comment", after('{"prompt": "Why?", "completion": "b"} // why'), "invalid_json"),
    refused(52, "unquoted keys", after('{prompt: "Why?", completion: "b"}'), "invalid_json"),
    refused(53, "NaN", _value("NaN"), "number_out_of_range"),
    refused(54, "Infinity", _value("Infinity"), "number_out_of_range"),
    refused(54, "-Infinity", _value("-Infinity"), "number_out_of_range"),
    refused(55, "1e999", _value("1e999"), "number_out_of_range"),
    refused(56, "-0", _value("-0"), "wrong_type"),
    refused(56, "1E400", _value("1E400"), "number_out_of_range"),
    refused(57, "an integer of 4,301 digits", _value("9" * 4_301), "number_out_of_range"),
    refused(58, "a leading zero", _value("01"), "invalid_json"),
    refused(58, "+1", _value("+1"), "invalid_json"),
    refused(58, ".5", _value(".5"), "invalid_json"),
    refused(59, "a key twice", after('{"prompt": "a", "prompt": "b", "completion": "c"}'), "duplicate_key"),
    refused(
        60,
        "a key twice, once escaped",
        after(r'{"prompt": "a", "\u0070rompt": "b", "completion": "c"}'),
        "duplicate_key",
    ),
    _named("Prompt"),
    _named("prompt "),
    _named("\ufeffprompt"),
    refused(62, "900 levels", after(DEEP), "nested_too_deep"),
    refused(63, "100,000 levels", after(VERY_DEEP), "nested_too_deep"),
    *(
        refused(64, f"a line that holds {value}", after(value), "not_an_object")
        for value in ('"Why?"', "7", "null", "true")
    ),
    refused(65, "Python's None", _value("None"), "invalid_json"),
    refused(65, "Python's True", _value("True"), "invalid_json"),
    refused(66, "something after the object", after(ONE_LINE + b" thanks"), "invalid_json"),
    refused(67, "a no-break space before the object", after(b"\xc2\xa0" + ONE_LINE), "invalid_json"),
    accepted(68, "an escaped solidus", after(r'{"prompt": "a\/b?", "completion": "Because."}')),
    refused(69, "an escape that JSON has not", after(r'{"prompt": "\x41", "completion": "b"}'), "invalid_json"),
    refused(70, "a string cut off at the end", GOOD + b'{"prompt": "Why?", "compl', "invalid_json"),
    refused(
        71, "a key of 1 MB", after(b'{"prompt": "a", "completion": "b", "' + b"k" * 10**6 + b'": 1}'), "unknown_field"
    ),
    refused(72, "a million keys", lambda: after(_many_keys(10**6)), "record_too_long", note="they are not even parsed"),
    refused(
        73, "keys made to collide", lambda: after(_many_keys(10**5)), "unknown_field", note="strings: keyed hashes"
    ),
)


def talk(*turns: tuple[str, object], **more: object) -> bytes:
    """A conversation after forty good ones."""
    messages = [{"role": role, "content": content} for role, content in turns]
    return after(json.dumps({"messages": messages} | more), good=TALKS)


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
TOOL_USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
CHINESE = "客户询问如何退货我们说明每个包裹都可以在三十天内免费寄回"

SCHEMA = (
    refused(74, "no completion", after('{"prompt": "Why?"}'), "missing_field"),
    refused(75, "an unknown field", after('{"prompt": "Why?", "completion": "b", "id": 7}'), "unknown_field"),
    *(
        refused(76, f"a prompt that is {value}", after(f'{{"prompt": {value}, "completion": "b"}}'), "wrong_type")
        for value in ("7", '["Why?"]')
    ),
    refused(76, "a prompt that is null", after('{"prompt": null, "completion": "b"}'), "missing_field"),
    refused(77, "an empty prompt", after(pair("")), "empty_text"),
    refused(78, "a blank completion", after(pair("Why?", " \n\t ")), "empty_text"),
    refused(
        79,
        "fields of two formats",
        after('{"prompt": "Why?", "completion": "b", "messages": []}'),
        "ambiguous_format",
    ),
    refused(80, "another format on the way", after(examples.messages(Q, A)), "mixed_formats"),
    accepted(81, "a system message", talk(("system", "Be brief."), Q, A), note="OpenAI's format, which is read"),
    *(
        refused(82, f"the role {role!a}", talk((role, "Why?"), A), "unknown_role")
        for role in ("human", "USER", "assistant ")
    ),
    refused(83, "the assistant begins", talk(("assistant", "Hello."), Q, A), "first_role"),
    refused(84, "two users in a row", talk(Q, ("user", "Tell me."), A), "roles_not_alternating"),
    refused(85, "the user has the last word", talk(Q, A, ("user", "And how?")), "last_role"),
    refused(86, "no messages", talk(), "too_few_turns"),
    accepted(87, "content as a list of text blocks", talk(("user", [{"type": "text", "text": "Why?"}]), A)),
    refused(88, "an image", talk(("user", [IMAGE]), A), "not_expressible"),
    refused(89, "a tool use", talk(Q, ("assistant", [TOOL_USE])), "not_expressible"),
    refused(90, "empty content", talk(("user", ""), A), "empty_text"),
    refused(91, "an empty system text", talk(Q, A, system=""), "empty_text"),
    refused(91, "a number as system text", talk(Q, A, system=7), "wrong_type"),
    warned(
        92,
        "32,000 tokens",
        after(examples.line("a" * (32_000 * 3 - 3), "abc")),
        "near_token_limit",
        note="by the estimate, which the limit lies within: accepted, with a warning",
    ),
    refused(93, "32,001 tokens", after(examples.line("a" * (32_001 * 3 - 3), "abc")), "too_many_tokens"),
    refused(94, "35,000 Chinese characters", lambda: after(pair(CHINESE * 1_250)), "too_many_tokens"),
    refused(95, "a reserved word after a line end", after(pair("a\nHuman: b")), "reserved_word"),
    refused(95, "a reserved word after two", after(pair("Why?", "a\n\nAssistant: b")), "reserved_word"),
    warned(96, "a record twice", after(examples.line("What is 0 + 1?", "It is 1.")), "exact_duplicate"),
    warned(
        97,
        "another answer to the same prompt",
        after(examples.line("What is 0 + 1?", "It is 11.")),
        "conflicting_answers",
    ),
    warned(
        98,
        "a record of train in validation",
        examples.good(40),
        "split_overlap",
        1,
        train=examples.good(40, -39),
    ),
)


def _zip(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, GOOD)
    return packed.getvalue()


def _bomb_in_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.jsonl", b"\0" * 50_000_000)
    return packed.getvalue()


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        link = tarfile.TarInfo("train.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return packed.getvalue()


def _bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=9) as out:
        for _ in range(80):
            out.write(b" " * 2**20)
    return packed.getvalue()


ZIPPED = gzip.compress(GOOD)
CONTAINERS = (
    whole(101, "gzip, cut off", ZIPPED[:-20], "broken_gzip", extension="jsonl.gz"),
    whole(102, "gzip, with something after it", ZIPPED + b"thanks", "broken_gzip", extension="jsonl.gz"),
    accepted(103, "gzip of several members", ZIPPED + gzip.compress(examples.good(3, 90)()), extension="jsonl.gz"),
    whole(104, "a gzip bomb", _bomb, "gzip_too_large", extension="jsonl.gz"),
    whole(105, "gzip inside of gzip", gzip.compress(ZIPPED), "unsupported_file", extension="jsonl.gz"),
    whole(106, "gzip that is named .jsonl", ZIPPED, "wrong_extension"),
    whole(106, ".jsonl.gz that is no gzip", GOOD, "wrong_extension", extension="jsonl.gz"),
    whole(107, "a ZIP archive", _zip("train.jsonl"), "unsupported_file"),
    whole(107, "a ZIP archive that climbs", _zip("../../etc/train.jsonl"), "unsupported_file"),
    whole(107, "a ZIP bomb", _bomb_in_zip, "unsupported_file"),
    whole(108, "bzip2", bz2.compress(GOOD), "unsupported_file"),
    whole(108, "xz", lzma.compress(GOOD), "unsupported_file"),
    whole(108, "Zstandard", b"\x28\xb5\x2f\xfd" + b"\0" * 40, "unsupported_file"),
    whole(109, "CSV that is named .jsonl", b"prompt,completion\nWhy?,Because.\n", "wrong_extension"),
    whole(109, "Parquet that is named .jsonl", b"PAR1" + b"\0" * 40 + b"PAR1", "wrong_extension"),
    whole(109, "Excel that is named .jsonl", _zip("[Content_Types].xml", "xl/workbook.xml"), "unsupported_file"),
    whole(110, "an HTML page", b"<!DOCTYPE html>\n<html><body>403</body></html>\n", "unsupported_file"),
    whole(111, "a PDF document", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "unsupported_file"),
    whole(112, "10 MB of zeros", lambda: b"\0" * 10**7, "unsupported_file"),
    whole(113, "a tar archive with a link in it", _tar, "unsupported_file"),
)

CASES = (*ENCODING, *LINES, *JSON, *SCHEMA, *CONTAINERS)
