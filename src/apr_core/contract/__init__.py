"""What is claimed: the schema of a contract file, its expressions, and how files are found and read.

    load          files: found, named, read, and every problem of one at once
     ├── yaml, scalars        text to plain data with places, by the YAML 1.2 core schema
     ├── schema, obligations, inputs     the models; jsonschema: the same for editors
     ├── messages, shape      what does not fit the models, in plain words
     └── check, check_inputs, check_obligations, scope, templates     what the models cannot say
    expression    one source to one value
     ├── translation, refusals           syntax tree to closures, and what is told of the rest
     ├── frame, operators                evaluation
     └── vocabulary           the functions that every expression may call
    diff          two contracts: what changed between them, by meaning
    limits        every bound on a hostile file

Knows no torch, no Hypothesis and no pytest. Nothing here runs a subject.
"""
