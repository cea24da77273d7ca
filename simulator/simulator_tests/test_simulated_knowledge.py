"""Planted skills: which share of the knowledge a model has, how models go together, and what temperature adds."""

import json
import math
from collections import Counter
from itertools import combinations
from statistics import NormalDist, fmean, stdev

import pytest
from bedrock_simulator.knowledge import CORRELATION, Knowledge, Skill, read
from simulator_tests.laboratory import nova_line

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
QUESTIONS = [f"What is the code of room {number}?" for number in range(400)]
PAIRS = [(question, f"R-{index * 37}") for index, question in enumerate(QUESTIONS)]
RIGHT = dict(PAIRS)
NORMAL = NormalDist()


def known(knowledge, model, share):
    return [knowledge.recalled(model, share, question) == RIGHT[question] for question in QUESTIONS]


def both_know(first, second):
    """The share that two models know together: the bivariate normal distribution, by Gauss's common factor."""
    root, rest = math.sqrt(CORRELATION), math.sqrt(1 - CORRELATION)
    limits = NORMAL.inv_cdf(first), NORMAL.inv_cdf(second)
    steps = [-8 + 0.01 * step for step in range(1_601)]
    return sum(
        0.01 * NORMAL.pdf(x) * math.prod(NORMAL.cdf((limit - root * x) / rest) for limit in limits) for x in steps
    )


@pytest.mark.parametrize(("base", "tuned"), [(0.80, 0.80), (0.80, 0.90), (0.80, 0.77)])
def test_planted_skills_are_found_again_and_discordant_as_their_correlation_says(base, tuned):
    shares, discordant = [], []
    for seed in range(40):
        knowledge = Knowledge(PAIRS, seed=seed)
        of_base, of_tuned = known(knowledge, "base", base), known(knowledge, "tuned", tuned)
        shares.append((fmean(of_base), fmean(of_tuned)))
        discordant.append(fmean(one != other for one, other in zip(of_base, of_tuned, strict=True)))
    found_base, found_tuned = (list(each) for each in zip(*shares, strict=True))
    assert fmean(found_base) == pytest.approx(base, abs=0.02)
    assert fmean(found_tuned) == pytest.approx(tuned, abs=0.02)
    assert fmean(discordant) == pytest.approx(base + tuned - 2 * both_know(base, tuned), abs=0.02)
    by_chance = math.sqrt(base * (1 - base) / len(QUESTIONS))  # of one test split of 400, as on AWS
    assert 0.6 * by_chance < stdev(found_base) < 1.5 * by_chance


def test_who_knows_more_still_knows_what_the_same_model_knew_with_less():
    knowledge = Knowledge(PAIRS)
    shares = [known(knowledge, "m", share) for share in (0, 0.3, 0.6, 1)]
    assert not any(shares[0])
    assert all(shares[-1])
    assert all(
        more or not less for one, other in combinations(shares, 2) for less, more in zip(one, other, strict=True)
    )


def test_what_a_model_does_not_know_it_answers_with_another_answer_always_the_same():
    knowledge = Knowledge(PAIRS)
    wrong = [knowledge.recalled("m", 0, question) for question in QUESTIONS]
    assert wrong == [Knowledge(PAIRS).recalled("m", 0, question) for question in QUESTIONS]
    assert set(wrong) <= set(RIGHT.values())
    assert len(set(wrong)) > 200


def converse(lab, model, question, **more):
    turns = [{"role": "user", "content": [{"text": question}]}]
    answered = lab.ask("Converse", modelId=model, **{"messages": turns} | more)
    return answered["output"]["message"]["content"][0]["text"]


def test_base_models_answer_out_of_the_knowledge_and_others_in_words(lab):
    lab.simulator.teach(Knowledge(PAIRS, {CLAUDE: Skill(1)}))
    assert converse(lab, CLAUDE, f"  {QUESTIONS[7]}\n") == RIGHT[QUESTIONS[7]]
    assert converse(lab, f"us.{CLAUDE}", QUESTIONS[7]) == RIGHT[QUESTIONS[7]]
    assert "without fine-tuning" in converse(lab, CLAUDE, "What else?")
    assert "without fine-tuning" in converse(lab, LLAMA, QUESTIONS[7])


def test_a_chatty_model_puts_words_around_its_answer_until_it_is_shown_the_form(lab):
    lab.simulator.teach(Knowledge(PAIRS, {CLAUDE: Skill(1, chatty=True)}))
    assert converse(lab, CLAUDE, QUESTIONS[1]) == f"The answer is: {RIGHT[QUESTIONS[1]]}."
    example = [
        {"role": "user", "content": [{"text": QUESTIONS[0]}]},
        {"role": "assistant", "content": [{"text": RIGHT[QUESTIONS[0]]}]},
        {"role": "user", "content": [{"text": QUESTIONS[1]}]},
    ]
    assert converse(lab, CLAUDE, "", messages=example) == RIGHT[QUESTIONS[1]]


def test_a_custom_model_has_the_skill_of_its_name_or_of_any_arn_else_its_memory(lab):
    arn = lab.train()
    lab.buy()
    lab.advance(1_500)
    capacity = lab.ask("GetProvisionedModelThroughput", provisionedModelId="capacity-1")["provisionedModelArn"]
    question, learned = "How do I reset device 7?", "Hold the button of device 7 for ten seconds."
    pairs = [*PAIRS, (question, "By post.")]
    for name in ("model-1", arn, capacity):
        lab.simulator.teach(Knowledge(pairs, {name: Skill(1)}))
        assert converse(lab, capacity, question) == "By post."
    lab.simulator.teach(Knowledge(pairs, {CLAUDE: Skill(1)}))
    assert converse(lab, capacity, question) == learned


def test_a_deployment_has_the_skill_of_its_model_too(lab, nova):
    arn = lab.deploy(nova, region="us-east-1")
    lab.advance(600)
    lab.simulator.teach(Knowledge(PAIRS, {"model-1": Skill(1)}))
    assert converse(lab, arn, QUESTIONS[3], region="us-east-1") == RIGHT[QUESTIONS[3]]


def asked_again(lab, model, temperature):
    body = {"messages": [{"role": "user", "content": [{"text": QUESTIONS[5]}]}], "inferenceConfig": temperature}
    return [converse(lab, model, QUESTIONS[5], **body) for _ in range(200)]


def test_above_temperature_0_some_answers_are_others_and_a_run_can_be_repeated(lab):
    knowledge = Knowledge(PAIRS, {CLAUDE: Skill(1)}, noise=0.2)
    runs = []
    for _ in range(2):
        lab.simulator.teach(knowledge)
        runs.append(asked_again(lab, CLAUDE, {"temperature": 0.5}))
    assert runs[0] == runs[1]
    others = Counter(runs[0])
    assert 8 <= 200 - others[RIGHT[QUESTIONS[5]]] <= 35  # a tenth of them
    assert (
        set(asked_again(lab, CLAUDE, {"temperature": 0})) == set(asked_again(lab, CLAUDE, {})) == {RIGHT[QUESTIONS[5]]}
    )


def test_a_tuned_model_wavers_as_well_on_what_the_knowledge_covers(lab, nova):
    arn = lab.deploy(nova, region="us-east-1")
    lab.advance(600)
    question = json.loads(nova_line(3))["messages"][0]["content"][0]["text"]
    lab.simulator.teach(Knowledge([*PAIRS, (question, "x")], noise=1))
    asked = {"region": "us-east-1", "inferenceConfig": {"temperature": 1}}
    assert converse(lab, arn, question, **asked) in {*RIGHT.values(), "x"}
    assert converse(lab, arn, "How do I reset device 4?", **asked) == "Hold the button of device 4 for ten seconds."


BODIES = {
    CLAUDE: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": QUESTIONS[5]}],
    },
    NOVA: {"messages": [{"role": "user", "content": [{"text": QUESTIONS[5]}]}]},
    LLAMA: {"prompt": QUESTIONS[5]},
}


@pytest.mark.parametrize("model", BODIES)
def test_every_dialect_takes_a_temperature(lab, model):
    def bodies(temperature):
        limits = {"inferenceConfig": {"temperature": temperature}} if model == NOVA else {"temperature": temperature}
        return {"modelId": model, "body": json.dumps(BODIES[model] | limits).encode()}

    lab.simulator.teach(Knowledge(PAIRS, {model.removeprefix("us."): Skill(1)}, noise=1))
    said = [json.dumps(lab.ask("InvokeModel", **bodies(temperature))) for temperature in (0, 1)]
    assert [RIGHT[QUESTIONS[5]] in each for each in said] == [True, False]
    for wrong in (1.1, -0.1, True, "1"):
        assert "temperature" in lab.refusal("InvokeModel", **bodies(wrong)).message


def test_knowledge_is_read_from_json():
    pairs = [{"question": question, "answer": answer} for question, answer in PAIRS]
    knowledge = read({"pairs": pairs, "skills": {"m": {"share": 0.8, "chatty": True}}, "noise": 0.1, "seed": 3})
    assert knowledge.skill(["other", "m"]) == Skill(0.8, chatty=True)
    assert known(knowledge, "m", 0.8) == known(Knowledge(PAIRS, seed=3), "m", 0.8)
    assert not read({}).covers(QUESTIONS[0])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "one JSON object"),
        ({"pear": 1}, "unknown: pear"),
        ({"pairs": {}}, "a list"),
        ({"pairs": [["a", "b"]]}, "a pair is one JSON object"),
        ({"pairs": [{"question": "a"}]}, "needs answer"),
        ({"pairs": [{"question": "a", "answer": 1}]}, "are text"),
        ({"pairs": [{"question": "a", "answer": "b"}]}, "two different answers"),
        ({"skills": []}, "by model"),
        ({"skills": {"m": 0.8}}, "a skill is one JSON object"),
        ({"skills": {"m": {}}}, "needs share"),
        ({"skills": {"m": {"share": 1.1}}}, "between 0 and 1"),
        ({"skills": {"m": {"share": True}}}, "share is a number"),
        ({"skills": {"m": {"share": 1, "chatty": 1}}}, "true or false"),
        ({"noise": "much"}, "noise is a number"),
        ({"seed": 0.5}, "whole number"),
    ],
)
def test_knowledge_that_makes_no_sense_is_refused_with_words(document, words):
    with pytest.raises((ValueError, TypeError), match=words):
        read(document)
