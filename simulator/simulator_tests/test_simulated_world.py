"""The world as a whole: faults at its border, restarts, hosts that call back, several threads."""

import threading

import pytest
from bedrock_simulator import (
    DirectoryObjects,
    Fault,
    FaultyDoor,
    MemoryObjects,
    ObjectsError,
    Simulator,
    SteppedClock,
)
from simulator_tests.laboratory import Lab, haiku_line, nova_line
from simulator_tests.waiting import PATIENCE

WHERE = {"role_arn": "r", "job_arn": "j", "account": "1", "region": "us-west-2"}
CAPACITY = {"provisionedModelName": "c", "modelId": "model-1", "modelUnits": 1}


def test_a_lost_answer_took_effect(lab):
    lab.train()
    lab.door.add(Fault("CreateProvisionedModelThroughput", nth=2))
    first = lab.send("CreateProvisionedModelThroughput", **CAPACITY, clientRequestToken="t1")
    second = lab.send("CreateProvisionedModelThroughput", **CAPACITY | {"provisionedModelName": "d"})
    third = lab.send("CreateProvisionedModelThroughput", **CAPACITY, clientRequestToken="t1")
    assert [response.lost for response in (first, second, third)] == [False, True, False]
    assert first.body == third.body
    assert [e.name for e in lab.simulator.ledger() if e.kind == "provisioned_throughput"] == ["c", "d"]


def test_rules_and_counts_can_be_cleared(lab):
    door = FaultyDoor(lab.simulator, [Fault("ListCustomModels"), Fault("ListCustomModels", nth=2)])
    request = lab.request("ListCustomModels")
    assert door.handle(request).lost
    door.clear()
    assert not door.handle(request).lost
    assert door.calls("ListCustomModels") == 1


def everything_in_flight(lab):
    """A world with a job in each phase, capacity and a deployment on their way, tokens and tags."""
    model = lab.train(clientRequestToken="t0")
    lab.put("nova.jsonl", nova_line, 8)
    east = {"region": "us-east-1", "baseModelIdentifier": "amazon.nova-micro-v1:0:128k",
            "trainingDataConfig": {"s3Uri": "s3://data/nova.jsonl"}}  # fmt: skip
    lab.deploy(lab.train(**east), region="us-east-1", tags=[{"key": "a", "value": "b"}])
    lab.start(jobName="training", customModelName="training")
    lab.advance(700)
    lab.start(jobName="stopping", customModelName="stopping")
    lab.ask("StopModelCustomizationJob", jobIdentifier="stopping")
    lab.buy(modelId=model, commitmentDuration="OneMonth", clientRequestToken="t1")
    lab.start(jobName="validating", customModelName="validating")


def observed(simulator, lab):
    lab.door = FaultyDoor(simulator)
    found = [lab.ask(f"List{things}", region=region) for region in ("us-west-2", "us-east-1") for things in (
        "ModelCustomizationJobs", "CustomModels", "ProvisionedModelThroughputs", "CustomModelDeployments")]  # fmt: skip
    return found, simulator.ledger(), simulator.snapshot()


def test_a_restart_changes_nothing_then_or_later(lab):
    everything_in_flight(lab)
    restarted = lab.new_simulator()
    restarted.restore(lab.simulator.snapshot())
    assert observed(restarted, lab) == observed(lab.simulator, lab)
    lab.clock.advance(100_000)
    before, lab.events = list(lab.events), lab.events
    later = observed(lab.simulator, lab)
    told = lab.events[len(before) :]
    lab.events.clear()
    assert observed(restarted, lab) == later
    assert lab.events == told != []
    jobs = later[0][0]["modelCustomizationJobSummaries"]
    assert {job["jobName"]: job["status"] for job in jobs} == {
        "job-1": "Completed", "training": "Completed", "stopping": "Stopped", "validating": "Completed"
    }  # fmt: skip


def test_after_a_restart_a_token_still_buys_once_and_a_model_still_answers(lab):
    lab.train()
    bought = lab.buy(clientRequestToken="t1")
    restarted = lab.new_simulator()
    restarted.restore(lab.simulator.snapshot())
    lab.door = FaultyDoor(restarted)
    assert lab.buy(clientRequestToken="t1") == bought
    lab.clock.advance(1_500)
    turns = [{"role": "user", "content": [{"text": "How do I reset device 5?"}]}]
    answer = lab.ask("Converse", modelId=bought, messages=turns)["output"]["message"]["content"][0]["text"]
    assert "device 5" in answer


@pytest.mark.parametrize("data", [b'{"schema": 0}', b"{}", b"no json"])
def test_a_foreign_snapshot_is_refused(lab, data):
    with pytest.raises(ValueError, match=r"."):
        lab.simulator.restore(data)


def test_run_due_tells_when_to_come_back(lab):
    assert lab.simulator.run_due() is None
    lab.start()
    assert lab.simulator.run_due() == 180
    lab.clock.advance(100)
    assert lab.simulator.run_due() == 80
    lab.clock.advance(80)
    assert lab.simulator.run_due() == 420


def test_a_host_may_call_back_while_it_is_told_an_event():
    lab, seen = Lab(), []

    def publish(event):
        seen.append(lab.ask("GetModelCustomizationJob", jobIdentifier=event.detail["jobArn"])["status"])

    lab.simulator = Simulator(objects=lab.objects, publish=publish, clock=lab.clock)
    lab.door = FaultyDoor(lab.simulator)
    lab.train()
    assert seen == ["InProgress", "Completed"]


class CallingObjects(MemoryObjects):
    """Asks the simulator something from another thread while it waits for an object."""

    def __init__(self, lab=None):
        super().__init__()
        self.lab, self.answers, self.waits = lab, [], []

    def read(self, uri, **where):
        thread = threading.Thread(target=self._ask)
        thread.start()
        thread.join(timeout=PATIENCE)
        return super().read(uri, **where)

    def _ask(self):
        self.waits.append(self.lab.simulator.run_due())
        self.answers.append(self.lab.ask("ListCustomModels"))


def test_others_are_answered_while_a_job_reads_its_data_and_need_not_hurry_back():
    lab = Lab(objects=CallingObjects())
    lab.objects.lab = lab
    lab.train()
    assert lab.objects.answers == [{"modelSummaries": []}] * 2
    assert min(lab.objects.waits) > 0


class BrokenObjects(MemoryObjects):
    def read(self, uri, **_):
        raise RuntimeError("the host is broken")


def test_a_broken_host_fails_the_job_and_not_the_caller(caplog):
    lab = Lab(objects=BrokenObjects())
    lab.start()
    lab.advance(180)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")
    assert (job["status"], job["failureMessage"]) == ("Failed", "Internal error.")
    assert "the host is broken" in caplog.text


def test_an_event_that_can_not_be_delivered_is_lost_and_nothing_else(caplog):
    def publish(event):
        raise RuntimeError("no bus")

    lab = Lab()
    lab.simulator = Simulator(objects=lab.objects, publish=publish, clock=lab.clock)
    lab.door = FaultyDoor(lab.simulator)
    assert lab.train()
    assert "no bus" in caplog.text


def test_many_threads_with_one_token_buy_once(lab):
    lab.train()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(lab.buy(clientRequestToken="t1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1


def test_objects_in_a_folder_stay_in_it(tmp_path):
    objects = DirectoryObjects(tmp_path / "root")
    objects.write("s3://bucket/a/b.csv", b"x", **WHERE)
    assert objects.read("s3://bucket/a/b.csv", **WHERE) == b"x"
    for uri in ("s3://bucket/nothing", "s3://../outside", "s3://bucket"):
        with pytest.raises(ObjectsError):
            objects.read(uri, **WHERE)


def test_a_stepped_clock_stands_still_until_it_is_moved():
    clock = SteppedClock()
    before = clock.now()
    assert clock.now() == before
    clock.advance(1.5)
    assert (clock.now() - before).total_seconds() == 1.5


def test_a_worlds_ids_are_never_given_out_twice(lab):
    arns = [lab.start(jobName=f"j{i}", customModelName=f"m{i}") for i in range(10)]
    assert len(set(arns)) == 10
    assert haiku_line(1)
