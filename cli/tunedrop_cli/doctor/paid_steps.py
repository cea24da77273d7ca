"""`--spend`: train the sample, call the model that comes of it, give everything back. What bills by the hour: nothing.

Most steps only look at what the job shows of the facts that docs/facts.md calls unverified.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from tunedrop_cli.doctor import calls
from tunedrop_cli.doctor.fact_checks import TELL_US
from tunedrop_cli.doctor.outcomes import Missing, Outcome, attention, failed, ok
from tunedrop_cli.doctor.paid_plan import CALL_TOKENS
from tunedrop_cli.doctor.trip import ENDED, Step, Trip
from tunedrop_cli.doctor.writing import each_page, until

STARTS_WITHIN = 30 * 60.0
ENDS_WITHIN = 24 * 3600.0
READY_WITHIN = 2 * 3600.0
LISTED_WITHIN = 10 * 60.0
RELEASED_WITHIN = 30 * 60.0
PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


def job_started(trip: Trip) -> Outcome:
    """Start the job, or find the one of an earlier run: this never starts a second."""
    found = _find_job(trip)
    if found is None and trip.resumed:
        return failed(f"there is no job of {trip.name} to go on with")
    if found is None and trip.tokens > trip.most_tokens:
        return failed(f"{trip.tokens} tokens would be trained, more than the plan's {trip.most_tokens}")
    trip.job_asked = True
    trip.job = found or trip.writer.post("/jobs", _wanted(trip), key=trip.name)
    trip.say(f"job {trip.job['id']}; to go on with it later: --resume {trip.name}")
    until(
        lambda: trip.look_at_job()["arn"] or trip.job["status"] in ENDED, within=STARTS_WITHIN, what="the job's start"
    )
    if not trip.job["arn"]:
        return failed(
            f"Bedrock has no job: {trip.job['failure']}", "Please send us the report.", values=_timeline(trip)
        )
    return ok("the stack's role may create a job with tags and pass Bedrock its role", values=_timeline(trip))


def _find_job(trip: Trip) -> dict[str, Any] | None:
    jobs = each_page(trip.writer, "/jobs", "jobs")
    return next((job for job in jobs if job["dataset"] == trip.name), None)


def _wanted(trip: Trip) -> dict[str, Any]:
    deployment = {"name": trip.name, "serving": "on_demand"}
    return {
        "dataset": trip.name,
        "version": trip.version,
        "base_model": trip.base_model.name,
        "hyperparameters": {"epochCount": 1},
        "deployment": deployment,
    }


def _timeline(trip: Trip) -> dict[str, Any]:
    return {"timeline": [{name: each[name] for name in ("time", "status", "source")} for each in trip.job["timeline"]]}


def job_lists(trip: Trip) -> Outcome:
    """How soon the job is in Bedrock's list, and its tags on it."""
    name = trip.job["name"]

    def in_list() -> bool:
        answer = trip.writer.ask("bedrock", "list_model_customization_jobs", nameContains=name)
        return any(each["jobName"] == name for each in answer["modelCustomizationJobSummaries"])

    def has_tags() -> bool:
        try:
            answer = trip.writer.ask("bedrock", "list_tags_for_resource", resourceARN=trip.job["arn"])
        except Missing:
            return False
        return any(tag["key"] == "tunedrop:job" for tag in answer["tags"])

    until(in_list, within=LISTED_WITHIN, what="the job in Bedrock's list")
    until(has_tags, within=LISTED_WITHIN, what="the job's tags")
    return ok("the job is in Bedrock's list, with its tags")


def job_ended(trip: Trip) -> Outcome:
    """Wait for the end of the training."""
    trip.say("training, which takes hours on AWS; Ctrl-C stops it and gives everything back")
    until(lambda: trip.look_at_job()["status"] in ENDED, within=ENDS_WITHIN, what="the job's end")
    values = _timeline(trip) | {"failure_code": trip.job["failure_code"]}
    if trip.job["status"] != "Completed":
        return failed(f"the job ended {trip.job['status']}: {trip.job['failure']}", TELL_US, values=values)
    return ok("the job completed", values=values)


def _job_in_bedrock(trip: Trip) -> dict[str, Any]:
    return dict(trip.writer.ask("bedrock", "get_model_customization_job", jobIdentifier=trip.job["arn"]))


def job_phases(trip: Trip) -> Outcome:
    """Whether Bedrock shows the phases of a fine-tuning job, validation of the data first."""
    details = _job_in_bedrock(trip).get("statusDetails", {})
    shown = {phase: details[phase] for phase in PHASES if phase in details}
    values = {"phases": shown}
    if len(shown) < len(PHASES):
        missing = ", ".join(set(PHASES) - set(shown))
        return attention(f"Bedrock does not show all phases: no {missing}", TELL_US, values=values)
    return ok("Bedrock judges data, processes it and trains inside the job, and shows each phase", values=values)


def job_time(trip: Trip) -> Outcome:
    """How long the job took."""
    job = _job_in_bedrock(trip)
    took = job["endTime"] - job["creationTime"]
    return ok(f"the job took {took}", values={"seconds": took.total_seconds()})


def job_hyperparameters(trip: Trip) -> Outcome:
    """Whether Bedrock took the hyperparameters as they were sent: the lower bound of epochCount, plain decimals."""
    sent, took = trip.job["hyperparameters"], _job_in_bedrock(trip).get("hyperParameters", {})
    values = {"sent": sent, "took": took}
    if other := [name for name, value in sent.items() if name not in took or float(took[name]) != float(value)]:
        return attention(f"Bedrock shows others: {', '.join(other)}", TELL_US, values=values)
    return ok("Bedrock took the hyperparameters as sent", values=values)


def job_events(trip: Trip) -> Outcome:
    """Of which states Bedrock sent an event, and of which only a look told."""
    sources = {each["status"]: each["source"] for each in trip.job["timeline"] if each["source"] != "request"}
    values = {"sources": sources}
    if "event" not in sources.values():
        advice = "Events are best effort; please send us the report."
        return attention("no event of Bedrock's came first: reconcile found everything", advice, values=values)
    words = ", ".join(f"{status} by {source}" for status, source in sources.items())
    return ok(f"known: {words}", values=values)


def job_metrics(trip: Trip) -> Outcome:
    """Whether Bedrock's metrics have a point for each step."""
    points = until(lambda: trip.look_at_job()["metric_points"], within=LISTED_WITHIN, what="the job's metrics")
    values = {"points": points, "steps": trip.job["steps"]}
    if points.get("training") != trip.job["steps"]:
        return attention("as many points of training as steps were expected", TELL_US, values=values)
    return ok("the metrics have one point a step", values=values)


def stop_after_end(trip: Trip) -> Outcome:
    """What Bedrock says to the stop of a job that has ended: nothing changes by it."""
    try:
        trip.writer.act("bedrock", "stop_model_customization_job", jobIdentifier=trip.job["arn"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        values = {"code": code}
        if code in {"ConflictException", "ValidationException"}:
            return ok(f"stopping a job that has ended gives {code}", values=values)
        return attention(f"stopping a job that has ended gives {code}", TELL_US, values=values)
    return attention("stopping a job that has ended gives no error", TELL_US)


def _look_at_deployment(trip: Trip) -> str:
    """The state of the deployment; empty while there is none."""
    try:
        trip.deployment = trip.writer.get(f"/deployments/{trip.name}")
    except Missing:
        return ""
    return str(trip.deployment["state"])


def deployment_ready(trip: Trip) -> Outcome:
    """Wait for the deployment that the job asked for."""
    settled = {"Ready", "Failed", "Released"}
    until(lambda: _look_at_deployment(trip) in settled, within=READY_WITHIN, what="the deployment")
    history = [{name: each[name] for name in ("time", "state")} for each in trip.deployment["history"]]
    if trip.deployment["state"] != "Ready":
        seen = f"the deployment is {trip.deployment['state']}: {trip.deployment['failure']}"
        return failed(seen, TELL_US, values={"history": history})
    times = [datetime.fromisoformat(each["time"]) for each in history]
    return ok(f"deployed on demand in {times[-1] - times[0]}", values={"history": history})


def answer(trip: Trip) -> Outcome:
    """Call the model, in one piece: a key, a role bounded by tags, a model that may have to be loaded."""
    trip.key = trip.writer.post("/keys", calls.key_for(trip.name))
    called = calls.whole(trip.writer.messages_url(), trip.key["secret"], trip.name, CALL_TOKENS // 4)
    values = {"status": called.status, "seconds": called.seconds, "error": called.error}
    if called.status != 200:
        return failed(f"POST /v1/messages answers {called.status}: {called.error}", TELL_US, values=values)
    return ok(f"the model answered in {called.seconds:.1f} s", values=values)


def stream(trip: Trip) -> Outcome:
    """Whether a streamed answer arrives in pieces."""
    called = calls.streamed(trip.writer.messages_url(), trip.key["secret"], trip.name, CALL_TOKENS // 4)
    values = {"status": called.status, "pieces": called.arrivals, "headers": called.headers}
    if called.status != 200:
        advice = "Deploy with MessagesResponse=BUFFERED, and send us the report."
        return failed(f"a streamed call answers {called.status}: {called.error}", advice, "make deploy", values=values)
    if len(called.arrivals) < 2 or called.arrivals[0] == called.arrivals[-1]:
        return attention("a streamed answer arrived in one piece", TELL_US, values=values)
    spread = called.arrivals[-1] - called.arrivals[0]
    return ok(f"{len(called.arrivals)} pieces arrived over {spread:.3f} s", values=values)


def released(trip: Trip) -> Outcome:
    """End what may cost: the job if it still runs, and the deployment."""
    if trip.job_asked and not trip.job:
        trip.job = _find_job(trip) or {}
    if trip.job and trip.job["status"] not in ENDED:
        trip.writer.post(f"/jobs/{trip.job['id']}/stop", {}, key=f"{trip.name}-stop")
        until(lambda: trip.look_at_job()["status"] in ENDED, within=RELEASED_WITHIN, what="the job's stop")
    if _look_at_deployment(trip) in {"", "Failed", "Released"}:
        return ok("there is no deployment to release")
    trip.writer.delete(f"/deployments/{trip.name}", now="true")
    gone = {"Failed", "Released"}
    until(lambda: _look_at_deployment(trip) in gone, within=RELEASED_WITHIN, what="the release")
    return ok("the deployment is released")


def key_revoked(trip: Trip) -> Outcome:
    """Revoke the key of the calls, which would end by itself in hours."""
    if not trip.key:
        return ok("there is no key to revoke")
    trip.writer.delete(f"/keys/{trip.key['id']}")
    return ok("the key is revoked")


def model_deleted(trip: Trip) -> Outcome:
    """Delete the custom model, with the person's own credentials: no role of the stack may."""
    arn = trip.job.get("model_arn")
    if not arn:
        return ok("there is no custom model to delete")
    trip.writer.act("bedrock", "delete_custom_model", modelIdentifier=arn)
    trip.model_deleted = True
    return ok("the custom model is deleted")


PAYING = (
    Step("job-started", job_started, needed=True),
    Step("job-lists", job_lists),
    Step("job-ended", job_ended, needed=True),
    Step("job-phases", job_phases),
    Step("job-time", job_time),
    Step("job-hyperparameters", job_hyperparameters),
    Step("job-events", job_events),
    Step("job-metrics", job_metrics),
    Step("stop-after-end", stop_after_end),
    Step("deployment-ready", deployment_ready, needed=True),
    Step("answer", answer),
    Step("stream", stream),
)
RELEASING = (
    Step("released", released, last=True),
    Step("key-revoked", key_revoked, last=True),
    Step("model-deleted", model_deleted, last=True),
)
