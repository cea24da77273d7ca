"""Tell files that are no text from their first bytes, and how to export what they hold."""

from __future__ import annotations

import re

from tunedrop.domain.records.defects import Defect

_EXPORT = "to_json('train.jsonl', orient='records', lines=True, force_ascii=False)"
_WITH_PANDAS = "Read it with pandas.{read} and write what it returns with " + _EXPORT + "."
_UNPACK = "Unpack it, and upload the files inside; of compressed files only gzip is read."
_SHEET = "Open it and save the sheet as CSV UTF-8, with the names of the columns in its first row."
_TEXT = "Write what it says as records, each with a prompt and a completion."
_MEDIA = "Training takes text only: write what it shows or says as records, each with a prompt and a completion."
_ARROW = _WITH_PANDAS.format(read="read_feather(FILE)")
_ARROW_STREAM = f"Read it with pyarrow.ipc.open_stream(FILE).read_pandas() and write what it returns with {_EXPORT}."
_WHERE_MADE = "Load it where it was made (never one from a stranger: loading can run code), and write its records with "
_PICKLE = f"{_WHERE_MADE}json.dumps, one on each line."
_MODEL = "This is a model and no data: upload the records that it should learn from."
_RESTORE = "Restore or open it where it belongs, and export the table as CSV or JSON Lines."

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word document", _SHEET),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (b"\x5d\x00\x00\x80\x00", "an LZMA file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (b"\x04\x22\x4d\x18", "an LZ4 file", _UNPACK),
    (b"\xff\x06\x00\x00sNaPpY", "a Snappy file", _UNPACK),
    (b"\x1f\x9d", "a file packed by compress", _UNPACK),
    (b"LZIP", "an lzip file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"ARROW1", "an Arrow file (Feather)", _ARROW),
    (b"FEA1", "a Feather file of version 1", _ARROW),
    (b"ORC", "an ORC file", _WITH_PANDAS.format(read="read_orc(FILE)")),
    (
        b"Obj\x01",
        "an Avro file",
        "Read it with fastavro.reader, and write each record with json.dumps, one on each line.",
    ),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _WITH_PANDAS.format(read="read_hdf(FILE)")),
    (b"CDF", "a NetCDF file", _RESTORE),
    (
        b"\x93NUMPY",
        "a NumPy array",
        "Load it with numpy.load, and write each row with json.dumps, as an object with names.",
    ),
    (b"SQLite format 3\x00", "an SQLite database", _RESTORE),
    (b"\x00\x01\x00\x00Standard ", "an Access database", _RESTORE),
    (b"PGDMP", "a dump of PostgreSQL", _RESTORE),
    (b"RDX", "data of R", f"{_WHERE_MADE}jsonlite::stream_out."),
    (b"MATLAB 5.0", "data of MATLAB", f"{_WHERE_MADE}jsonencode, one on each line."),
    (b"$FL2", "data of SPSS", _WITH_PANDAS.format(read="read_spss(FILE)")),
    (b"<stata_dta>", "data of Stata", _WITH_PANDAS.format(read="read_stata(FILE)")),
    (b"GGUF", "a model's weights", _MODEL),
    (b"%PDF", "a PDF document", _TEXT),
    (b"%!PS", "a PostScript document", _TEXT),
    (b"{\\rtf", "an RTF document", _TEXT),
    (b"\x89PNG", "a PNG image", _MEDIA),
    (b"\xff\xd8\xff", "a JPEG image", _MEDIA),
    (b"GIF87a", "a GIF image", _MEDIA),
    (b"GIF89a", "a GIF image", _MEDIA),
    (b"II*\x00", "a TIFF image", _MEDIA),
    (b"MM\x00*", "a TIFF image", _MEDIA),
    (b"ID3", "an MP3 recording", _MEDIA),
    (b"OggS", "an Ogg recording", _MEDIA),
    (b"fLaC", "a FLAC recording", _MEDIA),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video", _MEDIA),
    (b"\x7fELF", "a program", _TEXT),
    (b"bplist00", "a property list of macOS", _RESTORE),
    (b"\x00\x05\x16\x07", "what macOS keeps beside a file (its name begins with ._)", "Upload the file itself."),
    (b"\x00\x00\x00\x01Bud1", "what macOS keeps of a folder (.DS_Store)", "Upload the files of the folder."),
    (b"Salted__", "encrypted", "Decrypt it before you upload it: the bucket encrypts it again."),
    (b"age-encryption.org", "encrypted", "Decrypt it before you upload it: the bucket encrypts it again."),
    (b"-----BEGIN PGP MESSAGE", "encrypted", "Decrypt it before you upload it: the bucket encrypts it again."),
    (b"version https://git-lfs", "a pointer of Git LFS, without the content", "Fetch the content with git lfs pull."),
)
_WORDS = frozenset(
    {b"ORC", b"CDF", b"RDX", b"ID3", b"GGUF", b"PGDMP", b"OggS", b"fLaC", b"LZIP", b"FEA1", b"MATLAB 5.0"}
)
"""Signatures that a text, too, may begin with: near them are control characters."""
_NEAR = 2048
_OF_FORM: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"\x80[\x02-\x05](?:[\x95}\](cK]|q\x00)", re.DOTALL), "a pickle of Python", _PICKLE),
    (re.compile(rb"\xff\xff\xff\xff.{3}\x00.\x00\x00\x00", re.DOTALL), "an Arrow stream", _ARROW_STREAM),
    (re.compile(rb".{8}DUCK", re.DOTALL), "a DuckDB database", _RESTORE),
    (re.compile(rb".{6}\x00\x00\{\"", re.DOTALL), "a model's weights (safetensors)", _MODEL),
    (re.compile(rb"RIFF.{4}(?:WAVE|AVI |WEBP)", re.DOTALL), "a recording, a video or an image", _MEDIA),
    (re.compile(rb"\x00\x00.{2}ftyp", re.DOTALL), "a video, a recording or an image (MP4 and its kin)", _MEDIA),
    (re.compile(rb"\xff[\xf2\xf3\xfa\xfb][\x10-\xef]"), "an MP3 recording", _MEDIA),
    (re.compile(rb"BM.{4}\x00\x00\x00\x00", re.DOTALL), "a BMP image", _MEDIA),
    (re.compile(rb"MZ.{1,2}\x00", re.DOTALL), "a program", _TEXT),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive", _UNPACK),
)
_LANCE = re.compile(rb"[\x00-\x0f]\x00[\x00-\x0f]\x00LANC\Z")
_OF_LANCE = (
    f"Read its dataset with lance.dataset(FOLDER).to_table().to_pandas() and write what it returns with {_EXPORT}."
)
"""Of a Lance file only the end is known: one that is longer than what is looked at is of no known kind."""
_ZIP = b"PK\x03\x04"
_IN_ZIP: tuple[tuple[bytes, str, str], ...] = (
    (b"xl/", "an Excel workbook", _SHEET),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet", _SHEET),
    (b"Index/", "a Numbers, Pages or Keynote document", _SHEET),
    (b"word/", "a Word document", _TEXT),
    (b"opendocument.text", "an OpenDocument text", _TEXT),
    (b"ppt/", "a PowerPoint presentation", _TEXT),
    (b"epub+zip", "an e-book", _TEXT),
    (b"/data.pkl", "a file of PyTorch", f"{_WHERE_MADE}json.dumps, one on each line."),
    (
        b".npy",
        "NumPy arrays (NPZ)",
        "Load it with numpy.load, and write each row with json.dumps, as an object with names.",
    ),
)
_CONTROL = bytes({0, *range(2, 9), *range(14, 27)})
"""Characters that no text has: no separator of rows or cells, and no escape, is among them."""
_MOST_CONTROL = 0.02
"""Share of control characters in text: one lost NUL among records is no binary file."""
_LEAST_CONTROL = 8


def identify(head: bytes) -> Defect | None:
    """The defect that says what a file is that is no text; None if it may be text."""
    if head.startswith(_ZIP):
        return _zip(head)
    for signature, what, hint in _SIGNATURES:
        if head.startswith(signature) and (
            signature not in _WORDS or head[:_NEAR].translate(None, _CONTROL) != head[:_NEAR]
        ):
            return _is(what, hint)
    if _LANCE.search(head[-8:]):
        return _is("a Lance file", _OF_LANCE)
    return next((_is(what, hint) for form, what, hint in _OF_FORM if form.match(head)), None)


def _is(what: str, hint: str) -> Defect:
    return Defect("unsupported_file", f"The file is {what}.", hint=hint)


def _zip(head: bytes) -> Defect:
    for mark, what, hint in _IN_ZIP:
        if mark in head:
            return _is(what, hint)
    return _is(
        "a ZIP archive (or an Excel or Word document, which is one)", f"{_UNPACK} From Excel, save as CSV UTF-8."
    )


def is_binary(head: bytes) -> Defect | None:
    """The defect of a file with more control characters than text has, whatever it may be."""
    count = len(head) - len(head.translate(None, _CONTROL))
    if count < max(_LEAST_CONTROL, _MOST_CONTROL * len(head)):
        return None
    return _is(
        "no text, and of no kind that is known here", "Export it as JSON Lines, a JSON array, CSV, TSV or Parquet."
    )
