"""What was measured: immutable records, the folders that hold them, and the measures computed from them.

Nothing here judges. A measure says what the records show and how much of it they leave open.
"""
