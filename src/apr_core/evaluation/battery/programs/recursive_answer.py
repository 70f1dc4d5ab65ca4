"""Answers with a list that holds itself.

family: forging
task: sort_words
classes: wrong-answer, exception
fools: none, because comparing it raises RecursionError; it must not take the checker along
"""


def sort_words(text):
    answer = []
    answer.append(answer)
    return answer
