"""From typed data to something that runs: inputs to Hypothesis strategies, obligations to checks."""
