"""A deployed stack, reached with the person's own credentials: its ControlApi and its bucket."""

from __future__ import annotations

import argparse
import os
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunedrop.domain.reports import next_commands

from tunedrop_cli.errors import Refused, WrongUsage

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_s3 import S3Client

    from tunedrop_cli.control import ControlApi

URL_VARIABLE = "TUNEDROP_CONTROL_API_URL"
BUCKET_VARIABLE = "TUNEDROP_DATA_BUCKET"
NAME_VARIABLE = "TUNEDROP_STACK_NAME"
UNKNOWN = "ValidationError"
"""CloudFormation's answer about a stack that it does not know (docs/facts.md#cloudformation)."""


def add_name_to(command: argparse.ArgumentParser) -> None:
    """Add the option that names a stack, for commands that ask nothing of ControlApi."""
    command.add_argument("--stack-name", help=f"CloudFormation stack; default: ${NAME_VARIABLE}, else tunedrop")


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options that name a stack."""
    add_name_to(command)
    command.add_argument("--url", help=f"URL of ControlApi; default: ${URL_VARIABLE}, else the stack's output")


def again(chosen: argparse.Namespace, command: str) -> str:
    """A command of ours that asks the same stack as this one did."""
    options = ["--stack-name", chosen.stack_name] if chosen.stack_name else []
    options += ["--url", chosen.url] if chosen.url else []
    return f"{command} {shlex.join(options)}" if options else command


def typed(chosen: argparse.Namespace, leave_out: str = "") -> str:
    """The command line as it was typed."""
    return shlex.join(["tunedrop", *(word for word in chosen.typed if word != leave_out)])


def _session() -> boto3.Session:
    """Open a boto3 session. Raises WrongUsage if `tunedrop` was installed without boto3."""
    try:
        import boto3
    except ModuleNotFoundError as missing:
        if missing.name not in {"boto3", "botocore", "s3transfer"}:
            raise
        raise WrongUsage("commands that call AWS need boto3: pip install 'tunedrop[aws]'") from None
    return boto3.Session()


@dataclass(slots=True)
class Stack:
    """A stack found by options, environment variables, or its outputs, in this order. Raises WrongUsage without boto3.

    Methods that call AWS pass its SDK's errors on.
    """

    chosen: argparse.Namespace
    session: boto3.Session = field(default_factory=_session)
    _description: StackTypeDef | None = None

    @property
    def name(self) -> str:
        """The stack's name."""
        return str(self.chosen.stack_name or os.environ.get(NAME_VARIABLE) or next_commands.DEFAULT_STACK)

    def api(self) -> ControlApi:
        """A client of ControlApi. Raises Refused without credentials, or if there is no such stack."""
        from tunedrop_cli.control import ControlApi

        credentials = self.session.get_credentials()
        if credentials is None or self.session.region_name is None:
            raise Refused(0, {"code": "no_credentials", "message": "set AWS credentials and a Region first"})
        url = self.chosen.url or self.variable(URL_VARIABLE) or self.output("ControlApiUrl")
        return ControlApi(url, self.session.region_name, credentials)

    def bucket(self) -> str:
        """The name of the data bucket. Raises Refused if there is no such stack."""
        return self.chosen.bucket or self.variable(BUCKET_VARIABLE) or self.output("DataBucketName")

    def s3(self) -> S3Client:
        """An S3 client with the person's credentials."""
        return self.session.client("s3")

    def variable(self, name: str) -> str | None:
        """What the environment says of the stack, unless the person named another one than it speaks of."""
        named = self.chosen.stack_name
        return os.environ.get(name) if named is None or named == os.environ.get(NAME_VARIABLE) else None

    def description(self) -> StackTypeDef:
        """What CloudFormation says of the stack: its ARN, parameters and outputs. Raises Refused if it knows none."""
        if self._description is None:
            self._description = self._described()
        return self._description

    def _described(self) -> StackTypeDef:
        from botocore.exceptions import ClientError

        try:
            return self.session.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != UNKNOWN:
                raise
            words = (
                f"CloudFormation knows no stack {self.name} in {self.session.region_name}: --stack-name and AWS_REGION "
                f"say which one. If it was deleted, tunedrop cleanup --stack-name {self.name} shows what it has left"
            )
            raise Refused(0, {"code": "no_stack", "message": words}) from error

    def output(self, name: str) -> str:
        """One output. Raises Refused if the stack has none of that name."""
        outputs = {each["OutputKey"]: each["OutputValue"] for each in self.description().get("Outputs", [])}
        if name not in outputs:
            raise Refused(0, {"code": "no_stack", "message": f"{self.name} is not a stack of Tunedrop"})
        return outputs[name]
