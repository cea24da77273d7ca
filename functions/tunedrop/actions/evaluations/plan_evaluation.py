"""Say what an evaluation would ask and cost. Nothing is written, sent or spent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.evaluations import choose_questions, find_leaks, read_answer_file
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.charges.monthly_budget import BudgetShare
from tunedrop.domain.evaluation import evaluation_plan, few_shot
from tunedrop.domain.evaluation.evaluation_plan import EvaluationPlan, Tested
from tunedrop.domain.evaluation.evaluation_request import BASE, MOST_AGAINST, StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Candidate
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training import lifecycle
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_lifecycle
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.s3 import objects
from tunedrop.errors import Conflict, InvalidInput

MOST_CANDIDATES = 1 + MOST_AGAINST
CALLABLE = frozenset({"Ready", "Updating"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the version whose test split it asks."""

    plan: EvaluationPlan
    tested: Tested
    share: BudgetShare | None
    """What it takes of the month's budget; None: there is none, or it is taken with the capacity that it judges."""


def plan(
    request: StartEvaluation, cloud: Cloud, *, judged: Candidate | None = None, learned_by: str | None = None
) -> Planned:
    """What the request would do. Raises InvalidInput, NotFound, Conflict, CapExceeded and Unavailable.

    `judged`: the first candidate, where its capacity is not there yet; `learned_by`: the job whose model that is, or
    which it tunes further.
    """
    patient = replace(cloud, denials_may_pass=True)
    candidates = _candidates(request, judged, patient)
    tested = choose_questions.tested(request.dataset, request.version, candidates[0].base_model, cloud)
    jobs = [(each.name, job) for each in candidates if (job := (learned_by if each is judged else each.job_id))]
    tested = replace(tested, learned=find_leaks.learned_from(jobs, tested, cloud))
    try:
        chosen = choose_questions.choose(tested, request.max_records, patient)
        files = [read_answer_file.match(each, chosen.questions, patient).counts for each in candidates if each.answers]
        shown = choose_questions.examples(tested, chosen, max(each.few_shot for each in candidates), patient)
        schema = choose_questions.schema(tested.answer_schema, patient)
    except objects.Unreadable as gone:
        raise Conflict("data_gone", str(gone), version=tested.version) from gone
    settings = cloud.settings
    made = evaluation_plan.make(
        request,
        tested,
        candidates,
        chosen,
        files=files,
        examples=shown,
        schema=schema,
        prices=settings.prices,
        currency=settings.currency,
    )
    evaluation_plan.confirm(made, request.plan_id)
    _check_callable(candidates, cloud)
    return Planned(made, tested, None if judged else share(made, request, cloud))


def share(made: EvaluationPlan, request: StartEvaluation, cloud: Cloud) -> BudgetShare | None:
    """What the plan takes of the month's budget. Raises CapExceeded and Conflict."""
    return reserve_budget.of_evaluation(made, cloud, accepted=request.accept_unknown_price)


def _candidates(request: StartEvaluation, judged: Candidate | None, cloud: Cloud) -> tuple[Candidate, ...]:
    if not 1 <= len(request.against) < MOST_CANDIDATES:
        words = f"An evaluation has a candidate and 1 to {MOST_CANDIDATES - 1} others that it is judged against."
        raise InvalidInput("out_of_range", words, field="against")
    if request.candidate.startswith(read_answer_file.PREFIX):
        words = "A file of answers is what a candidate is judged against: name it in against."
        raise InvalidInput("unknown_candidate", words, field="candidate")
    first = judged or _candidate(request.candidate, None, cloud)
    every = (first, *(_against(request.dataset, name, first, cloud) for name in request.against))
    if len({(candidate.model, candidate.few_shot) for candidate in every}) < len(every):
        raise InvalidInput(
            "same_candidate", "Two of the candidates are the same model: nothing can be told apart.", field="against"
        )
    return every


def _against(dataset: str, name: str, first: Candidate, cloud: Cloud) -> Candidate:
    if name.startswith(read_answer_file.PREFIX):
        return read_answer_file.find(dataset, name, cloud)
    return _candidate(name, first, cloud)


def _candidate(called: str, first: Candidate | None, cloud: Cloud) -> Candidate:
    name, count = few_shot.named(called)
    found = _model(name, first, cloud)
    if count and found.deployment:
        words = "Examples are for base models: a tuned model learned from them."
        raise InvalidInput("few_shot_of_a_deployment", words, field="against" if first else "candidate")
    return replace(found, name=called, few_shot=count)


def _model(name: str, first: Candidate | None, cloud: Cloud) -> Candidate:
    if name == BASE and first:
        return _base(first.base_model, BASE)
    if name in catalogue.catalogue():
        return _base(name, name)
    deployment = deployment_rows.load(cloud.state, name)
    if deployment is None:
        raise InvalidInput(
            "unknown_candidate",
            f"There is no deployment or base model {name[:80]!r}. A candidate is a deployment's name or one of: "
            f"{', '.join(catalogue.catalogue())}; "
            f"a base model also with 1 to {few_shot.MOST} examples, as in base:few_shot=5.",
            field="against" if first else "candidate",
        )
    if deployment.state not in CALLABLE or deployment.arn is None:
        raise Conflict(
            "deployment_not_ready",
            f"Deployment {name} is {deployment.shown}: it can't be called. Evaluate it once it is Ready.",
            state=deployment.shown,
        )
    _check_one_model(deployment, cloud)
    job = job_rows.load(cloud.state, deployment.job_id)
    return Candidate(
        name,
        deployment.arn,
        deployment.base_model,
        name,
        deployment.job_id,
        generation=deployment.generation,
        hyperparameters=hyperparameters(job),
    )


def hyperparameters(job: Job | None) -> tuple[tuple[str, str], ...]:
    """A candidate's, as its row has them; none where its job is not known."""
    return tuple(sorted(job.hyperparameters.items())) if job else ()


def _check_one_model(deployment: Deployment, cloud: Cloud) -> None:
    """Raises Conflict while another model is put behind it: its answers would be of two."""
    updating = deployment.state == "Updating"
    unit = deployment_rows.load_purchase(cloud.state, deployment.name, deployment.generation) if updating else None
    if unit and unit.swap:
        raise Conflict(
            "deployment_updating",
            f"Deployment {deployment.name} is being given the model of job {unit.swap.job_id}. Evaluate it once it is "
            "Ready.",
            state=deployment.state,
            job_id=unit.swap.job_id,
        )


def _base(name: str, called: str) -> Candidate:
    return Candidate(called, catalogue.find(name).inference_id, name)


def _check_callable(candidates: tuple[Candidate, ...], cloud: Cloud) -> None:
    """Raises Conflict for a base model that is served through other Regions alone, or has reached its end of life.

    Its answers would all be failures.
    """
    for name in sorted({each.base_model for each in candidates if not (each.answers or each.deployment)}):
        if profile := catalogue.find(name).inference_profile:
            raise Conflict(
                "base_not_callable",
                f"{name} can be called through inference profile {profile} alone, which moves prompts to other "
                "Regions, so evaluations do not call it. Judge against another model.",
                base_model=name,
            )
        with faults.asked_by_a_caller():
            tuned = observed_lifecycle.tuned_today(cloud.bedrock)
            today = observed_lifecycle.lifecycle(cloud.bedrock, catalogue.find(name), tuned)
        if lifecycle.has_ended(today, cloud.now()):
            raise Conflict(
                "base_not_callable",
                f"{name} has reached its end of life and can't be called any more. Judge against another model.",
                base_model=name,
            )
