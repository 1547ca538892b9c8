"""Numbers that are proved, and words that say no more than they do.

`reckoning.find_facts` makes the facts, `claims.check` holds words against them.
"""
