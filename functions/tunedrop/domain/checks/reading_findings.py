"""Findings of the readers: files that are not what their names say, lines that are not JSON, objects of no format."""

from __future__ import annotations

import gzip

from tunedrop.domain.checks import examples
from tunedrop.domain.checks.registry import Example, declare
from tunedrop.domain.reading import gzipped, split_files
from tunedrop.domain.records import elements


def _row(shown: str) -> Example:
    """A CSV file with one given row after 40 good ones."""
    good = "".join(f"What is {number} + 1?,It is {number + 1}.\n" for number in range(40))
    return Example(
        f"prompt,completion\n{shown}",
        build=f"prompt,completion\n{good}{shown}\n".encode,
        alone=True,
        extension="csv",
    )


declare(
    code="empty_file",
    stage="file",
    words="The file holds no record.",
    hint="Upload a file with records; docs/data-format.md shows the formats.",
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
    words="The upload was deleted, archived or encrypted with another key before it was read.",
    hint="Upload it again, encrypted with the bucket's own key.",
    example=None,
)
declare(
    code="unsupported_file",
    stage="file",
    words="The file is of a kind that is not supported; the message says which.",
    hint="Upload JSON Lines, a JSON array, CSV, TSV, any of these with gzip, or Parquet, in UTF-8.",
    example=Example("%PDF-1.7 …", alone=True),
)
declare(
    code="wrong_extension",
    stage="file",
    words="The file's content is of another kind than its name says.",
    hint="Name the file as the message says.",
    example=Example("prompt,completion\nWhy?,Because.\n", alone=True),
)
declare(
    code="wrong_encoding",
    stage="file",
    words="The file is text in UTF-16 or UTF-32.",
    hint="Save it as UTF-8.",
    example=Example(examples.line(), build=lambda: examples.line().encode("utf-16"), alone=True),
)
declare(
    code="broken_gzip",
    stage="file",
    words="The compressed file is cut off, damaged, or followed by something else.",
    hint="Compress the file again and upload all of it.",
    example=Example(
        "(a gzip file without its end)",
        build=lambda: gzip.compress(examples.good(40)(), mtime=0)[:-9],
        alone=True,
        extension="jsonl.gz",
    ),
)
declare(
    code="gzip_too_large",
    stage="file",
    words=(
        f"The compressed file unpacks to more than {gzipped.MAX_BYTES // 2**20} MiB, or to more than "
        f"{gzipped.MAX_RATIO} times its size and {gzipped.FREE_BYTES // 2**20} MiB; the rest was not read."
    ),
    hint="Upload it uncompressed.",
    example=Example(
        "(64 MiB and more of blanks)",
        build=lambda: gzip.compress((b" " * (2**20 - 1) + b"\n") * (gzipped.FREE_BYTES // 2**20 + 1), mtime=0),
        alone=True,
        extension="jsonl.gz",
    ),
)
declare(
    code="bad_header",
    stage="file",
    words="The first row of a table does not name the columns, each by a name of its own.",
    hint="Name each column once, for instance prompt and completion; remove what stands above the names.",
    example=Example("prompt,prompt\nWhy?,Because.\n", alone=True, extension="csv"),
)
declare(
    code="unterminated_quote",
    stage="file",
    words="A quotation mark opens a table's cell and none closes it, so that rows cannot be told apart.",
    hint="Close it; a quotation mark inside a quoted cell is written twice.",
    example=Example('prompt,completion\n"Why?,Because.\n', alone=True, extension="csv"),
)
declare(
    code="too_many_lines",
    stage="file",
    words=f"The split has more than {split_files.MAX_ELEMENTS:,} lines, elements or rows; the rest was not read.",
    hint="No base model takes as many records: keep the best of them.",
    example=None,
)
declare(
    code="preference_data",
    stage="file",
    words="Answers that are compared or judged: chosen and rejected, scores, thumbs, marks of good and bad.",
    hint="Fine-tuning learns every answer as a good one: write a file of the good answers only.",
    example=Example('{"prompt": "Why?", "chosen": "Because.", "rejected": "No."}'),
)
declare(
    code="other_purpose",
    stage="file",
    words="Records for another purpose than fine-tuning, or of another tool; the message says which.",
    hint="Write each as a prompt and the completion that the model should learn.",
    example=Example('{"recordId": "7", "modelInput": {"messages": []}}'),
)
declare(
    code="wrong_layout",
    stage="file",
    words="One object holds all records: as a table by columns or rows, or in lists under keys.",
    hint="Write one record on each line, or all of them as one array.",
    example=Example('{"prompt": ["Why?", "How?"], "completion": ["Because.", "So."]}', alone=True),
)
declare(
    code="no_answers",
    stage="file",
    words="Prompts without answers.",
    hint="Fine-tuning learns answers: add them as completion. Tunedrop does not offer distillation, which writes them.",
    example=Example('{"question": "Why?"}'),
)
declare(
    code="raw_text",
    stage="file",
    words="Text that is not divided into prompts and answers, as continued pre-training needs it.",
    hint="Write each record as a prompt and the completion that the model should learn.",
    example=Example('{"text": "A thermostat is a device that …"}'),
)
declare(
    code="needs_mapping",
    stage="file",
    words="Fields or columns that do not say which is the prompt and which the completion.",
    hint="Say so with a mapping in dataset.toml.",
    example=Example("text,label\nWhere is my parcel?,delivery\n", alone=True, extension="csv"),
)
declare(
    code="blank_line",
    severity="warning",
    stage="line",
    words="A blank line between records; it is left out.",
    hint="No action is needed. A blank line may be the trace of a lost record.",
    example=Example("\n" + examples.line()),
)
declare(
    code="record_too_long",
    stage="line",
    words=(
        f"A line, array element or row has more than {elements.MAX_BYTES // 2**20} MiB, or more than "
        f"{elements.MAX_COMMAS:,} commas; it was not read."
    ),
    hint="No base model takes a record this long: split it, or check that line feeds were not lost.",
    example=Example(
        '{"prompt": "16 MiB and more …"}',
        build=lambda: examples.line("a" * elements.MAX_BYTES).encode(),
    ),
)
declare(
    code="row_width",
    stage="line",
    words="A row of a table has more or fewer cells than the header has names.",
    hint="Put text that holds the separator between quotation marks.",
    example=_row("Why?,Because, well."),
)
declare(
    code="invalid_row",
    stage="line",
    words="A row's quotation marks or line ends are not valid in a table.",
    hint="Write a quotation mark inside a quoted cell twice, and no blanks around the quotation marks.",
    example=_row('"Why" ask?,Because.'),
)
declare(
    code="invalid_utf8",
    stage="line",
    words="A record holds bytes that are not UTF-8.",
    hint="Save the file as UTF-8; it may be in Latin-1, Windows-1252 or an Asian encoding.",
    example=Example('{"prompt": "caf\\xe9", …}', build=lambda: examples.line("cafe").encode().replace(b"fe", b"f\xe9")),
)
declare(
    code="invalid_json",
    stage="line",
    words="A line, an array or a cell is not valid JSON.",
    hint="Write each record with a JSON library, one object on each line, or all of them as one array.",
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
    hint="Training data needs no numbers outside of text: write a text, or null in a field that trains nothing.",
    example=Example('{"prompt": "Why?", "completion": NaN}'),
)
declare(
    code="nested_too_deep",
    stage="line",
    words="Lists and objects are nested deeper than any format is.",
    hint="docs/data-format.md shows the formats.",
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
    words="A line or an array element is JSON, but not an object.",
    hint="Each record is one object in one of the formats that docs/data-format.md shows.",
    example=Example('"Why?"'),
)
declare(
    code="unknown_format",
    stage="shape",
    words="The object's fields match no format.",
    hint="Use prompt and completion, or map your own fields in dataset.toml.",
    example=Example('{"from_customer": "Why?", "from_agent": "Because."}'),
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
    words="The file changes its format partway through.",
    hint="Write all records of a file in one format.",
    example=Example(examples.messages(("user", "Why?"), ("assistant", "Because."))),
)
declare(
    code="missing_field",
    stage="shape",
    words="A field that the format needs is missing, or null, which is the same.",
    hint="Add it, or remove the record.",
    example=Example('{"prompt": "Why?"}'),
)
declare(
    code="unknown_field",
    stage="shape",
    words="A field that the format does not know; nothing is dropped silently.",
    hint="Leave it out by [fields] ignore in dataset.toml or --ignore-field, or say by a mapping which fields count.",
    example=Example('{"prompt": "Why?", "completion": "Because.", "id": 7}'),
)
declare(
    code="null_reference",
    stage="shape",
    severity="warning",
    words="`references`, which dataset.toml keeps for evaluations, has a null among the right answers.",
    hint='Remove it; where the answer is that word, write "null" in quotation marks.',
    example=None,
)
declare(
    code="wrong_type",
    stage="shape",
    words="A field has another type than the format requires.",
    hint="Write the value as the format requires it.",
    example=Example('{"prompt": "Why?", "completion": 42}'),
)
