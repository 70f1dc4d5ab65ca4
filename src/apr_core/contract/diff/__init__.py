"""What changed between two contracts, by meaning: loosened, tightened, reworded.

    folders       two sets of files: paired by id, moved, dropped, new; the scales that bind their words
     ├── contracts    two contracts: claims paired and told apart, mutants, the version that this asks for
     │    ├── claims       two claims: their fields, and what they rest on (inputs, subjects, evidence)
     │    │    ├── rules       the table: which way each field is looser
     │    │    └── domains     the same for inputs: which of two domains has more cases
     │    └── wording      values and names as a sentence shows them
     ├── order        two numbers, intervals, sets, conditions: which one is more
     ├── forms        what an expression is, whatever it is written like
     └── change       what comes out: one change, its kind, and the level that follows from the kind

The one thing a reader would get wrong: nothing is compared by its text, and nothing is left out for want of a rule. A
field without a rule, of a type that this package has never heard of, is "changed in meaning" as soon as its value differs.
"""
