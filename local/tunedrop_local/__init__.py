"""The embedded cloud: the real template on one machine, with no AWS account and no Docker.

Only `server` and `adapter` need the local environment; everything else runs on the standard library and boto3.
"""
