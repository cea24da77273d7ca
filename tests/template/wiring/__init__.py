"""The wiring prover: every edge between two resources of the translated template, held against what AWS asks of it.

A check takes what one set of parameters deploys and the functions' sources, and yields what is wrong. `faults.py` seeds
faults, and each of them has to be found: that is what the checks are worth.
"""
