"""Generate the section of docs/data-format.md on files and formats from the formats and the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.formats import all_formats, field_mapping, pairs
from tunedrop.domain.reading import gzipped
from tunedrop.domain.texts import tool_blocks
from tunedrop.domain.texts.tool_blocks import Item, ToolCall, ToolDefinition, ToolResult


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
    return "\n\n".join([_files(), *shown, _tools(), _MISFITS])


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


_EXAMPLE_OF_TOOLS: Mapping[str, Sequence[Item]] = {
    "system": ["You are the help desk.", ToolDefinition("find_order", "Where an order is", {"type": "object"})],
    "assistant": [ToolCall("find_order", {"order": 7}), ToolCall("find_order", {"order": 8})],
    "user": [ToolResult(1, "shipped"), ToolResult(2, "lost"), "Why is it lost?"],
}


def _tools() -> str:
    written = "\n\n".join(f"{where}:\n{tool_blocks.render(items)}" for where, items in _EXAMPLE_OF_TOOLS.items())
    words = " ".join(f"`{word}`" for word in tool_blocks.RESERVED)
    return f"""### Tools as text

Training data on Bedrock has no place for tools that is known to work: of Nova 2 Lite, AWS's pages contradict each
other. Definitions, calls and results of tools are `not_expressible`, unless `dataset.toml` asks for them as text:

```toml
[tools]
rendering = "{tool_blocks.RENDERING}"
```

OpenAI's `tools` and `tool_calls` with messages of the role `tool` (and its older `functions`, `function_call` and
`function`), Anthropic's `tools`, `tool_use` and `tool_result`, Converse's `toolConfig`, `toolUse` and `toolResult`, and
turns from `function_call` and `observation` as ShareGPT's relatives have them all become the same text:

```text
{written}
```

- A definition, a call or a result is a line of its own: a mark, a JSON object, the mark's end. Other texts stand on the
  lines before and after. Definitions end the system text, the configured one, too.
- Results are the user's; those of one answer's calls, and what the user says after them, are one turn.
- Ids are not written: a model could only learn to invent them. `call` says which of the answer's calls is meant,
  counted from 1, and `is_error` that it failed. `content` is a text, or a list of `{{"text": …}}` and `{{"json": …}}`.
- A line of any other text that begins with such a mark gets a backslash, and one more if it begins with backslashes.
- Inside the JSON, words that a base model reserves have one character as `\\u00XX`: {words}.
- So the text can be read back exactly: tests hold that for any texts, names and arguments. The form never changes under
  its name.
- `strict`, `cache_control`, `index` and choices such as `tool_choice` are left out and counted. Arguments that are no
  JSON object, results that answer no call, tools that are no functions, and images in results are findings with their
  place.

Whoever calls the tuned model writes definitions and results in this form, and reads its calls by it:
`tunedrop.domain.texts.tool_blocks` has `render` and `parse`."""


_MISFITS = """### What is not training data

Preference data, records for another purpose or of another tool, prompts without answers, raw text, and tables that do
not say which column is the prompt are refused with `preference_data`, `other_purpose`, `no_answers`, `raw_text` and
`needs_mapping`.
A label, score, rating, thumb or accept-reject mark beside an answer makes preference data of it, whatever its format:
training would learn the answers that are marked as bad, too.
Name such a field in `[fields] keep` if it judges nothing."""
