"""Jobs that wait for their data, and a job that starts by itself, with the roles and queues of the real template."""

from __future__ import annotations

from tests.e2e.test_journeys import prompts


def trained(traveller, job):
    """What Bedrock's ledger says of the job."""
    lines = traveller.stack.cloud.ledger()
    return [line for line in lines if line["kind"] == "customization_job" and line["tags"]["tunedrop:job"] == job["id"]]


def test_a_job_has_its_version_prepared_for_a_further_base_model(west):
    west.put("further/train.jsonl", prompts(120))
    assert west.version("further", "train")["base_models"] == ["llama-3-3-70b"]
    job = west.job(dataset="further", base_model="claude-3-haiku")
    assert job["status"] == "Completed", job["failure"]
    assert [entry["status"] for entry in job["timeline"]][:2] == ["Preparing", "Requested"]
    assert west.version("further", "train")["base_models"] == ["llama-3-3-70b", "claude-3-haiku"]
    assert len(trained(west, job)) == 1


def test_a_rejection_on_demand_ends_the_job_and_leaves_the_version_accepted(west):
    west.settle("unfit", 'base_models = ["claude-3-haiku"]\n')
    west.put("unfit/train.jsonl", prompts(40))
    assert west.version("unfit", "train", "dataset.toml")["status"] == "accepted"
    job = west.job(dataset="unfit", base_model="llama-3-1-8b")
    assert (job["status"], job["failure_code"], job["request"]) == ("Failed", "dataset_rejected", None)
    report = west.read(job["failure_details"]["reports"][0])
    assert (report["base_model"], report["verdict"]) == ("llama-3-1-8b", "rejected")
    assert west.version("unfit", "train", "dataset.toml")["status"] == "accepted"
    assert trained(west, job) == []


def test_a_dataset_starts_its_one_job_by_itself(west):
    west.settle("eager", 'base_models = ["claude-3-haiku"]\n[job]\nstart = "on_accept"\n')
    west.put("eager/train.jsonl", prompts(40))

    def look():
        jobs = [job for job in west.api.get("/jobs", limit=100)["jobs"] if job["dataset"] == "eager"]
        return jobs if jobs and jobs[0]["status"] == "Completed" else None

    (job,) = west.eventually(look)
    assert job["requested_by"] == job["owner"]
    assert job["owner"].startswith("arn:aws:cloudformation:us-west-2:")
    west.put("eager/train.jsonl", prompts(50, first=500))
    assert west.eventually(lambda: west.version("eager", "train", "dataset.toml")["version"] > 1)
    assert len([each for each in west.api.get("/jobs", limit=100)["jobs"] if each["dataset"] == "eager"]) == 1
    assert len(trained(west, job)) == 1


def test_a_version_of_joined_files_is_prepared_for_a_further_base_model_too(west):
    west.put("joined-further/train/a.jsonl", prompts(70))
    west.put("joined-further/train/b.jsonl", prompts(50, first=500))
    west.put("joined-further/train/_commit", "")
    assert west.version("joined-further", "train")["files"]["train"]["joined"] == 2
    job = west.job(dataset="joined-further", base_model="claude-3-haiku")
    assert job["status"] == "Completed", job["failure"]
    assert len(trained(west, job)) == 1
