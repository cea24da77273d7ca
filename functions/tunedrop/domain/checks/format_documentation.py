"""Generate the section of docs/data-format.md on files and formats from the formats and the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.formats import all_formats, field_mapping, pairs
from tunedrop.domain.reading import gzipped


def render() -> str:
    """Return the section as Markdown."""
    models = catalogue.catalogue().values()
    targets: dict[str, list[str]] = {
        name: [model.name for model in models if model.record_format == name] for name in all_formats.FORMATS
    }
    shown = [
        f"### {source.title}\n\n{_uses(targets.get(name, ()))}\n\n```json\n{source.example}\n```"
        for name, source in all_formats.SOURCES.items()
    ]
    shown[-1] += f"\n\n```json\n{field_mapping.CONVERSATION_EXAMPLE}\n```"
    return "\n\n".join([_files(), *shown, _MISFITS])


def _uses(models: Sequence[str]) -> str:
    if not models:
        return "Read, and written in the format that the base model trains on."
    return f"Trains {', '.join(f'`{model}`' for model in models)}."


def _either(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _files() -> str:
    return f"""## Files and formats

| file | what it holds |
|---|---|
| JSON Lines | one JSON object on each line |
| JSON array | one array of JSON objects, on one line or on many |
| CSV, TSV | a header row that names the columns, then a row for each record; quoted cells may span lines |
| Parquet | a column for each field, nested ones included |

Text is UTF-8. Each kind of text may be compressed with gzip: at most {gzipped.MAX_BYTES // 2**20} MiB unpacked, and
beyond {gzipped.FREE_BYTES // 2**20} MiB no more than {gzipped.MAX_RATIO} times the file's size.
A file's content decides what it is, and its extension must agree; `.json` and `.jsonl` may each hold lines or an array.
In a table, an empty cell is an empty text in a column that a format needs, and nothing in any other.
What spreadsheets write is read and reported: semicolons or vertical bars between the cells of a CSV file, a first line
such as `sep=;`, a title above the names of the columns, columns without a name that hold nothing or row numbers, and
rows in which nothing stands.
Columns with lists (`messages`, `conversations`, `history`, `tools`) hold them as JSON in CSV and TSV; as JSON text,
they are read from every kind of file. A field that is null counts as absent everywhere.

Every format is read for every base model and converted to the one it trains on; texts are kept byte for byte.
The fields decide the format, which must be the same in the whole file; the report names it.
Content in Claude's format may also be a list of `{{"type": "text", "text": …}}` blocks, as in the Messages API.
Prompt and completion, and pairs of other names (one of {_either(pairs.QUESTIONS)} with one of
{_either(pairs.ANSWERS)}), may have a `system` text beside them.
In Alpaca, the user's turn is the instruction, a line feed and the input, or only the instruction if the input is blank;
`context`, `response`, `system` and `history` are read, too.
In OpenAI chat and ShareGPT, a system message at the beginning becomes the record's system text; `developer` is read as
`system`, `human` as `user`, `gpt` as `assistant`.
An answer of OpenAI's `weight` 0 (or Axolotl's `train: false`) is never learned: the conversation ends at its last
answer to learn, and a base model that learns only the last answer gets a record for each. Where another base model
would learn it, because it stands before one to learn, the record is `not_expressible`.
Fields such as `id`, `source` or `category` are left out of tables, OpenAI chat, Alpaca, ShareGPT and pairs, and
counted."""


_MISFITS = """### What is not training data

Preference data, records for another purpose or of another tool, prompts without answers, raw text, and tables that do
not say which column is the prompt are refused with `preference_data`, `other_purpose`, `no_answers`, `raw_text` and
`needs_mapping`.
A label, score, rating, thumb or accept-reject mark beside an answer makes preference data of it, whatever its format:
training would learn the answers that are marked as bad, too.
Name such a field in `[fields] keep` if it judges nothing."""
