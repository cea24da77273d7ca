"""The embedded cloud: runs the real template on one machine, without an AWS account or Docker.

Only `server` and `adapter` need the local environment; everything else runs on the standard library and boto3.
"""
