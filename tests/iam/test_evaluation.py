"""The evaluator against what the IAM User Guide says of each element."""

from __future__ import annotations

import pytest

from tests.iam.evaluation import Request, decide
from tests.template.stack import Resource, Statement, statements

OWNER = Resource("Role", "AWS::IAM::Role", {}, {})
BUCKET = "arn:aws:s3:::data"


def statement(**parts) -> Statement:
    (made,) = statements(
        OWNER, {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **parts}]}
    )
    return made


def verdict(made, action="s3:GetObject", resource=f"{BUCKET}/incoming/a", principal="", **context) -> str:
    request = Request(action, resource, {key.replace("__", ":"): value for key, value in context.items()}, principal)
    return decide([made] if isinstance(made, Statement) else made, request).verdict


def allowed(*arguments, **context) -> bool:
    return verdict(*arguments, **context) == "allowed"


# --- effect, action, resource


def test_what_no_statement_speaks_of_is_denied_implicitly():
    assert verdict([]) == "implicitly denied"
    assert verdict(statement(Action="s3:PutObject")) == "implicitly denied"


def test_a_deny_wins_over_any_allow_and_is_named():
    both = [statement(Sid="Yes"), statement(Sid="No", Effect="Deny")]
    decision = decide(both, Request("s3:GetObject", "x"))
    assert (decision.verdict, decision.sid) == ("explicitly denied", "No")
    assert decide(both[:1], Request("s3:GetObject", "x")).sid == "Yes"


def test_a_deny_whose_condition_fails_denies_nothing():
    deny = statement(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": False}})
    assert verdict([statement(), deny], aws__SecureTransport="true") == "allowed"
    assert verdict([statement(), deny], aws__SecureTransport="false") == "explicitly denied"


@pytest.mark.parametrize(
    ("pattern", "action", "covered"),
    [
        ("s3:GetObject", "S3:getobject", True),
        ("s3:Get*", "s3:GetObjectVersion", True),
        ("s3:GetObject", "s3:GetObjectVersion", False),
        ("s3:?etObject", "s3:GetObject", True),
    ],
)
def test_actions_are_compared_without_regard_to_case_and_with_wildcards(pattern, action, covered):
    assert allowed(statement(Action=pattern), action=action) is covered


@pytest.mark.parametrize(
    ("pattern", "resource", "covered"),
    [
        (f"{BUCKET}/incoming/*", f"{BUCKET}/incoming/a/b", True),
        (f"{BUCKET}/incoming/*", f"{BUCKET}/Incoming/a", False),
        (f"{BUCKET}/incoming/*", BUCKET, False),
        (f"{BUCKET}/[ab]", f"{BUCKET}/a", False),
        (f"{BUCKET}/[ab]", f"{BUCKET}/[ab]", True),
        ("<DataBucket.Arn>/*", "<DataBucket.Arn>/x\ny", True),
        ("<DataBucket.Arn>", "<DataBucketTwo.Arn>", False),
        (f"{BUCKET}/${{*}}", f"{BUCKET}/*", True),
        (f"{BUCKET}/${{*}}", f"{BUCKET}/a", False),
    ],
)
def test_resources_are_compared_letter_by_letter_with_wildcards(pattern, resource, covered):
    assert allowed(statement(Resource=pattern), resource=resource) is covered


def test_not_action_and_not_resource_cover_the_rest():
    rest = {"Effect": "Allow", "NotAction": "s3:Delete*", "NotResource": [f"{BUCKET}/reports/*"]}
    (made,) = statements(OWNER, {"Statement": [rest]})
    assert allowed(made)
    assert not allowed(made, action="s3:DeleteObject")
    assert not allowed(made, resource=f"{BUCKET}/reports/1")


def test_several_actions_and_resources_are_alternatives():
    made = statement(Action=["s3:PutObject", "s3:GetObject"], Resource=["a", "b"])
    assert [allowed(made, resource=each) for each in "abc"] == [True, True, False]


# --- conditions


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"k:a": "x"}}, {"k__a": "x"}, True),
        ({"StringEquals": {"k:a": "x"}}, {"K__A": "x"}, True),
        ({"StringEquals": {"k:a": "x"}}, {"k__a": "X"}, False),
        ({"StringEquals": {"k:a": "x*"}}, {"k__a": "xy"}, False),
        ({"StringEquals": {"k:a": ["x", "y"]}}, {"k__a": "y"}, True),
        ({"StringEquals": {"k:a": "x"}}, {}, False),
        ({"StringEqualsIfExists": {"k:a": "x"}}, {}, True),
        ({"StringEqualsIfExists": {"k:a": "x"}}, {"k__a": "y"}, False),
        ({"StringNotEquals": {"k:a": ["x", "y"]}}, {"k__a": "y"}, False),
        ({"StringNotEquals": {"k:a": "x"}}, {}, True),
        ({"StringLike": {"k:a": "inc*/?"}}, {"k__a": "incoming/a"}, True),
        ({"StringLike": {"k:a": "inc*"}}, {}, False),
        ({"StringNotLike": {"k:a": "inc*"}}, {"k__a": "other"}, True),
        ({"Bool": {"k:a": True}}, {"k__a": "true"}, True),
        ({"Bool": {"k:a": "false"}}, {}, False),
        ({"BoolIfExists": {"k:a": "false"}}, {}, True),
        ({"Null": {"k:a": "true"}}, {}, True),
        ({"Null": {"k:a": "true"}}, {"k__a": "x"}, False),
        ({"Null": {"k:a": "false"}}, {"k__a": ("x",)}, True),
        ({"ArnLike": {"k:a": "arn:aws:bedrock:us-*:1:job/*"}}, {"k__a": "arn:aws:bedrock:us-x:1:job/a:b"}, True),
        ({"ArnEquals": {"k:a": "arn:aws:bedrock:*:job/*"}}, {"k__a": "arn:aws:bedrock:us-x:1:job/a"}, False),
        ({"ArnEquals": {"k:a": "<UploadRule.Arn>"}}, {"k__a": "<UploadRule.Arn>"}, True),
        ({"ForAllValues:StringLike": {"k:a": ["J#*", "N#*"]}}, {"k__a": ("J#1", "N#2")}, True),
        ({"ForAllValues:StringLike": {"k:a": ["J#*", "N#*"]}}, {"k__a": ("J#1", "X#2")}, False),
        ({"ForAllValues:StringLike": {"k:a": "J#*"}}, {}, True),
        ({"ForAllValues:StringLike": {"k:a": "J#*"}}, {"k__a": ()}, True),
        ({"ForAllValues:StringEquals": {"k:a": "x"}}, {"k__a": "x"}, True),
        ({"ForAnyValue:StringEquals": {"k:a": ["x", "y"]}}, {"k__a": ("z", "y")}, True),
        ({"ForAnyValue:StringEquals": {"k:a": "x"}}, {"k__a": ("z",)}, False),
        ({"ForAnyValue:StringEquals": {"k:a": "x"}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"k:a": "x"}}, {}, False),
        ({"StringEquals": {"k:a": "x", "k:b": "y"}}, {"k__a": "x"}, False),
        ({"StringEquals": {"k:a": "x"}, "Bool": {"k:b": True}}, {"k__a": "x", "k__b": "true"}, True),
    ],
)
def test_a_condition_holds_as_the_guide_says(condition, context, holds):
    assert allowed(statement(Condition=condition), **context) is holds


@pytest.mark.parametrize("operator", ["DateLessThan", "Stringequals", "ForEachValue:StringEquals", "NullIfExists"])
def test_an_operator_that_is_not_known_is_an_error_even_where_it_does_not_matter(operator):
    with pytest.raises(ValueError, match="unknown condition operator"):
        verdict(statement(Action="s3:PutObject", Condition={operator: {"k:a": "x"}}))


def test_a_list_of_values_needs_an_operator_for_lists():
    with pytest.raises(ValueError, match="multivalued"):
        verdict(statement(Condition={"StringEquals": {"k:a": "x"}}), k__a=("x",))


# --- variables

BY_TAG = f"{BUCKET}/incoming/${{aws:PrincipalTag/tunedrop:dataset}}/*"


@pytest.mark.parametrize(
    ("tag", "key", "covered"),
    [
        ("support", "incoming/support/train.jsonl", True),
        ("support", "incoming/support-bot/train.jsonl", False),
        ("*", "incoming/support/train.jsonl", False),
        ("?", "incoming/s/train.jsonl", False),
        ("", "incoming//train.jsonl", True),
        (None, "incoming/support/train.jsonl", False),
        (None, "incoming//train.jsonl", False),
    ],
)
def test_a_variable_is_literal_and_one_that_is_missing_covers_nothing(tag, key, covered):
    context = {} if tag is None else {"aws__PrincipalTag/tunedrop__dataset": tag}
    assert allowed(statement(Resource=BY_TAG), resource=f"{BUCKET}/{key}", **context) is covered


def test_a_condition_may_compare_with_a_variable():
    made = statement(Condition={"StringLike": {"s3:prefix": "incoming/${aws:PrincipalTag/t}*"}})
    assert allowed(made, s3__prefix="incoming/ab", **{"aws__PrincipalTag/t": "a"})
    assert not allowed(made, s3__prefix="incoming/ab", **{"aws__PrincipalTag/t": "b"})
    assert not allowed(made, s3__prefix="incoming/ab")
    equal = statement(Condition={"StringEquals": {"aws:ResourceTag/t": "${aws:PrincipalTag/t}"}})
    assert allowed(equal, **{"aws__ResourceTag/t": "a", "aws__PrincipalTag/t": "a"})


def test_the_colons_of_a_variable_part_no_arn():
    made = statement(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${aws:PrincipalTag/a:b}"}})
    assert allowed(made, aws__SourceArn="arn:aws:s3:::x", **{"aws__PrincipalTag/a:b": "x"})


@pytest.mark.parametrize("variable", ["${aws:username, 'nobody'}", "${DataBucket}"])
def test_a_variable_that_is_not_known_is_an_error(variable):
    with pytest.raises(ValueError, match="unknown policy variable"):
        verdict(statement(Resource=variable))


# --- principals


def test_a_resource_policy_speaks_of_those_whom_it_names():
    made = statement(Principal={"Service": "events.amazonaws.com"})
    assert allowed(made, principal="events.amazonaws.com")
    assert not allowed(made, principal="sns.amazonaws.com")
    assert allowed(statement(Principal="*"), principal="anybody")


def test_the_accounts_root_lets_nobody_in_by_itself():
    root = statement(Principal={"AWS": "arn:aws:iam::123456789012:root"})
    assert not allowed(root, principal="arn:aws:iam::123456789012:role/x")
