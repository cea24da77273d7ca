"""Training data in S3 becomes a tuned Amazon Bedrock model that other programs can call."""

__version__ = "0.1.0"
