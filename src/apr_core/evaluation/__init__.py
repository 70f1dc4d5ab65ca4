"""From a model's completions to results that the completions cannot forge.

Benchmarks, prompts, extraction, the sandbox, and what is computed from the results. Nothing here judges: a claim about a
model is judged on the evidence record that an evaluation ends in.
"""
