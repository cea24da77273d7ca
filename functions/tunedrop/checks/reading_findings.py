"""What readers find: files that are not what they say, lines that are not JSON, objects of another shape."""

from __future__ import annotations

from tunedrop.checks import samples
from tunedrop.checks.registry import Example, declare
from tunedrop.data import lines

declare(
    code="empty_file",
    stage="file",
    words="The file holds no record.",
    hint="Upload a file with one JSON object on each line.",
    example=Example("(no bytes)", build=lambda: b"", alone=True),
)
declare(
    code="file_too_large",
    stage="file",
    words="The file has more bytes than Bedrock takes for this split.",
    hint="Split the data into several datasets, or leave out what teaches nothing new.",
    example=None,
)
declare(
    code="object_gone",
    stage="file",
    words="The upload was deleted, archived or encrypted with a foreign key before it was read.",
    hint="Upload it again, encrypted with nothing but the bucket's own key.",
    example=None,
)
declare(
    code="not_jsonl",
    stage="file",
    words="The file is something else than JSON Lines; the message says what.",
    hint="Upload JSON Lines: one JSON object on each line, in UTF-8.",
    example=Example("prompt,completion\nWhy?,Because.\n", alone=True),
)
declare(
    code="wrong_encoding",
    stage="file",
    words="The file is text in UTF-16 or UTF-32.",
    hint="Save it as UTF-8.",
    example=Example(samples.line(), build=lambda: samples.line().encode("utf-16"), alone=True),
)
declare(
    code="format_not_supported_yet",
    stage="file",
    words="The file's extension is known, but this release does not read it.",
    hint="Upload the records as .jsonl.",
    example=None,
)
declare(
    code="blank_line",
    severity="warning",
    stage="line",
    words="A blank line between records; it is left out.",
    hint="Nothing has to be done. A blank line may be the trace of a lost record.",
    example=Example("\n" + samples.line()),
)
declare(
    code="line_too_long",
    stage="line",
    words="The line has more than 16 MiB; it was not read.",
    hint="No base model takes a record this long: split it, or check that line feeds were not lost.",
    example=Example(
        '{"prompt": "16 MiB and more …"}',
        build=lambda: samples.line("a" * lines.MAX_LINE_BYTES).encode(),
    ),
)
declare(
    code="invalid_utf8",
    stage="line",
    words="The line holds bytes that are not UTF-8.",
    hint="Save the file as UTF-8; it may be in Latin-1, Windows-1252 or an Asian encoding.",
    example=Example('{"prompt": "caf\\xe9", …}', build=lambda: samples.line("cafe").encode().replace(b"fe", b"f\xe9")),
)
declare(
    code="invalid_json",
    stage="line",
    words="The line is not valid JSON.",
    hint="Write each record with a JSON library, one object on each line.",
    example=Example('{"prompt": "Why?", "completion": "Because.",}'),
)
declare(
    code="duplicate_key",
    stage="line",
    words="One object has the same key twice; readers disagree on which value counts.",
    hint="Keep one of them.",
    example=Example('{"prompt": "Why?", "prompt": "How?", "completion": "Because."}'),
)
declare(
    code="number_out_of_range",
    stage="line",
    words="NaN, Infinity, or a number too large for JSON readers.",
    hint="Training data needs no numbers outside of text: take the field away.",
    example=Example('{"prompt": "Why?", "completion": NaN}'),
)
declare(
    code="nested_too_deep",
    stage="line",
    words="Lists and objects are nested deeper than any format is.",
    hint="See the formats above.",
    example=Example(
        '{"prompt": [[[[…]]]], "completion": ""}',
        build=lambda: b'{"prompt": ' + b"[" * 100 + b"]" * 100 + b', "completion": ""}',
    ),
)
declare(
    code="lone_surrogate",
    stage="line",
    words="An escape like `\\ud800` is half of a character.",
    hint="Text was cut inside an emoji or a rare character: write it again from the original.",
    example=Example('{"prompt": "Why? \\ud83d", "completion": "Because."}'),
)
declare(
    code="not_an_object",
    stage="line",
    words="The line is JSON, but no object.",
    hint="Each line is one object in one of the formats above.",
    example=Example('"Why?"'),
)
declare(
    code="unknown_format",
    stage="shape",
    words="The object has the fields of no format.",
    hint="Use prompt and completion, or messages.",
    example=Example('{"question": "Why?", "answer": "Because."}'),
)
declare(
    code="ambiguous_format",
    stage="shape",
    words="One object has fields of two formats.",
    hint="Keep the fields of one.",
    example=Example('{"prompt": "Why?", "completion": "Because.", "messages": []}'),
)
declare(
    code="mixed_formats",
    stage="shape",
    words="The file changes its format on the way.",
    hint="Write all records of a file in one format.",
    example=Example(samples.messages(("user", "Why?"), ("assistant", "Because."))),
)
declare(
    code="missing_field",
    stage="shape",
    words="A field that the format needs is missing.",
    hint="Add it, or take the record out.",
    example=Example('{"prompt": "Why?"}'),
)
declare(
    code="unknown_field",
    stage="shape",
    words="A field that the format does not know. Bedrock refuses extra fields.",
    hint="Take it away.",
    example=Example('{"prompt": "Why?", "completion": "Because.", "id": 7}'),
)
declare(
    code="wrong_type",
    stage="shape",
    words="A field holds another type than the format asks for.",
    hint="Write the value as the format does.",
    example=Example('{"prompt": "Why?", "completion": 42}'),
)
