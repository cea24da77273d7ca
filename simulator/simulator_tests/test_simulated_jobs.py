"""Customization jobs of the simulated service: creation, phases, data errors, stop, artefacts, events."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bedrock_simulator import Durations, Lifecycle, MemoryObjects, ObjectsError, Quotas
from simulator_tests.laboratory import HAIKU, Lab, Refused, haiku_line, llama_line, nova_line

TRAINING_CSV = "training_artifacts/step_wise_training_metrics.csv"


def statuses(job):
    return tuple(
        job["statusDetails"][f"{name}Details"]["status"] for name in ("validation", "dataProcessing", "training")
    )


def test_a_job_goes_through_its_phases_and_makes_a_model(lab):
    arn = lab.start()
    seen = []
    for seconds in (179, 1, 420, 9_000):
        job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
        seen.append((job["status"], *statuses(job)))
        assert "outputModelArn" not in job
        lab.advance(seconds)
    done = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")
    assert seen == [
        ("InProgress", "InProgress", "NotStarted", "NotStarted"),
        ("InProgress", "InProgress", "NotStarted", "NotStarted"),
        ("InProgress", "Completed", "InProgress", "NotStarted"),
        ("InProgress", "Completed", "Completed", "InProgress"),
    ]
    assert (done["status"], *statuses(done)) == ("Completed",) * 4
    assert done["endTime"] == "2026-11-22T14:40:00.000Z"
    assert done["outputModelArn"].startswith(f"arn:aws:bedrock:us-west-2:123456789012:custom-model/{HAIKU}/")
    assert lab.ask("GetCustomModel", modelIdentifier="model-1")["modelArn"] == done["outputModelArn"]


def test_all_that_fell_due_during_a_long_sleep_happens_at_its_own_time(lab):
    lab.start()
    lab.clock.advance(1_000_000)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")
    assert job["statusDetails"]["trainingDetails"]["creationTime"] == "2026-11-22T12:10:00.000Z"
    assert job["endTime"] == "2026-11-22T14:40:00.000Z"


def test_get_names_validation_data_even_when_none_was_given(lab):
    lab.start()
    assert lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")["validationDataConfig"] == {"validators": []}


def test_the_same_token_is_the_same_job(lab):
    first = lab.start(clientRequestToken="token-1")
    again = lab.start(clientRequestToken="token-1", jobName="job-2", customModelName="model-2")
    assert again == first
    assert len(lab.simulator.ledger()) == 1


def test_without_a_token_two_calls_are_two_jobs(lab):
    lab.start()
    lab.start(jobName="job-2", customModelName="model-2")
    assert len(lab.simulator.ledger()) == 2


@pytest.mark.parametrize("code", ["ValidationException", "ConflictException"])
def test_a_job_name_is_used_up_for_ever(new_lab, code):
    lab = new_lab(name_in_use_code=code)
    lab.train()
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job(customModelName="other"))
    assert (refused.code, refused.status) == (code, 400)
    assert refused.message == "The provided job name is currently in use."


def test_the_name_of_a_model_to_come_is_taken_already(lab):
    lab.start()
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job(jobName="job-2"))
    assert "model name" in refused.message


def test_another_region_or_account_is_another_world(lab):
    lab.put("nova.jsonl", nova_line, 8)
    nova = {
        "baseModelIdentifier": "amazon.nova-micro-v1:0:128k",
        "trainingDataConfig": {"s3Uri": "s3://data/nova.jsonl"},
    }
    lab.start()
    lab.start(region="us-east-1", **nova)
    lab.start(account="210987654321", roleArn="arn:aws:iam::210987654321:role/r")
    assert [len(lab.ask("ListModelCustomizationJobs", region=r)["modelCustomizationJobSummaries"])
            for r in ("us-west-2", "us-east-1")] == [1, 1]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hyperParameters": {"learningRateMultiplier": "0.05"}}, "between 0.1 and 2"),
        ({"hyperParameters": {"epochCount": "11"}}, "between 1 and 10"),
        ({"hyperParameters": {"epochCount": "2.5"}}, "integer"),
        ({"hyperParameters": {"earlyStoppingThreshold": "nan"}}, "between 0 and 0.1"),
        ({"hyperParameters": {"learningRateMultiplier": "fast"}}, "must be a number"),
        ({"hyperParameters": {"learningRate": "1"}}, "Unsupported hyperparameter: learningRate"),
        ({"baseModelIdentifier": "anthropic.claude-3-haiku-20240307-v1:0"}, "model identifier is invalid"),
        ({"baseModelIdentifier": "amazon.nova-lite-v1:0:300k"}, "model identifier is invalid"),
        ({"roleArn": "arn:aws:iam::999999999999:role/r"}, "Could not assume"),
        ({"customizationType": "DISTILLATION"}, "customization type"),
        ({"trainingDataConfig": {}}, "s3Uri"),
        ({"outputDataConfig": {"s3Uri": "s3://data/dt=2026/"}}, "regular expression"),
        ({"jobName": "under_score"}, "regular expression"),
        ({"customModelName": "double--dash"}, "regular expression"),
        ({"customizationType": "MAGIC"}, "enum value set"),
        ({"jobName": "x" * 64}, "less than or equal to 63"),
    ],
)
def test_what_create_refuses_makes_nothing(lab, changes, words):
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job(**changes))
    assert (refused.code, refused.status) == ("ValidationException", 400)
    assert words in refused.message
    assert lab.simulator.ledger() == ()
    assert lab.simulator.run_due() is None


def test_scheduled_jobs_have_a_quota(new_lab):
    lab = new_lab(quotas=Quotas(scheduled_jobs=1))
    lab.start()
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job(jobName="job-2", customModelName="model-2"))
    assert (refused.code, refused.status) == ("ServiceQuotaExceededException", 400)


def test_custom_models_have_a_quota_that_counts_those_to_come(new_lab):
    lab = new_lab(quotas=Quotas(custom_models=2))
    lab.train()
    lab.start(jobName="job-2", customModelName="model-2")
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job(jobName="job-3", customModelName="model-3"))
    assert (refused.code, "custom models" in refused.message) == ("ServiceQuotaExceededException", True)


def test_more_than_fifty_tags_are_too_many(lab):
    tags = [{"key": f"k{i}", "value": "v"} for i in range(51)]
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job(jobTags=tags))
    assert refused.code == "TooManyTagsException"
    assert lab.simulator.ledger() == ()


def test_a_legacy_base_model_takes_no_new_job(lab):
    lab.reconfigure(lifecycle={"anthropic.claude-3-haiku-20240307-v1:0": Lifecycle("LEGACY")})
    refused = lab.refusal("CreateModelCustomizationJob", **lab.job())
    assert refused.code == "ValidationException"
    assert "Legacy" in refused.message


def test_a_base_model_past_its_end_of_life_is_gone(lab):
    end = datetime(2026, 9, 10, tzinfo=UTC)
    lab.reconfigure(lifecycle={HAIKU: Lifecycle("LEGACY", end_of_life=end)})
    assert lab.refusal("CreateModelCustomizationJob", **lab.job()).code == "ResourceNotFoundException"


def failed(lab, arn):
    lab.advance(180)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert job["status"] == "Failed"
    assert job["statusDetails"]["validationDetails"]["status"] == "Failed"
    assert "endTime" in job
    return job["failureMessage"]


def test_bad_data_fail_the_job_and_name_the_line(lab):
    lab.objects.stored["s3://data/train.jsonl"] += b'\n{"messages": []}'
    message = failed(lab, lab.start())
    assert "s3://data/train.jsonl, line 65: at least two messages" in message
    assert lab.events[-1].detail["failureMessage"] == message
    assert lab.simulator.ledger()[0].trained_tokens == 0


def test_too_few_records_fail_the_job(lab):
    lab.put("train.jsonl", haiku_line, 31)
    assert "Found 31 records, but at least 32" in failed(lab, lab.start())


def test_the_sum_of_records_has_a_quota(new_lab):
    lab = new_lab(quotas=Quotas(records_per_job=90))
    validation = {"validators": [{"s3Uri": lab.put("validation.jsonl", haiku_line, 32)}]}
    message = failed(lab, lab.start(validationDataConfig=validation))
    assert "Found 96 training and validation records, but at most 90" in message


def test_llama_counts_both_files_towards_its_minimum(lab):
    llama = {"baseModelIdentifier": "meta.llama3-1-8b-instruct-v1:0:128k"}
    lab.put("train.jsonl", llama_line, 70)
    validation = {"validators": [{"s3Uri": lab.put("validation.jsonl", llama_line, 30)}]}
    assert "Found 70 records" in failed(lab, lab.start(**llama))
    arn = lab.start(**llama, jobName="job-2", customModelName="model-2", validationDataConfig=validation)
    lab.advance(20_000)
    assert lab.ask("GetModelCustomizationJob", jobIdentifier=arn)["status"] == "Completed"


def test_a_missing_object_fails_the_job(lab):
    arn = lab.start(trainingDataConfig={"s3Uri": "s3://data/nothing.jsonl"})
    assert "NoSuchKey" in failed(lab, arn)


class ReadOnlyObjects(MemoryObjects):
    def write(self, uri, data, **_):
        raise ObjectsError(f"AccessDenied: not authorized to perform s3:PutObject on {uri}")


def test_a_service_role_without_rights_fails_the_job():
    lab = Lab(objects=ReadOnlyObjects())
    arn = lab.start()
    lab.advance(20_000)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert (job["status"], "outputModelArn" in job) == ("Failed", False)
    assert "AccessDenied" in job["failureMessage"]
    assert lab.ask("ListCustomModels")["modelSummaries"] == []


def test_data_that_vanish_after_their_validation_fail_the_job(lab):
    arn = lab.start()
    lab.advance(180)
    lab.objects.stored.clear()
    lab.advance(420)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert (job["status"], statuses(job)) == ("Failed", ("Completed", "Failed", "NotStarted"))
    assert job["failureMessage"].startswith("Data processing failed: NoSuchKey")


class StoppingObjects(MemoryObjects):
    """Somebody stops the job while it reads its data."""

    lab: Lab

    def read(self, uri, **where):
        self.lab.ask("StopModelCustomizationJob", jobIdentifier=where["job_arn"])
        return super().read(uri, **where)


def test_a_job_that_is_stopped_while_it_reads_stays_stopped():
    lab = Lab(objects=StoppingObjects())
    lab.objects.lab = lab
    arn = lab.start()
    lab.advance(180)
    lab.advance(60)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert (job["status"], statuses(job)) == ("Stopped", ("Stopped", "NotStarted", "NotStarted"))
    assert [event.detail["jobStatus"] for event in lab.events] == ["InProgress", "Stopping", "Stopped"]


def test_nova_takes_only_jsonl_files(lab):
    lab.put("nova.json", nova_line, 8)
    arn = lab.start(region="us-east-1", baseModelIdentifier="amazon.nova-lite-v1:0:300k",
                    trainingDataConfig={"s3Uri": "s3://data/nova.json"})  # fmt: skip
    lab.advance(180)
    job = lab.ask("GetModelCustomizationJob", region="us-east-1", jobIdentifier=arn)
    assert "file name" in job["failureMessage"]


def test_nova_2_lite_takes_no_validation_data(lab):
    wish = lab.job(baseModelIdentifier="amazon.nova-2-lite-v1:0:256k", region="us-east-1",
                   validationDataConfig={"validators": [{"s3Uri": "s3://data/v.jsonl"}]})  # fmt: skip
    assert "not supported" in lab.refusal("CreateModelCustomizationJob", **wish).message


def rows(lab, job_id, path):
    text = lab.objects.stored[f"s3://data/out/model-customization-job-{job_id}/{path}"].decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_metrics_lie_where_the_service_puts_them(lab):
    validation = {"validators": [{"s3Uri": lab.put("validation.jsonl", haiku_line, 32)}]}
    arn = lab.start(validationDataConfig=validation, hyperParameters={"epochCount": "3", "batchSize": "10"})
    lab.advance(20_000)
    job_id = arn.rpartition("/")[2]
    training = rows(lab, job_id, TRAINING_CSV)
    checks = rows(lab, job_id, "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv")
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert list(training[0]) == ["step_number", "epoch_number", "training_loss", "perplexity"]
    assert [row["step_number"] for row in training] == [str(i) for i in range(21)]
    assert [(row["step_number"], row["epoch_number"]) for row in checks] == [("6", "0"), ("13", "1"), ("20", "2")]
    assert job["trainingMetrics"]["trainingLoss"] == float(training[-1]["training_loss"])
    assert job["validationMetrics"] == [{"validationLoss": float(checks[-1]["validation_loss"])}]


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("nested", "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"),
        ("flat", "validation_artifacts/validation_metrics.csv"),
    ],
)
def test_the_place_of_the_validation_metrics_can_be_chosen(new_lab, layout, path):
    lab = new_lab(validation_layout=layout)
    validation = {"validators": [{"s3Uri": lab.put("validation.jsonl", haiku_line, 32)}]}
    arn = lab.start(validationDataConfig=validation)
    lab.advance(20_000)
    assert rows(lab, arn.rpartition("/")[2], path)


def test_without_validation_data_there_are_no_validation_metrics(lab):
    lab.train()
    assert [key.rpartition("/")[2] for key in lab.objects.stored if "/out/" in key] == [
        "step_wise_training_metrics.csv"
    ]


def test_events_have_the_shape_of_the_service(lab):
    validation = {"validators": [{"s3Uri": lab.put("validation.jsonl", haiku_line, 32)}]}
    arn = lab.start(validationDataConfig=validation, hyperParameters={"epochCount": "1"})
    lab.advance(20_000)
    first, last = lab.events
    assert (first.source, first.detail_type) == ("aws.bedrock", "Model Customization Job State Change")
    assert (first.resources, first.account, first.region) == ((arn,), "123456789012", "us-west-2")
    assert [event.detail["jobStatus"] for event in lab.events] == ["InProgress", "Completed"]
    assert {"status", "outputModelArn", "endTime", "failureMessage"}.isdisjoint(first.detail)
    assert last.detail == first.detail | {
        "jobStatus": "Completed",
        "outputModelArn": lab.ask("GetCustomModel", modelIdentifier="model-1")["modelArn"],
        "lastModifiedTime": "2026-11-22T14:40:00Z",
        "endTime": "2026-11-22T14:40:00Z",
    }
    assert last.detail["validationDataConfig"] == {"s3Uri": "s3://data/validation.jsonl"}
    assert last.detail["creationTime"] == "2026-11-22T12:00:00Z"


def test_the_event_at_the_start_can_be_left_out(new_lab):
    lab = new_lab(announces_start=False)
    lab.train()
    assert [event.detail["jobStatus"] for event in lab.events] == ["Completed"]


def test_a_stopped_job_is_charged_for_what_was_trained_and_makes_no_model(lab):
    arn = lab.start(hyperParameters={"epochCount": "4"})
    lab.advance(600 + 2_250)  # a quarter of the training
    lab.ask("StopModelCustomizationJob", jobIdentifier=arn)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert (job["status"], *statuses(job)) == ("Stopping", "Completed", "Completed", "Stopping")
    assert lab.refusal("StopModelCustomizationJob", jobIdentifier=arn).code == "ConflictException"
    lab.advance(20_000)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert (job["status"], *statuses(job)) == ("Stopped", "Completed", "Completed", "Stopped")
    assert [event.detail["jobStatus"] for event in lab.events] == ["InProgress", "Stopping", "Stopped"]
    assert lab.ask("ListCustomModels")["modelSummaries"] == []
    assert "outputModelArn" not in job
    stopped = lab.simulator.ledger()[0].trained_tokens
    lab.start(jobName="whole", customModelName="whole", hyperParameters={"epochCount": "4"})
    lab.advance(20_000)
    whole = lab.simulator.ledger()[1].trained_tokens
    assert stopped == pytest.approx(whole / 4, abs=1)


def test_a_job_stopped_during_validation_costs_nothing(lab):
    arn = lab.start()
    lab.ask("StopModelCustomizationJob", jobIdentifier=arn)
    lab.advance(60)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier=arn)
    assert (job["status"], *statuses(job)) == ("Stopped", "Stopped", "NotStarted", "NotStarted")
    assert lab.simulator.ledger()[0].trained_tokens == 0


def test_a_finished_job_can_not_be_stopped(lab):
    lab.train()
    assert lab.refusal("StopModelCustomizationJob", jobIdentifier="job-1").code == "ConflictException"


def test_trained_tokens_are_the_corpus_times_the_epochs_that_ran(lab):
    lab.train(hyperParameters={"epochCount": "1"})
    lab.train(jobName="job-2", customModelName="model-2", hyperParameters={"epochCount": "5"})
    one, _, five, _ = lab.simulator.ledger()
    assert five.trained_tokens == 5 * one.trained_tokens > 0


def test_early_stopping_spares_tokens(lab):
    validation = {"validators": [{"s3Uri": lab.put("validation.jsonl", haiku_line, 32)}]}
    stopping = {"epochCount": "10", "earlyStoppingThreshold": "0.1", "earlyStoppingPatience": "1"}
    lab.train(hyperParameters={"epochCount": "10"})
    lab.train(jobName="b", customModelName="b", hyperParameters=stopping, validationDataConfig=validation)
    whole, _, spared, _ = lab.simulator.ledger()
    assert spared.trained_tokens < whole.trained_tokens


def test_a_custom_model_can_be_trained_further(lab):
    first = lab.train()
    lab.put("more.jsonl", lambda i: haiku_line(i + 500), 32)
    more = {"jobName": "job-2", "customModelName": "model-2", "trainingDataConfig": {"s3Uri": "s3://data/more.jsonl"}}
    lab.train(baseModelIdentifier=first, **more)
    model = lab.ask("GetCustomModel", modelIdentifier="model-2")
    assert model["baseModelArn"] == first
    lab.buy(modelId="model-2")
    lab.advance(1_500)
    arn = lab.ask("GetProvisionedModelThroughput", provisionedModelId="capacity-1")["provisionedModelArn"]
    for device in (7, 507):
        answer = lab.ask(
            "Converse", modelId=arn, messages=[{"role": "user", "content": [{"text": f"reset device {device}"}]}]
        )
        assert f"device {device} " in answer["output"]["message"]["content"][0]["text"]


def test_jobs_are_listed_by_pages_the_newest_first(lab):
    for index in range(5):
        lab.start(jobName=f"job-{index}", customModelName=f"model-{index}")
        lab.clock.advance(1)
    names, token = [], {}
    for _ in range(3):
        page = lab.ask("ListModelCustomizationJobs", maxResults=2, **token)
        names += [summary["jobName"] for summary in page["modelCustomizationJobSummaries"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    assert names == ["job-4", "job-3", "job-2", "job-1", "job-0"]
    assert token == {}


def test_a_page_goes_on_where_the_last_one_ended_although_new_jobs_came(lab):
    for index in range(3):
        lab.start(jobName=f"job-{index}", customModelName=f"model-{index}")
        lab.clock.advance(1)
    first = lab.ask("ListModelCustomizationJobs", maxResults=1)
    lab.start(jobName="late", customModelName="late")
    second = lab.ask("ListModelCustomizationJobs", maxResults=1, nextToken=first["nextToken"])
    assert [page["modelCustomizationJobSummaries"][0]["jobName"] for page in (first, second)] == ["job-2", "job-1"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"nameContains": "b-1"}, ["job-1"]),
        ({"statusEquals": "Failed"}, []),
        ({"statusEquals": "InProgress", "sortOrder": "Ascending"}, ["job-0", "job-1"]),
        ({"creationTimeAfter": datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)}, ["job-1"]),
        ({"creationTimeBefore": datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)}, ["job-0"]),
    ],
)
def test_jobs_are_filtered(lab, filters, names):
    for index in range(2):
        lab.start(jobName=f"job-{index}", customModelName=f"model-{index}")
        lab.clock.advance(10)
    found = lab.ask("ListModelCustomizationJobs", **filters)["modelCustomizationJobSummaries"]
    assert [summary["jobName"] for summary in found] == names


def test_a_token_that_was_never_given_out_is_refused(lab):
    assert lab.refusal("ListModelCustomizationJobs", nextToken="bogus").code == "ValidationException"


def test_an_unknown_job_is_not_found(lab):
    refused = lab.refusal("GetModelCustomizationJob", jobIdentifier="nobody")
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)


def test_a_key_id_is_shown_as_the_arn_of_the_key(lab):
    key = "11111111-2222-3333-4444-555555555555"
    lab.start(customModelKmsKeyId=key)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")
    assert job["outputModelKmsKeyArn"] == f"arn:aws:kms:us-west-2:123456789012:key/{key}"


def test_the_time_scale_divides_durations_but_not_timestamps(new_lab):
    lab = new_lab(time_scale=100)
    lab.start()
    assert lab.simulator.run_due() == pytest.approx(1.8)
    lab.clock.advance(96)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")
    assert (job["status"], job["endTime"]) == ("Completed", "2026-11-22T12:01:36.000Z")


def test_durations_can_be_chosen(new_lab):
    lab = new_lab(durations=replace(Durations(), validation=1, data_processing=1, training=1))
    lab.start()
    lab.advance(3)
    assert lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")["status"] == "Completed"


def test_a_refusal_reaches_the_caller_as_the_service_words_it(lab):
    with pytest.raises(
        Refused, match="1 validation error detected: Value 'a_b' at 'jobName' failed to satisfy constraint"
    ):
        lab.ask("CreateModelCustomizationJob", **lab.job(jobName="a_b"))
