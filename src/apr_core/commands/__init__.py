"""The commands of `apr`, one module per family; `apr_core.cli` imports the one that is used and no other."""
