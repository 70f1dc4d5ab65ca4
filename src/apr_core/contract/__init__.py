"""What is claimed: the schema of a contract file, its expressions, and how files are found and read.

Knows no torch, no Hypothesis and no pytest. Nothing here runs a subject.
"""
