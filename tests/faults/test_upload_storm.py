"""A bounded part of B1, and whether its judge sees what it should."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from tests.faults import upload_histories, upload_judge
from tests.faults.event_source import EventSource, Message, Rules, deployed_rules
from tests.faults.storm_proof import blown, summary
from tests.faults.upload_histories import Histories
from tests.faults.upload_storm import Aftermath, aftermath

RULES = Rules(visibility_seconds=960, most_receives=5, batch_size=10, most_at_once=3, partial_failures=True)


@pytest.fixture(scope="module")
def left() -> Aftermath:
    return aftermath(1, 100, RULES)


def test_nothing_is_lost_doubled_or_stale_after_a_storm_of_uploads(left):
    assert upload_judge.judge(left.before).against() == []
    assert upload_judge.judge(left.after).against() == []
    assert left.interleaved > 30
    assert left.troubles


def test_a_storm_in_the_templates_own_batches_is_summed_up_without_objection():
    rules = deployed_rules("UploadQueue")
    assert (rules.batch_size, rules.most_receives) == (1, 5)
    proof = summary([blown(rules, 2, 60)])
    assert proof.objections == []
    assert "lost 0" in proof.figures


def tampered(left: Aftermath, **changes) -> upload_judge.Tally:
    return upload_judge.judge(dataclasses.replace(left.before, **changes))


def final_reports(histories: Histories) -> list[upload_histories.StoredObject]:
    return [each for each in histories.objects if each.report]


def test_the_judge_misses_no_upload_whose_reports_are_gone(left):
    told = [each for each in left.before.told if each.code]
    assert tampered(left, objects=[], told=told).lost


def worked_off(name: str, order: int, began: float, ended: float) -> upload_histories.Sent:
    put = upload_histories.Put(f"incoming/d/{name}.jsonl", f"v{order}", f"sha{order}", order)
    message = Message(f"message-{order}", "", 0.0, receives=1, done=True)
    return upload_histories.Sent(message, put, first_began=began, acked_at=ended)


def of_first_version(files: dict[str, int], number: int) -> list[upload_histories.StoredObject]:
    return [
        upload_histories.StoredObject(
            f"reports/d/{number}/m/{split}.json",
            f"{number} {split}",
            {
                "dataset": "d",
                "version": number,
                "split": split,
                "counts_by_code": {},
                "files": [{"version_id": f"v{of}"}],
            },
        )
        for split, of in files.items()
    ]


@pytest.mark.parametrize(
    ("first_version", "train_ended", "lost"),
    [
        ({"train": 1, "validation": 3}, 10, []),  # replaced in time
        ({"train": 1}, 10, ["v2", "v3"]),  # the first version with train should hold the newer one
        ({"train": 1, "validation": 3}, 2.5, ["v2"]),  # train was taken: the older one had its version
    ],
)
def test_a_file_without_a_verdict_is_lost_unless_another_took_its_place_before_train_was_taken(
    first_version, train_ended, lost
):
    sent = [
        worked_off("train", 1, 1, train_ended),
        worked_off("validation", 2, 2, 3),
        worked_off("validation", 3, 4, 5),
    ]
    told = [upload_histories.Told(11, "DatasetPrepared", {"event_id": "e", "dataset": "d", "version": 3})]
    puts = [each.put for each in sent if each.put]
    histories = Histories(puts, sent, told, of_first_version(first_version, 3), frozenset(), [], 5)
    assert [each.split()[1].rstrip(",") for each in upload_judge.judge(histories).lost] == lost


def test_the_judge_misses_no_untold_refusal(left):
    assert any(each.code == "unrecognized_key" for each in left.before.told)
    assert tampered(left, told=[]).lost


def test_the_judge_misses_no_report_of_what_was_never_put(left):
    assert tampered(left, puts=left.before.puts[5:]).unexpected


def test_the_judge_misses_no_second_content_of_a_report(left):
    first = final_reports(left.before)[0]
    assert tampered(left, objects=[*left.before.objects, dataclasses.replace(first, sha256="other")]).duplicated


def test_the_judge_misses_no_version_that_was_made_twice(left):
    newest = max(final_reports(left.before), key=lambda each: (each.report or {})["version"]).report or {}
    again = [
        dataclasses.replace(each, key=f"{each.key}-again", report={**each.report, "version": newest["version"] + 1})
        for each in final_reports(left.before)
        if each.report and (each.report["dataset"], each.report["version"]) == (newest["dataset"], newest["version"])
    ]
    assert tampered(left, objects=[*left.before.objects, *again]).duplicated


def test_the_judge_misses_no_older_file_that_stands_in_the_end(left):
    """As if the order in which S3 received all objects had been the opposite."""
    puts = copy.deepcopy(left.before.puts)
    for put in puts:
        put.order = -put.order
    assert tampered(left, puts=puts).stale_wins


def test_the_judge_misses_neither_good_dead_letters_nor_poison_without_a_reason(left):
    good = next(sent.message.id for sent in left.before.sent if not sent.poison)
    assert tampered(left, dead=frozenset({good})).good_in_dead_letters
    assert tampered(left, failures=left.before.failures[2:]).poison_misjudged


def test_a_message_is_a_dead_letter_once_it_was_received_too_often():
    source = EventSource("UploadQueue", dataclasses.replace(RULES, most_receives=2, batch_size=1))
    message = source.send("{}", 0)
    for now in (0, 960):
        assert source.receive(now - 1) == []
        assert source.receive(now) == [message]
    assert source.receive(1_920) == []
    assert source.dead == [message]
    assert source.next_at() is None


def test_a_batch_that_fails_in_part_loses_only_what_went_well():
    source = EventSource("UploadQueue", RULES)
    bad, good = source.send("bad", 0), source.send("good", 0)
    batch = source.receive(0)
    assert source.answered(batch, {"batchItemFailures": [{"itemIdentifier": bad.id}]}) == [good]
    assert source.answered(batch, None) == []
    assert source.receive(960) == [bad]
