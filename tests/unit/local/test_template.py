"""Reading the template as `sam build` would."""

from __future__ import annotations

from pathlib import Path

import pytest
from tunedrop_local import template

TEXT = """
Globals: {Function: {CodeUri: functions}}
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: makefile}
    Properties: {ContentUri: layers/dependencies}
  Own: {Type: AWS::Serverless::Function, Properties: {CodeUri: own, Handler: a.b}}
  Remote: {Type: AWS::Serverless::Function, Properties: {CodeUri: "s3://bucket/key", Handler: a.b}}
  Common: {Type: AWS::Serverless::Function, Properties: {Handler: a.b}}
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Version: 2012-10-17
      Name: !Sub "${AWS::StackName}-x"
      Arn: !GetAtt Own.Arn
      List: !If [Wanted, !Ref Own, !Ref "AWS::NoValue"]
      Condition: !Condition Known
"""


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "template.yaml").write_text(TEXT)
    return template.load(tmp_path / "template.yaml")


def test_short_forms_become_long_and_dates_stay_text(loaded):
    assert loaded["Resources"]["Policy"]["Properties"] == {
        "Version": "2012-10-17",
        "Name": {"Fn::Sub": "${AWS::StackName}-x"},
        "Arn": {"Fn::GetAtt": ["Own", "Arn"]},
        "List": {"Fn::If": ["Wanted", {"Ref": "Own"}, {"Ref": "AWS::NoValue"}]},
        "Condition": {"Condition": "Known"},
    }


def test_local_folders_are_found_and_remote_code_is_left_alone(loaded):
    found = {each.logical_id: (each.path, each.built_by_make) for each in template.folders(loaded, Path("/base"))}
    assert found == {
        "Globals": (Path("/base/functions"), False),
        "Layer": (Path("/base/layers/dependencies"), True),
        "Own": (Path("/base/own"), False),
    }


def test_uploads_take_the_place_of_folders_in_a_copy(loaded):
    changed = template.with_uploads(loaded, "bucket", {"Globals": "g.zip", "Layer": "l.zip"})
    assert changed["Globals"]["Function"]["CodeUri"] == {"Bucket": "bucket", "Key": "g.zip"}
    assert changed["Resources"]["Layer"]["Properties"]["ContentUri"] == {"Bucket": "bucket", "Key": "l.zip"}
    assert loaded["Globals"]["Function"]["CodeUri"] == "functions"


def test_what_is_no_template_is_refused(tmp_path):
    (tmp_path / "template.yaml").write_text("hello: world")
    with pytest.raises(ValueError, match="it has no Resources"):
        template.load(tmp_path / "template.yaml")
