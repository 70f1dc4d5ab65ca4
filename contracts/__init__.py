"""What is claimed: contracts, one file each, and the scales that bind their words to a size of experiment.

The one thing a reader would get wrong: there is no Python here. The file makes the folder a package, so that the
contracts are installed with apr-core as the data of `apr_core.contracts`.
"""
