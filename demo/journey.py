"""The steps of the demo. Each checks what it claims and fails the demo if that does not hold."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunedrop_cli import terminal_curves
from tunedrop_cli.errors import Refused
from tunedrop_cli.terminal_curves import Curve

from demo import messages
from demo.screen import Screen
from demo.surroundings import BASE_MODEL, BASE_MODEL_ID, BUILD, PATIENCE, Surroundings

DEPLOYMENT = "support-bot-prod"
HYPERPARAMETERS: Mapping[str, float] = {"epochCount": 6, "batchSize": 8, "learningRateMultiplier": 1.0}
MAX_TOKENS = 200
ENDED = {"Completed", "Failed", "Stopped"}
EXTENSIONS = ("jsonl", "jsonl.gz", "json", "json.gz", "csv", "csv.gz", "tsv", "tsv.gz", "parquet")


class DemoFailed(Exception):
    """A step did not do what it should."""


class DataRejected(DemoFailed):
    """The person's data was rejected; the demo itself works."""


def extension(path: Path) -> str:
    """The extension for the upload's key: the file's own if Tunedrop knows it, else jsonl."""
    name = path.name.lower()
    return next((known for known in EXTENSIONS if name.endswith(f".{known}")), "jsonl")


@dataclass(slots=True)
class Journey:
    """One run of the demo: its input, and what it found."""

    around: Surroundings
    screen: Screen
    dataset: str
    train: Path
    validation: Path | None
    settings: Path | None = None
    """The `dataset.toml` of data whose fields have other names."""
    summary: dict[str, Any] = field(default_factory=dict)
    notified: list[dict[str, Any]] = field(default_factory=list)

    def upload(self) -> None:
        """Upload the files to the bucket and wait for the version that holds all of them."""
        bucket = self.around.stack.outputs["DataBucketName"]
        files = {"train": self.train, "validation": self.validation}
        given = {split: path for split, path in files.items() if path is not None}
        with self.screen.step(f"Upload {' and '.join(given)} to the bucket") as say:
            s3 = self.around.client("s3")
            if self.settings:
                s3.upload_file(str(self.settings), bucket, f"incoming/{self.dataset}/dataset.toml")
                self._wait(self._known, "the dataset's settings")  # S3's events come in any order
            for split, path in given.items():
                key = f"incoming/{self.dataset}/{split}.{extension(path)}"
                s3.upload_file(str(path), bucket, key)
                self.screen.line(f"{path.name} → s3://{bucket}/{key}")
            say("S3 → EventBridge → SQS → Lambda")
            version = self._wait(lambda: self._version(given), "the dataset's version")
            self._show_version(version, bucket)

    def train_model(self) -> None:
        """Start the job through ControlApi and follow it to its end."""
        wish = {"name": DEPLOYMENT, "model_units": 1, "hours": 2}
        body = {
            "dataset": self.dataset,
            "base_model": BASE_MODEL,
            "hyperparameters": HYPERPARAMETERS,
            "deployment": wish,
        }
        with self.screen.step("Start a job: POST /jobs, signed") as say:
            job = self.around.api.post("/jobs", body, idempotency_key=f"demo-{self.dataset}")
            self.screen.fact("job", job["id"])
            self.screen.fact("in Bedrock", job["name"])
            self.screen.fact("would train", f"{job['trained_tokens']:,} tokens (estimated), {job['steps']} steps")
            job = self._wait(lambda: self._ended(job["id"], say), "the job's end")
            for entry in job["timeline"]:
                self.screen.line(f"{entry['time'][11:19]}  {entry['status']:<12} known by {entry['source']}")
            self._expect(job["status"] == "Completed", f"the job ended as {job['status']}: {job['failure']}")
            self.summary["job"] = {name: job[name] for name in ("id", "name", "arn", "status", "steps")}

    def hear(self) -> None:
        """Receive the notification that all subscribers of the topic get."""
        with self.screen.step("Receive the notification, as all subscribers of the topic do"):
            told = self._wait(lambda: self._heard("JobCompleted"), "the notification JobCompleted")
            self.screen.line(told["detail"]["summary"])
            self.screen.fact("next command", told["detail"]["next_command"])
            self.summary["notification"] = {"type": told["detail-type"], "summary": told["detail"]["summary"]}

    def plot(self) -> None:
        """Read all stored metrics and draw both curves."""
        with self.screen.step("Read the metrics: GET /jobs/{id}/metrics"):
            training, validation = self._points("training"), self._points("validation")
            self._expect(bool(training), "no training metrics were stored")
            self._expect(bool(validation) == (self.validation is not None), "validation metrics do not fit the data")
            per_epoch = len(training) / max(1, len(validation))
            held_out = [((number + 1) * per_epoch - 1, loss) for number, (_, loss) in enumerate(validation)]
            drawn = [Curve("training loss", "·", training), Curve("validation loss", "●", held_out)]
            for line in terminal_curves.draw(drawn):
                self.screen.line(line)
            if not validation:
                self.screen.line("one curve only: no validation split was given")
            self.summary["metrics"] = {"training_points": len(training), "validation_points": len(validation)}

    def deploy(self) -> None:
        """Wait for the deployment that the job asked for."""
        with self.screen.step(f"Provisioned Throughput for {DEPLOYMENT}, because the job asked for it") as say:
            deployment = self._wait(lambda: self._deployed(say), "the deployment")
            self._expect(deployment["state"] == "Ready", f"it is {deployment['state']}: {deployment['failure']}")
            for entry in deployment["history"]:
                self.screen.line(f"{entry['time'][11:19]}  {entry['state']:<12} {entry['note']}")
            self.screen.fact("arn", deployment["arn"])
            self.screen.fact("released at", deployment["expires_at"])
            self.summary["deployment"] = {
                "name": DEPLOYMENT,
                "arn": deployment["arn"],
                "states": [entry["state"] for entry in deployment["history"]],
            }

    def ask(self) -> None:
        """Ask both models the same question: the tuned one through the Messages API, the base one directly."""
        question = self._question()
        with self.screen.step("Ask both models the same question", still=True):
            key = self.around.api.post("/keys", {"name": "demo", "deployments": [DEPLOYMENT]})
            self.screen.fact("API key", f"{key['secret'][:12]}… (scope: {DEPLOYMENT})")
            self.screen.fact("question", question)
            self.screen.line("tuned, streamed by POST /v1/messages:")
            tuned = self._ask_tuned(question, key["secret"])
            self.screen.line("base model, asked directly:")
            base = self._ask_base(question)
            self.screen.line(f"  {base}")
            self._expect(bool(tuned), "the tuned model said nothing")
            self._expect(tuned != base, "the tuned model and the base model say the same")
            self.summary["answers"] = {"question": question, "tuned": tuned, "base": base}
            self.around.api.delete(f"/keys/{key['id']}")

    def give_back(self) -> None:
        """Release the throughput and check that nothing still bills."""
        with self.screen.step(f"Release it: DELETE /deployments/{DEPLOYMENT}") as say:
            self.around.api.delete(f"/deployments/{DEPLOYMENT}", now="true")
            released = self._wait(lambda: self._released(say), "the release")
            ledger = self.around.cloud.ledger()
            live = [line for line in ledger if line["kind"] == "provisioned_throughput" and line["ended_at"] is None]
            self.screen.fact("deployment", released["state"])
            self.screen.fact("still billed", f"{len(live)} throughputs, by the simulated Bedrock's own ledger")
            self._expect(not live, "a throughput is still billed")
            self.summary["deployment"]["states"] = [entry["state"] for entry in released["history"]]
            self.summary |= {"live_throughputs": len(live), "ledger": ledger}

    def _known(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.around.api.get(f"/datasets/{self.dataset}")
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return found

    def _version(self, given: Mapping[str, Path]) -> dict[str, Any] | None:
        found = self._known()
        if not found or not found["latest_version"]:
            return None
        version: dict[str, Any] = self.around.api.get(f"/datasets/{self.dataset}/versions/{found['latest_version']}")
        holds_all = all(split in version["files"] for split in given)
        return version if holds_all and version["status"] in {"accepted", "rejected"} else None

    def _show_version(self, version: dict[str, Any], bucket: str) -> None:
        reports = self.around.client("s3")
        self.screen.fact("version", f"{version['dataset']}@{version['version']}: {version['status']}")
        for preparation in version["preparations"]:
            report = json.loads(reports.get_object(Bucket=bucket, Key=preparation["report_key"])["Body"].read())
            words = f"{report['verdict']}, {report['records']} records, {preparation['tokens']:,} tokens (estimated)"
            self.screen.fact(preparation["split"], words)
            self._show_findings(report)
            self.screen.fact("report", preparation["report_key"])
        if version["status"] != "accepted":
            raise DataRejected(f"{version['dataset']}@{version['version']} was rejected; fix what the findings name")
        prepared = version["preparations"][0]["output"]["key"]
        line = next(reports.get_object(Bucket=bucket, Key=prepared)["Body"].iter_lines()).decode()
        self.screen.fact("prepared", f"{line[:100]}{'…' if len(line) > 100 else ''}")
        self.summary["dataset"] = {
            "name": version["dataset"],
            "version": version["version"],
            "verdict": version["status"],
            "records": {each["split"]: each["records"] for each in version["preparations"]},
            "report_keys": {each["split"]: each["report_key"] for each in version["preparations"]},
        }

    def _show_findings(self, report: dict[str, Any]) -> None:
        """Show how often each code was found and its first place; save the whole report beside the summary."""
        shown: set[str] = set()
        for finding in report["findings"]:
            code = finding["code"]
            if code in shown:
                continue
            shown.add(code)
            place = f"line {finding['line']}: " if finding["line"] else ""
            count = report["counts_by_code"][code]
            self.screen.line(f"  {finding['severity']} {code}, {count:,} found. {place}{finding['message']}")
            self.screen.line(f"      {finding['hint']}")
        if shown:
            path = BUILD / f"report-{report['split']}.json"
            path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
            self.screen.fact("all findings", path)

    def _ended(self, job_id: str, say: Callable[[str], None]) -> dict[str, Any] | None:
        job: dict[str, Any] = self.around.api.get(f"/jobs/{job_id}")
        say(f"job is {job['status']}")
        return job if job["status"] in ENDED else None

    def _deployed(self, say: Callable[[str], None]) -> dict[str, Any] | None:
        deployment: dict[str, Any] = self.around.api.get(f"/deployments/{DEPLOYMENT}")
        say(f"deployment is {deployment['state']}")
        return deployment if deployment["state"] in {"Ready", "Failed", "Released"} else None

    def _released(self, say: Callable[[str], None]) -> dict[str, Any] | None:
        deployment: dict[str, Any] = self.around.api.get(f"/deployments/{DEPLOYMENT}")
        say(f"deployment is {deployment['state']}")
        return deployment if deployment["state"] in {"Released", "Failed"} else None

    def _heard(self, kind: str) -> dict[str, Any] | None:
        self.notified += self.around.notifications()
        return next((told for told in self.notified if told["detail-type"] == kind), None)

    def _points(self, split: str) -> Sequence[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        cursor: str | None = None
        path = f"/jobs/{self.summary['job']['id']}/metrics"
        while True:
            page = self.around.api.get(path, split=split, **({"cursor": cursor} if cursor else {}))
            points += [(point["step"], point["loss"]) for point in page["points"] if point["loss"] is not None]
            cursor = page["cursor"]
            if cursor is None:
                return points

    def _question(self) -> str:
        """The first prompt of the prepared validation split, or of train if there is none."""
        keys = self.summary["dataset"]["report_keys"]
        report_key = keys.get("validation", keys["train"])
        bucket = self.around.stack.outputs["DataBucketName"]
        prepared = report_key.replace("reports/", "prepared/", 1).removesuffix(".json") + ".jsonl"
        lines = self.around.client("s3").get_object(Bucket=bucket, Key=prepared)["Body"].iter_lines()
        return str(json.loads(next(lines))["messages"][0]["content"])

    def _ask_tuned(self, question: str, secret: str) -> str:
        body = {"model": DEPLOYMENT, "max_tokens": MAX_TOKENS, "messages": [{"role": "user", "content": question}]}
        said = ""
        self.screen.write("      ")
        for text in messages.stream(self.around.stack.url("MessagesApiUrl"), secret, body):
            said += text
            self.screen.write(text)
        self.screen.write("\n")
        return said

    def _ask_base(self, question: str) -> str:
        body = {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": MAX_TOKENS,
            "messages": [{"role": "user", "content": question}],
        }
        runtime = self.around.client("bedrock-runtime")
        answer = json.loads(runtime.invoke_model(modelId=BASE_MODEL_ID, body=json.dumps(body))["body"].read())
        return "".join(block["text"] for block in answer["content"])

    def _wait(self, look: Callable[[], dict[str, Any] | None], what: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            time.sleep(0.25)
        raise DemoFailed(f"{what} did not come within {PATIENCE:.0f} seconds")

    @staticmethod
    def _expect(holds: bool, otherwise: str) -> None:
        if not holds:
            raise DemoFailed(otherwise)
