"""dataset.toml: followed where it can be, and every line that cannot be is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.versions import dataset_toml
from tunedrop.domain.versions.job_settings import DeploymentSettings, JobSettings

KNOWN = ("claude-3-haiku", "nova-lite", "llama-3-1-8b", "llama-3-3-70b")
GATED = "[deployment]\nname = 'bot'\n[evaluation]\n"


def parse(text: str | bytes) -> dataset_toml.DatasetSettings:
    return dataset_toml.parse(text.encode() if isinstance(text, str) else text, KNOWN)


def test_all_settings_are_read():
    found = parse('base_models = ["nova-lite", "claude-3-haiku"]\nsystem = "Sei höflich."\nowner = "team@example.com"')
    assert found.base_models == ("nova-lite", "claude-3-haiku")
    assert found.system == "Sei höflich."
    assert found.owner == "team@example.com"
    assert found.defects == ()


def test_base_models_may_be_tables_with_a_system_text_each():
    found = parse(
        '[base_models.nova-lite]\nsystem = "Its own."\n[base_models.llama-3-1-8b]\nsystem = ""\n'
        "[base_models.claude-3-haiku]"
    )
    assert found.base_models == ("nova-lite", "llama-3-1-8b", "claude-3-haiku")
    assert found.model_systems == {"nova-lite": "Its own.", "llama-3-1-8b": ""}
    assert found.defects == ()


def test_a_list_and_a_table_of_base_models_cannot_stand_together():
    (defect,) = parse('base_models = ["nova-lite"]\n[base_models.llama-3-1-8b]\nsystem = ""').defects
    assert (defect.code, defect.line) == ("invalid_settings", 2)


def test_mapping_share_and_checks_are_read():
    found = parse(
        "validation_share = 0.5\n[mapping]\nprompt = 'question'\ncompletion = 'answer text'\nsystem = 'role'\n"
        "[checks]\nignore = ['exact_duplicate', 'exact_duplicate']\nerror = ['blank_line']"
    )
    assert found.mapping == FieldMapping("question", "answer text", "role")
    assert found.validation_share == 0.5
    assert found.policy == Policy(frozenset({"exact_duplicate"}), frozenset({"blank_line"}))
    assert found.defects == ()


def test_what_decides_whether_a_deployment_goes_live_is_read():
    found = parse(f"{GATED}gate = 'not_worse'\nagainst = ['bot-prod', 'base']\nmax_hours = 4\nmargin = 0.05")
    assert found.evaluation == EvaluationWish(("bot-prod", "base"), gate="not_worse", max_hours=4, margin=0.05)
    assert (parse(GATED).evaluation, parse("").evaluation, found.defects) == (EvaluationWish(), None, ())


def test_fields_to_keep_are_read():
    found = parse("[fields]\nkeep = ['references', 'conversation id', 'references']")
    assert (found.keep, found.defects) == (frozenset({"references", "conversation id"}), ())


@pytest.mark.parametrize(
    "keep", ["['messages']", "['']", "'references'", "[1]", f"{[f'f{n}' for n in range(21)]}", f"['{'f' * 101}']"]
)
def test_fields_that_cannot_be_kept_are_named_with_their_line(keep):
    (defect,) = parse(f"[fields]\nkeep = {keep}").defects
    assert (defect.code, defect.path, defect.line) == ("wrong_setting", "$.fields.keep", 2)


def test_a_mapped_field_trains_and_is_not_kept():
    found = parse("[mapping]\nprompt = 'ask'\ncompletion = 'say'\n[fields]\nkeep = ['say']")
    assert [defect.path for defect in found.defects] == ["$.fields.keep"]


def test_fields_to_ignore_are_read():
    found = parse("[fields]\nkeep = ['a']\nignore = ['reviewed by', 'prompt', 'prompt']")
    assert (found.ignore, found.defects) == (frozenset({"reviewed by", "prompt"}), ())


@pytest.mark.parametrize("ignore", ["['a']", "['ask']", "['']", "'x'", f"{[f'f{n}' for n in range(101)]}"])
def test_fields_that_cannot_be_ignored_are_named(ignore):
    found = parse(f"[mapping]\nprompt = 'ask'\ncompletion = 'say'\n[fields]\nkeep = ['a']\nignore = {ignore}")
    assert [(defect.code, defect.path) for defect in found.defects] == [("wrong_setting", "$.fields.ignore")]


def test_how_tools_are_written_is_read():
    assert parse("[tools]\nrendering = 'json-blocks-1'").rendering == "json-blocks-1"
    assert parse("[tools]").rendering is None


def test_a_mapped_conversation_is_read():
    found = parse("[mapping]\nmessages = 'dialog'\nrole = 'speaker'\nsystem = 'rules'")
    assert (found.mapping, found.defects) == (FieldMapping(messages="dialog", role="speaker", system="rules"), ())


def test_a_job_and_its_deployment_are_read():
    found = parse(
        "[job]\nstart = 'on_accept'\nsplits = ['validation', 'train']\nbase_model = 'nova-lite'\n"
        "hyperparameters = { epochCount = 3, learningRate = 1e-5, batchSize = '8' }\n"
        "[deployment]\nname = 'support-bot-prod'\nserving = 'provisioned_throughput'\nmodel_units = 2\nhours = 8"
    )
    assert found.job == JobSettings(
        "on_accept", ("train", "validation"), "nova-lite", {"epochCount": 3, "learningRate": 1e-5, "batchSize": "8"}
    )
    assert found.deployment == DeploymentSettings("support-bot-prod", "provisioned_throughput", 2, 8)
    assert found.defects == ()


def test_a_job_of_which_nothing_is_said_is_started_by_hand_on_train():
    assert parse("[job]").job == JobSettings("manual", ("train",), None, {})
    assert parse("").job is None


def test_a_system_file_is_named():
    found = parse('system = { file = "system.txt" }')
    assert (found.system, found.system_file, found.defects) == (None, "system.txt", ())


def test_an_empty_file_and_a_byte_order_mark_are_fine():
    assert parse("") == dataset_toml.DatasetSettings()
    assert parse(b'\xef\xbb\xbfowner = "a"').owner == "a"


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ('base_model = "nova-lite"', "unknown_setting", "base_models, system, owner"),
        ('base_models = "nova-lite"', "wrong_setting", "list"),
        ("base_models = []", "wrong_setting", "empty list"),
        ("base_models = [1]", "wrong_setting", "list"),
        ('base_models = ["nova-lite", "gpt"]', "unknown_base_model", "claude-3-haiku, nova-lite, llama-3-1-8b"),
        ("base_models = true", "wrong_setting", "boolean"),
        ("[base_models]", "wrong_setting", "table"),
        ("base_models = { nova-lite = 1 }", "wrong_setting", "table"),
        ("[base_models.gpt]", "unknown_base_model", "claude-3-haiku, nova-lite, llama-3-1-8b"),
        ('[base_models.nova-lite]\nsytem = ""', "unknown_setting", "in base_models.nova-lite; allowed: system"),
        ('[base_models.nova-lite]\nsystem = " "', "wrong_setting", "a blank text"),
        ("[base_models.nova-lite]\nsystem = 1", "wrong_setting", "base_models.nova-lite.system"),
        ("system = 3", "wrong_setting", "number"),
        ('system = "  "', "wrong_setting", "a blank text"),
        ('system = { file = "../secret.txt" }', "wrong_setting", ".txt or .md"),
        ('system = { file = "system.txt", more = 1 }', "wrong_setting", "table"),
        ("owner = true", "wrong_setting", "boolean"),
        ('owner = "Zoë"', "wrong_setting", "letters"),
        ('owner = ""', "wrong_setting", "a blank text"),
        ("owner = 2026-11-22", "wrong_setting", "a date or time"),
        ("mapping = 'q'", "wrong_setting", "a table"),
        ("[mapping]\nprompt = 'q'", "wrong_setting", "mapping.completion"),
        ("[mapping]\ncompletion = 'a'", "wrong_setting", "found nothing"),
        ("[mapping]\nprompt = ''\ncompletion = 'a'", "wrong_setting", "mapping.prompt"),
        ("[mapping]\nprompt = 1\ncompletion = 'a'", "wrong_setting", "another number"),
        ("[mapping]\nprompt = 'q'\ncompletion = 'q'", "wrong_setting", "different names"),
        ("[mapping]\nprompt = 'q'\ncompletion = 'a'\nanswer = 'a'", "unknown_setting", "in mapping"),
        ("[mapping]\nmessages = 'm'\ncompletion = 'a'", "wrong_setting", "or for messages"),
        ("validation_share = 0.51", "wrong_setting", "from 0 to 0.5"),
        ("validation_share = -0.1", "wrong_setting", "from 0 to 0.5"),
        ("validation_share = nan", "wrong_setting", "from 0 to 0.5"),
        ("validation_share = true", "wrong_setting", "boolean"),
        ("validation_share = '0.1'", "wrong_setting", "another text"),
        ("checks = []", "wrong_setting", "a table"),
        ("[checks]\nignore = 'exact_duplicate'", "wrong_setting", "a list of codes"),
        ("[checks]\nerror = ['Exact Duplicate']", "wrong_setting", "a list of codes"),
        ("[checks]\nwarn = []", "unknown_setting", "ignore, error"),
        ("[tools]\nrendering = 'json-blocks-2'", "wrong_setting", "one of json-blocks-1"),
        ("[tools]\nrendering = ['json-blocks-1']", "wrong_setting", "another list"),
        ("[tools]\nkeep = true", "unknown_setting", "in tools; allowed: rendering"),
        ("[job]\nstart = 'now'", "wrong_setting", "on_accept, manual"),
        ("[job]\nstart = true", "wrong_setting", "boolean"),
        ("[job]\nsplits = ['train', 'eval']", "wrong_setting", "train, validation, test"),
        ("[job]\nsplits = []", "wrong_setting", "an empty list"),
        ("[job]\nsplits = 'train'", "wrong_setting", "train, validation, test"),
        ("[job]\nbase_model = 'gpt'", "unknown_base_model", "nova-lite"),
        ("[job]\nbase_model = 7", "wrong_setting", "another number"),
        ("[job]\nhyperparameters = 3", "wrong_setting", "a table of names with numbers"),
        ("[job]\nhyperparameters = { epochCount = true }", "wrong_setting", "a table of names with numbers"),
        ("[job]\nhyperparameters = { epochCount = inf }", "wrong_setting", "a table of names with numbers"),
        ("[job]\nname = 'x'", "unknown_setting", "start, splits, base_model, hyperparameters"),
        ("[[job]]\nstart = 'manual'", "wrong_setting", "another list"),
        ("[deployment]\nhours = 8", "wrong_setting", "deployment.name"),
        ("[deployment]\nname = 'Support_Bot'", "wrong_setting", "deployment.name"),
        ("[deployment]\nname = 'nova-lite'", "wrong_setting", "no base model has"),
        ("[deployment]\nname = 'bot'\nserving = 'imported'", "wrong_setting", "on_demand, provisioned_throughput"),
        ("[deployment]\nname = 'bot'\nmodel_units = 0", "wrong_setting", "1 or more"),
        ("[deployment]\nname = 'bot'\nmodel_units = true", "wrong_setting", "boolean"),
        ("[deployment]\nname = 'bot'\nhours = 1.5", "wrong_setting", "another number"),
        ("[deployment]\nname = 'bot'\nunits = 1", "unknown_setting", "name, serving, model_units, hours"),
        ("[evaluation]\ngate = 'better'", "wrong_setting", "name that in [deployment]"),
        (f"{GATED}gate = 'best'", "wrong_setting", "better, not_worse, none"),
        (f"{GATED}group_by = 'conversation'", "unknown_setting", "metric, against, gate"),
        (f"{GATED}margin = 1", "wrong_setting", "above 0 and below 1"),
        (f"{GATED}against = []", "wrong_setting", "1 to 4 deployments"),
        (f"{GATED}max_records = 5001", "wrong_setting", "1 to 5,000"),
        (f"{GATED}against = ['nova-2-lite']", "base_not_callable", "inference profile"),
        (f"base_models = ['llama-3-3-70b']\n{GATED}", "base_not_callable", "llama-3-3-70b"),
    ],
)
def test_a_setting_that_cannot_be_followed_is_named_with_what_is_allowed(text, code, named):
    (defect,) = parse(text).defects
    assert defect.code == code
    assert named in defect.message


def test_the_rest_of_the_settings_holds_beside_a_wrong_one():
    found = parse('base_models = ["nova-lite", "gpt"]\nsystem = 3\nowner = "me"')
    assert (found.base_models, found.owner) == (("nova-lite",), "me")


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        ('owner = "a"\n\n# base_modles = 1\nbase_modles = []', 4, "$.base_modles"),
        ('[job]\n[deployment]\nname = "bot"\n"hours" = "8"', 4, "$.deployment.hours"),
        ("[job]\nstart = 'on_accept'\nhyperparameters.epochCount = true", 3, "$.job.hyperparameters"),
        ("job.start = 'now'", 1, "$.job.start"),
        ('owner = "a"\njob = { start = "now" }', 2, "$.job.start"),
        ("base_models = [\n 'nova-lite',\n 'gpt',\n]", 1, "$.base_models"),
        ('[base_models.nova-lite]\n[base_models."gpt 9"]', 2, "$.base_models.'gpt 9'"),
        ("system = '''\nowner = 1\n'''\nowner = 2", 4, "$.owner"),
        ('system = """one line"""\nowner = 2', 2, "$.owner"),
        ("[mapping]\nprompt = 'q'", 1, "$.mapping.completion"),
    ],
)
def test_every_defect_says_its_line_and_path(text, line, path):
    (defect,) = parse(text).defects
    assert (defect.line, defect.path) == (line, path)


def test_lines_are_kept_for_what_is_found_wrong_later():
    found = parse("owner = 'me'\r\n[checks]\r\nignore = ['no_such_check']")
    assert (found.lines["$.checks.ignore"], found.lines["$.owner"]) == (3, 1)


def test_values_and_long_names_are_never_quoted_whole():
    found = parse(f'owner = "Zoë 4711"\n{"k" * 90} = "secret 4711"')
    said = " ".join(f"{defect.message} {defect.path}" for defect in found.defects)
    assert len(found.defects) == 2
    assert "4711" not in said
    assert "k" * 50 not in said


def test_what_is_not_toml_is_told_with_its_line():
    (defect,) = parse('owner = "a"\nsystem = "unfinished').defects
    assert (defect.code, defect.line) == ("invalid_settings", 2)


@pytest.mark.parametrize("raw", [b"owner = '\xff'", b"#" * (dataset_toml.MAX_BYTES + 1), b"a = " + b"[" * 5_000])
def test_what_cannot_be_read_at_all_is_one_defect(raw):
    (defect,) = parse(raw).defects
    assert defect.code == "invalid_settings"


_SCALARS = st.sampled_from(['"a"', "''", "0", "1.5", "true", "nan", "2026-11-22", "[]", '["train"]', "{}", "{ a = 1 }"])


@given(st.lists(st.tuples(st.sampled_from([*dataset_toml.KEYS, "[job]", "[checks]", "start", "name"]), _SCALARS)))
def test_no_value_of_a_known_key_makes_it_raise(pairs):
    parse("\n".join(key if key.startswith("[") else f"{key} = {value}" for key, value in pairs))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_it_raise(raw):
    parse(raw)
