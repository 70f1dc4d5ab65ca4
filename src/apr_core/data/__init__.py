"""Preparing data: preference pairs, decontamination."""
