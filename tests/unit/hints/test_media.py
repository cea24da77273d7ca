"""Images and documents: what is refused with the way to refer to a file, and what trains once that was followed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks.media_findings import FoundFile, MediaFolder

from tests.unit.checks.splits import run
from tests.unit.hints.following import QUESTIONS, lines, said

Json = dict[str, Any]
PNG, JPEG, PDF = b"\x89PNG\r\n\x1a\n" + bytes(8), b"\xff\xd8\xff\xe0" + bytes(12), b"%PDF-1.7\n" + bytes(7)
ANSWERS = [f"Here is number {number}, of {number * 7}." for number in range(220)]


def in_s3(uri: str, kind: str = "image", written: str = "png", **more: Any) -> Json:
    return {kind: {"format": written, "source": {"s3Location": {"uri": uri}}, **more}}


def records(block: Any, count: int = 8) -> bytes:
    """As many records, each with its own block or the same, in the form that the block is in."""
    made = []
    for number in range(count):
        one = block(number) if callable(block) else block
        if "type" in one:
            turns = [{"role": "user", "content": [{"type": "text", "text": f"What is {number}?"}, one]}]
            made.append({"messages": [*turns, said(ANSWERS[number])]})
        else:
            turns = [{"role": "user", "content": [{"text": f"What is {number}?"}, one]}]
            made.append({"messages": [*turns, {"role": "assistant", "content": [{"text": ANSWERS[number]}]}]})
    return lines(made)


def folder(files: Mapping[str, bytes], sizes: Mapping[str, int] | None = None) -> MediaFolder:
    def look(paths: Collection[str]) -> Mapping[str, FoundFile]:
        found = {path: files[path] for path in paths if path in files}
        return {path: FoundFile((sizes or {}).get(path, len(head)), head[:16]) for path, head in found.items()}

    return MediaFolder("bucket", "shop", 3, "123456789012", look)


def counts(content: bytes, base_model: str = "nova-lite", **plan: Any) -> Json:
    return dict(run(content, base_model, **plan)[0].counts)


INLINE: list[tuple[Json, str]] = [
    ({"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/SECRET"}}, "nova-lite"),
    ({"type": "image_url", "image_url": "https://example.com/SECRET.png"}, "nova-pro"),
    ({"type": "input_image", "image_url": "data:image/png;base64,SECRET"}, "nova-lite"),
    ({"type": "image", "source": {"type": "base64", "data": "SECRET", "media_type": "image/png"}}, "nova-lite"),
    ({"type": "image", "source": {"type": "url", "url": "https://example.com/SECRET.gif"}}, "nova-lite"),
    (
        {"type": "file", "file": {"filename": "SECRET.pdf", "file_data": "data:application/pdf;base64,SE"}},
        "nova-2-lite",
    ),
    ({"type": "input_file", "file_id": "file-SECRET"}, "nova-2-lite"),
    ({"image": {"format": "png", "source": {"bytes": "SECRET"}}}, "nova-lite"),
    ({"document": {"format": "pdf", "name": "SECRET", "source": {"bytes": "SECRET"}}}, "nova-2-lite"),
]


@pytest.mark.parametrize(("block", "base_model"), INLINE)
def test_a_file_in_the_record_trains_once_it_is_saved_and_referred_to_as_the_hint_says(block, base_model):
    count = 220 if base_model == "nova-2-lite" else 8
    result, _ = run(records(block, count), base_model)
    assert set(result.counts) == {"inline_media"}
    found = result.findings[0]
    assert (found.line, found.path) == (1, "$.messages[0].content[1]")
    assert "SECRET" not in found.message + found.hint
    file, form, command = re.fullmatch(
        r"Save it as (\S+) in the folder of the data, and write (.+) Then upload, in that folder: (.+)", found.hint
    ).groups()
    assert command == "tunedrop push ."
    path = file.removeprefix("media/")
    followed = records(json.loads(form), count)
    allowed = {"unchecked_media"} | ({"uncounted_tokens"} if path.endswith("pdf") else set())
    assert counts(followed, base_model) == {"unchecked_media": 1}

    head = {"png": PNG, "jpeg": JPEG, "gif": b"GIF89a", "pdf": PDF}[path.rpartition(".")[2]]
    result, written = run(followed, base_model, media=folder({path: head}))
    assert result.accepted
    assert set(result.counts) <= allowed
    trained = json.loads(written.splitlines()[0])["messages"][0]["content"]
    kind = "document" if path.endswith("pdf") else "image"
    location = {"uri": f"s3://bucket/prepared/shop/3/media/{path}", "bucketOwner": "123456789012"}
    written_as = {"format": path.rpartition(".")[2], "source": {"s3Location": location}}
    assert trained == [{"text": "What is 0?"}, {kind: written_as}]


def test_in_the_bucket_the_command_names_it():
    result, _ = run(records(INLINE[0][0]), "nova-lite", media=folder({}))
    assert result.findings[0].hint.endswith("aws s3 cp media s3://bucket/incoming/shop/media/ --recursive")


@pytest.mark.parametrize(
    ("block", "said_of_it"),
    [
        (in_s3("s3://bucket/photos/cat.png"), "does not lie under media/"),
        (in_s3("photos/cat.png"), "does not lie under media/"),
        (in_s3("media/../secret.png"), "does not lie under media/"),
        (in_s3("media/a cat.png"), "does not lie under media/"),
        (in_s3("media/-rf.png"), "does not lie under media/"),
        (in_s3("media/cat.tiff", written="tiff"), "The format is 'tiff'"),
        (in_s3("media/cat.jpg", written="jpg"), "The format is 'jpg'"),
        (in_s3("media/cat.png", name="cat"), "Unknown field 'name'"),
        ({"type": "image_url", "image_url": {"url": "s3://bucket/cat.png"}}, "does not lie under media/"),
    ],
)
def test_a_reference_that_cannot_train_is_refused_with_what_to_write(block, said_of_it):
    result, _ = run(records(block), "nova-lite")
    found = next(each for each in result.findings if each.code == "invalid_media")
    assert said_of_it in found.message
    form = re.search(r"and write (.+) Then", found.hint)[1]
    assert counts(records(json.loads(form))) == {"unchecked_media": 1}


@pytest.mark.parametrize("place", ["s3://other/incoming/shop", "s3://bucket/incoming/other"])
def test_a_file_of_another_bucket_or_dataset_is_refused_where_that_is_known(place):
    content = records(in_s3(f"{place}/media/cat.png"))
    assert counts(content) == {"unchecked_media": 1}
    assert counts(content, media=folder({"cat.png": PNG})) == {"invalid_media": 8}
    here = records(in_s3("s3://bucket/incoming/shop/media/cat.png"))
    assert counts(here, media=folder({"cat.png": PNG})) == {}


def test_only_turns_of_the_user_may_have_files():
    block = in_s3("media/cat.png")
    turns = [{"role": "user", "content": [{"text": "Why?"}]}, {"role": "assistant", "content": [block, {"text": "A."}]}]
    result, _ = run(lines([{"messages": turns}]), "nova-lite")
    assert [each.message for each in result.findings if each.code == "invalid_media"] == [
        "Only turns of the user may have an image; this is assistant's."
    ]


def test_a_record_has_as_many_files_as_its_base_model_takes():
    def content(images: int, documents: int = 0) -> bytes:
        files = [in_s3(f"media/{number}.png") for number in range(images)]
        files += [in_s3(f"media/{number}.pdf", "document", "pdf") for number in range(documents)]
        turns = [{"role": "user", "content": [{"text": "Why?"}, *files]}]
        return lines([{"messages": [*turns, {"role": "assistant", "content": [{"text": "So."}]}]}])

    def told(*files: int) -> list[str]:
        result, _ = run(content(*files), "nova-2-lite")
        return [each.message for each in result.findings if each.code == "invalid_media" and each.path == "$"]

    assert told(10) == told(0, 1) == []
    assert told(11) == ["11 images; nova-2-lite takes 10 in a record."]
    assert told(0, 2) == ["2 documents; nova-2-lite takes 1 in a record."]
    assert told(1, 1) == ["nova-2-lite takes no record with images and documents."]


def test_a_dataset_with_images_has_no_documents():
    def block(number: int) -> Json:
        return in_s3("media/a.pdf", "document", "pdf") if number == 4 else in_s3("media/a.png")

    result, _ = run(records(block, 220), "nova-2-lite", media=folder({"a.pdf": PDF, "a.png": PNG}))
    found = [(each.code, each.line) for each in result.findings if each.severity == "error"]
    assert found == [("invalid_media", 5)]


def test_files_are_looked_at_once_and_told_at_their_first_record():
    looked: list[Collection[str]] = []
    files = {"a.png": PNG, "b.png": JPEG, "c.png": b"", "d.png": PNG}
    known = folder(files, {"d.png": 10 * 2**20 + 1})

    def look(paths: Collection[str]) -> Mapping[str, FoundFile]:
        looked.append(paths)
        return known.look(paths)

    names = "aabbccddee"
    content = records(lambda number: in_s3(f"media/{names[number]}.png"), 10)
    result, _ = run(content, "nova-lite", media=MediaFolder("bucket", "shop", 3, "1", look))
    assert looked == [[f"{name}.png" for name in "abcde"]]
    assert [(each.code, each.line, each.message) for each in result.findings] == [
        ("unfit_media", 3, "media/b.png is jpeg; the record says png."),
        ("unfit_media", 5, "media/c.png has 0 bytes; allowed: 10,485,760."),
        ("unfit_media", 7, "media/d.png has 10,485,761 bytes; allowed: 10,485,760."),
        ("missing_media", 9, "There is no media/e.png."),
    ]
    assert result.findings[-1].hint == "Upload it: aws s3 cp media s3://bucket/incoming/shop/media/ --recursive"


def test_files_that_no_base_model_trains_on_are_not_looked_at():
    def look(_: Collection[str]) -> Mapping[str, FoundFile]:
        raise AssertionError

    result, _ = run(records(in_s3("media/a.png"), 40), media=MediaFolder("bucket", "shop", 3, "1", look))
    assert set(result.counts) == {"not_expressible"}


def test_an_image_counts_as_many_tokens_as_the_largest_may_have():
    plain, _ = run(records({"text": ""}), "nova-lite")
    result, _ = run(records(in_s3("media/a.png")), "nova-lite", media=folder({"a.png": PNG}))
    assert result.tokens.total == plain.tokens.total + 8 * catalogue.find("nova-lite").media["image"].tokens
    many = [in_s3(f"media/{number}.png") for number in range(10)]
    turns = [{"role": "user", "content": [*many, {"text": "a " * 9_000}]}]
    long = lines([{"messages": [*turns, {"role": "assistant", "content": [{"text": "So."}]}]}])
    assert "too_many_tokens" in counts(long)


def test_documents_whose_tokens_nobody_knows_are_warned_of_and_counted_as_the_most_that_they_may_have():
    content = records(lambda number: in_s3(f"media/{number}.pdf", "document", "pdf"), 220)
    files = {f"{number}.pdf": PDF for number in range(220)}
    result, _ = run(content, "nova-2-lite", media=folder(files))
    ((code, message),) = [(each.code, each.message) for each in result.findings]
    assert (code, message) == ("uncounted_tokens", "Records: 220; 7,040,000 tokens at most.")
    assert result.tokens.total == 7_040_000
    assert result.accepted


def test_the_same_question_about_other_images_is_no_duplicate():
    question = " ".join(QUESTIONS[:12])

    def content(same: bool) -> bytes:
        made = []
        for number in range(40):
            image = in_s3("media/cat.png" if same else f"media/{'abcdefghij'[number % 10]}{'klmn'[number // 10]}.png")
            turns = [{"role": "user", "content": [image, {"text": question}]}]
            made.append({"messages": [*turns, {"role": "assistant", "content": [{"text": ANSWERS[number]}]}]})
        return lines(made)

    duplicates = {"conflicting_answers", "near_duplicate", "exact_duplicate", "normalised_duplicate"}
    assert not duplicates & set(counts(content(same=False)))
    assert "conflicting_answers" in counts(content(same=True))


def test_openais_detail_has_no_place_and_that_is_counted():
    block = {"type": "image_url", "image_url": {"url": "media/cat.jpg", "detail": "low"}}
    result, written = run(records(block), "nova-lite")
    assert result.normalised == {"media_as_converse": 8}
    assert json.loads(written.splitlines()[0])["messages"][0]["content"][1] == in_s3("media/cat.jpg", written="jpeg")


@pytest.mark.parametrize("name", list(catalogue.catalogue()))
def test_every_base_model_either_trains_on_a_file_or_says_which_do(name):
    content = records(in_s3("media/cat.png"), 220)
    result, _ = run(content, name)
    if catalogue.find(name).media:
        assert result.accepted
        assert result.media == ("cat.png",)
    else:
        assert (set(result.counts), result.media) == ({"not_expressible"}, ())
        assert "nova-lite, nova-pro, nova-2-lite" in result.findings[0].hint


_JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(0, 9)
    | some.sampled_from(["s3://b/x", "media/a.png", "data:x", "png"]),
    lambda inner: (
        some.lists(inner, max_size=2)
        | some.dictionaries(some.sampled_from(["format", "source", "s3Location", "uri", "url", "bytes", "type"]), inner)
    ),
    max_leaves=6,
)


@given(
    some.sampled_from(["image", "document", "image_url", "input_image", "file", "input_file", "video"]),
    _JSON,
    some.booleans(),
)
def test_whatever_stands_in_the_place_of_a_file_gets_a_finding_or_trains(name, held, typed):
    block = {"type": name, name: held, "source": held} if typed else {name: held}
    for base_model in ("nova-lite", "nova-2-lite", "claude-3-haiku"):
        result, _ = run(records(block, 1), base_model, media=folder({"a.png": PNG}))
        about = {"inline_media", "invalid_media", "unfit_media", "missing_media", "not_expressible", "missing_field"}
        assert about & set(result.counts) or result.media
