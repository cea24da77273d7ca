"""Hears each call of the application that a test brings about, and whose role would make it."""

from __future__ import annotations

import gc
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tests.iam import operations, recording
from tests.iam.recording import Made, Recording
from tests.template.stack import PSEUDO

if TYPE_CHECKING:
    import botocore.session

ROOT = Path(__file__).parents[2]
FUNCTIONS, PACKAGE, OWN = f"{ROOT / 'functions'}/", "tunedrop/", __file__
TESTS = (f"{ROOT / 'tests'}/", f"{ROOT / 'simulator'}/")

DIRECTLY = {  # actions that tests call without a handler, and whose they are
    "actions/charges/tell_budget.py": "spending_requested",
    "actions/datasets/ask_deletion.py": "control_api",
    "actions/datasets/erase_data.py": "dataset_uploaded",
    "actions/datasets/join_parts.py": "dataset_uploaded",
    "actions/datasets/join_parts.py:request": "control_api",
    "actions/datasets/read_datasets.py": "control_api",
    "actions/datasets/take_upload.py": "dataset_uploaded",
    "actions/datasets/trace_models.py": "control_api",
    "actions/deployments/adopt_capacity.py": "spending_requested",
    "actions/deployments/advance_purchase.py": "spending_requested",
    "actions/deployments/guard_deletion.py": "deletion_guard",
    "actions/deployments/inspect_capacity.py": "reconcile",
    "actions/deployments/put_deployment.py": "control_api",
    "actions/deployments/read_deployments.py": "control_api",
    "actions/deployments/release_deployment.py": "control_api",
    "actions/evaluations/advance_evaluation.py": "evaluation_requested",
    "actions/evaluations/ask_candidate.py": "evaluation_requested",
    "actions/jobs/advance_job.py": "spending_requested",
    "actions/jobs/delete_model.py": "control_api",
    "actions/jobs/follow_job.py": "job_state_changed",
    "actions/jobs/plan_job.py": "control_api",
    "actions/jobs/prepare_for_job.py": "dataset_uploaded",
    "actions/jobs/read_jobs.py": "control_api",
    "actions/jobs/start_job.py": "control_api",
    "actions/jobs/stop_job.py": "control_api",
    "actions/messages/admit_call.py": "messages_api",
    "actions/messages/find_target.py": "messages_api",
    "actions/messages/manage_keys.py": "control_api",
    "actions/messages/read_usage.py": "control_api",
    "actions/messages/settle_call.py": "messages_api",
    "actions/reconcile.py": "reconcile",
    "routes/application.py": "control_api",
}
WRAPPER = "edges/observability.py"
"""Stands around each handler, and calls nothing itself."""
OURS = {"tunedrop:stack": PSEUDO["AWS::StackId"]}
BEHIND = {("actions/jobs/start_on_accept.py", "_claimed"): "AllowJobsOnAccept"}
"""Functions that are reached only where a parameter is "true"."""


def role(handler: str) -> str:
    """The logical id of a handler's role."""
    return f"{''.join(part.title() for part in handler.split('_'))}Role"


@dataclass(slots=True)
class Heard:
    """What one test brought about."""

    calls: set[Made] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    strays: set[str] = field(default_factory=set)
    """Actions whose role nobody knows, and operations that nobody knows what IAM asks about."""

    def recording(self) -> Recording:
        """Without the strays."""
        return Recording(frozenset(self.calls), frozenset(self.needs))


@dataclass(slots=True)
class Recorder:
    """Listens to botocore's sessions."""

    tags_of: Callable[[str], Mapping[str, str] | None] = field(default=lambda _: None)
    """The tags of a thing in Bedrock, by its ARN, None where there is none; a world with a simulator sets it."""
    test: str = ""
    """The one that runs."""
    is_deaf: bool = False
    """Set where random steps make the same calls thousands of times: looking who makes each takes longer than it."""
    by_test: defaultdict[str, Heard] = field(default_factory=lambda: defaultdict(Heard))

    def watch(self, session: botocore.session.Session) -> None:
        """Hear of each call, and each link that is signed, of the session's clients to be."""
        session.register("before-parameter-build", self.hear)

    def hear(self, **event: Any) -> None:
        """One call, before anything is sent."""
        way = [] if self.is_deaf else [step for step in _way_here() if step[0] != WRAPPER]
        handler = self._handler(*way[-1]) if way else None
        if handler is None:
            return
        params, model, heard = event["params"], event["model"], self.by_test[self.test]
        operation = f"{model.service_model.service_id.hyphenize()}.{model.name}"
        heard.calls.add((way[0][0], operation))
        if operation not in operations.ASKED:
            heard.strays.add(operation)
        elif (tags := self._tags(operation, params)) is not None:
            choice = next((BEHIND[step] for step in way if step in BEHIND), "")
            for asked in operations.questions(operation, params, tags):
                heard.needs.add(recording.need(role(handler), operations.alike(asked), choice))

    def _tags(self, operation: str, params: Any) -> Mapping[str, str] | None:
        """Those of the thing that the call is about; None where it is gone, and what is denied is an answer, too.

        A deployment that a test made up is asked as one of ours.
        """
        named = operations.ABOUT.get(operation)
        known = self.tags_of(params[named]) if named else {}
        known_here = known is not None or not operation.startswith("bedrock-runtime.")
        return known if known_here else (OURS if params[named].startswith("arn:") else {})

    def _handler(self, module: str, function: str) -> str | None:
        """Whose call it is that began in this module; None where a test only used an edge."""
        if "/" not in module:
            return Path(module).stem
        if module.startswith(("actions/", "routes/")) and module not in DIRECTLY:
            self.by_test[self.test].strays.add(module)
        return DIRECTLY.get(f"{module}:{function}", DIRECTLY.get(module))


RECORDER = Recorder()


def _way_here() -> Iterator[tuple[str, str]]:
    """Modules and functions of the application that lead to this call, the innermost first; none for a test's own."""
    for frame in _frames():
        path = frame.f_code.co_filename
        if path.startswith(FUNCTIONS):
            yield path.removeprefix(FUNCTIONS).removeprefix(PACKAGE), frame.f_code.co_name
        elif path.startswith(TESTS) and path != OWN:
            return


def _frames() -> Iterator[FrameType]:
    """This thread's frames; then, where the application began a thread, those of the main one, which waits for it."""
    yield from _outward(sys._getframe())
    main = threading.main_thread()
    if threading.current_thread() is not main:
        yield from _outward(_frames_of_threads()[main.ident or 0])


_LOOKING = threading.Lock()


def _frames_of_threads() -> dict[int, FrameType]:
    """By thread. Without the garbage collector: it would let another thread in, and two that look wait for ever.

    sys._current_frames() holds a lock of the interpreter while it makes its answer.
    """
    with _LOOKING:
        collects = gc.isenabled()
        gc.disable()
        try:
            return sys._current_frames()
        finally:
            if collects:
                gc.enable()


def _outward(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
