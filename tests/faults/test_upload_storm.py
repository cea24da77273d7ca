"""A bounded part of B1, and whether its judge sees what it should."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from tests.faults import upload_histories
from tests.faults.event_source import EventSource, Rules, deployed_rules
from tests.faults.storm_proof import blown, summary
from tests.faults.upload_histories import Histories
from tests.faults.upload_storm import Aftermath, aftermath

RULES = Rules(visibility_seconds=960, most_receives=5, batch_size=10, most_at_once=3, partial_failures=True)


@pytest.fixture(scope="module")
def left() -> Aftermath:
    return aftermath(1, 100, RULES)


def test_nothing_is_lost_doubled_or_stale_after_a_storm_of_uploads(left):
    assert upload_histories.judge(left.before).against() == []
    assert upload_histories.judge(left.after).against() == []
    assert left.interleaved > 30
    assert left.troubles


def test_a_storm_in_the_templates_own_batches_is_summed_up_without_objection():
    rules = deployed_rules("UploadQueue")
    assert (rules.batch_size, rules.most_receives) == (1, 5)
    proof = summary([blown(rules, 2, 60)])
    assert proof.objections == []
    assert "lost 0" in proof.figures


def tampered(left: Aftermath, **changes) -> upload_histories.Tally:
    return upload_histories.judge(dataclasses.replace(left.before, **changes))


def final_reports(histories: Histories) -> list[upload_histories.StoredObject]:
    return [each for each in histories.objects if each.report]


def test_the_judge_misses_no_upload_whose_reports_are_gone(left):
    told = [each for each in left.before.told if each.code]
    assert tampered(left, objects=[], told=told).lost


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
