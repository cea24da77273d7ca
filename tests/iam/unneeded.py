"""Atoms that are granted although no recorded call and no service needs them, each with its reason; none is stale."""

from __future__ import annotations

from tests.template.stack import ACCOUNT, REGION

_EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
_INTERFACES = f"{_EC2}network-interface/*"
_CREATE = "ec2:CreateNetworkInterface"
_NETWORK = (
    f"InAllowedSecurityGroups {_CREATE} {_EC2}security-group/*",
    f"InAllowedSubnets {_CREATE} {_EC2}subnet/* ec2:SubnetID=subnet-0a1b2c",
    f"InAllowedSubnets {_CREATE} {_EC2}subnet/* ec2:SubnetID=subnet-0d4e5f",
    f"InterfacesOfBedrock ec2:CreateNetworkInterfacePermission {_INTERFACES}",
    f"InterfacesOfBedrock ec2:DeleteNetworkInterface {_INTERFACES}",
    f"InterfacesOfBedrock ec2:DeleteNetworkInterfacePermission {_INTERFACES}",
    f"InterfacesOfJobs {_CREATE} {_INTERFACES}",
    "LookAtTheNetwork ec2:DescribeDhcpOptions *",
    "LookAtTheNetwork ec2:DescribeNetworkInterfaces *",
    "LookAtTheNetwork ec2:DescribeSecurityGroups *",
    "LookAtTheNetwork ec2:DescribeSubnets *",
    "LookAtTheNetwork ec2:DescribeVpcs *",
    "TagInterfaces aws:TagKeys=BedrockManaged",
    "TagInterfaces aws:TagKeys=BedrockModelCustomizationJobArn",
    f"TagInterfaces ec2:CreateTags {_INTERFACES}",
)
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-0000-4000-8000-000000000000"
_USES = ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")

UNNEEDED: dict[str, str] = {
    **{f"BedrockRole {atom}": "Bedrock reads a job's data through the caller's VPC with these" for atom in _NETWORK},
    **{
        f"SpendingRequestedRole CallersKeysForCustomModels kms:{use} {_KEY}": "Bedrock encrypts with the caller's key"
        for use in _USES
    },
}
"""By the atom's words, as the prover prints them."""
