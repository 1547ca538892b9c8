"""What a sentence states, and whether given words back it: numbers, amounts, dates, names, quoted
words. Pure, and in time that grows with the length of the text alone.

`proving.Ground` is the door for sentences that rest on quotes, `quantities` and `prose` are those
for Markdown texts.
"""
