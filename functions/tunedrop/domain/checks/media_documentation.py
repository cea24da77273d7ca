"""The section of docs/data-format.md on the images and documents that records refer to."""

from __future__ import annotations

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks.media_findings import MENDED_BY_UPLOAD
from tunedrop.domain.records import media_names


def mended() -> str:
    """Codes of rejected data that may be right once other files were uploaded."""
    return " or ".join(f"`{code}`" for code in sorted(MENDED_BY_UPLOAD))


def render() -> str:
    """Return the section as Markdown."""
    rows = "\n".join(
        f"| `{model.name}` | {kind} | {', '.join(each.formats)} | {each.most} | {each.bytes // 2**20} MiB | "
        f"{f'{each.tokens:,}' if each.tokens else 'unknown'} |"
        for model in catalogue.catalogue().values()
        for kind, each in model.media.items()
    )
    return f"""## Images and documents

Turns of the user may refer to files in S3, for these base models:

| base model | kind | formats | in a record | each at most | tokens of each, estimated |
|---|---|---|---|---|---|
{rows}

A file lies under `incoming/<dataset>/media/`, in folders or not; a record names it as `media/<name>`, or by its whole
address, `s3://<data bucket>/incoming/<dataset>/media/<name>`. {media_names.RULE}
`tunedrop push` uploads the folder `media/` with the data, before it.

```json
{{"image": {{"format": "png", "source": {{"s3Location": {{"uri": "media/cat.png"}}}}}}}}
```

```json
{{"type": "image_url", "image_url": {{"url": "media/cat.png"}}}}
```

The first is Converse's form, the second OpenAI's; `{{"type": "file", "file": {{"file_data": "media/a.pdf"}}}}` and
blocks of Anthropic with `"source": {{"type": "url", "url": "media/cat.png"}}` are read, too. The format is what
Converse's form says, in the others the name's ending. What lies in the record itself, at a web address or under an id
of OpenAI's is refused. A record has either images or documents, and so has a dataset.

At upload, each file is looked at once: whether it is there, its size, and its type by its first bytes. Accepted data
trains on copies, under `prepared/<dataset>/<version>/media/`, where only the stack writes: what was checked is what
trains. A copy is made once for a version, so a file that is replaced changes no version that holds it; to train on the
new one, give it another name. Copies are deleted with their version, uploads with the dataset.
Evaluations ask in text alone, so records of test with files are not asked.
`tunedrop check` sees what records say of files, and leaves the files themselves to the upload (`unchecked_media`)."""
