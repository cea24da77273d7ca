"""What the application knows: base models, records, checks, versions, jobs, purchases, messages.

Pure: no AWS, no clock, no environment, no I/O but the bytes that are handed in.
"""
