"""Wording that may be meant for a machine that reviews. Nobody can know whom a sentence is for: it
is told to people, and moves nothing."""

import re


def _near(words: int) -> str:
    """At most so many words between two others."""
    return rf"(?:\W+[\w'’-]+){{0,{words}}}?\W+"


_MACHINE = (
    r"(?:ai|a\.i\.|llms?|language models?|gpts?|chatgpt|copilot|claude|gemini|assistants?"
    r"|(?:automated|automatic|code[- ]?review|review|reviewing|reviewer) "
    r"(?:bots?|agents?|models?|tools?|systems?|assistants?|reviewers?|reviews?))"
)
_ADDRESSED = rf"(?:{_MACHINE}|reviewers?|whoever reviews|you)"
_THIS = (
    r"(?:this|these|the|that|our) (?:whole |entire |following |above |below )?"
    r"(?:pull requests?|prs?|changes?|changeset|diffs?|patch|commits?|files?|code|module|function"
    r"|section|block|lines?|submission|contribution)"
)
_FAULTS = (
    r"(?:findings?|issues?|problems?|concerns?|vulnerabilit(?:y|ies)|bugs?|defects?|weaknesses"
    r"|faults?|anything|comments?|warnings?)"
)
_TELL = r"(?:report|flag|raise|mention|list|note|output|return|criticis|criticiz|comment|find|warn)"
_NOT = (
    r"(?:do not|don['’]t|never|not to|must not|should not|need not|refrain from|avoid|without"
    r"|no need to)"
)
_FINE = (
    r"(?:safe|secure|correct|approved|reviewed|resolved|trusted|harmless|benign|fine|acceptable"
    r"|clean)"
)
_ORDERS = (
    # To forget other orders.
    r"(?:ignore|disregard|forget|override|bypass|discard|set aside|drop)"
    rf"{_near(4)}(?:previous|prior|earlier|above|preceding|system|your|foregoing|initial|original)"
    rf"{_near(3)}(?:instructions?|prompts?|rules|guidelines|directions|directives|orders|training"
    r"|told|says)",
    r"(?:ignore|disregard|forget|override) (?:what |all |everything |anything |whatever )?"
    r"(?:that )?(?:you (?:were|have been|had been)|the system prompt|the rules\W)",
    r"your (?:new|real|actual|only|true) (?:task|role|job|goal|purpose) is (?:now )?to",
    r"(?:new|real|actual) (?:instructions?|system prompt|directives?) (?:for|to) (?:you|the)",
    # A role, or what is wanted, said to a machine.
    r"you are (?:now )?(?:an? |the )?(?:\w+ ){0,3}(?:reviewer|assistant|language model|bot)",
    r"(?:attention|note to|dear|hey|message (?:for|to)|instructions? (?:for|to)) "
    rf"(?:the |all |any )?{_MACHINE}",
    rf"{_MACHINE}{_near(6)}(?:approve|lgtm|accept|skip|ignore|sign off|look away|pass over)"
    rf"{_near(3)}{_THIS}",
    rf"{_MACHINE}{_near(6)}(?:treat|consider|rate|mark|classify|regard|deem){_near(8)}{_FINE}",
    # What a review should come to.
    rf"{_ADDRESSED}{_near(4)}{_NOT} {_TELL}\w*{_near(5)}(?:{_FAULTS}|{_THIS})",
    rf"{_TELL}(?:s|ing)? (?:that there (?:are|is) )?(?:no|zero|an empty list of) (?:\w+ )?"
    r"(?:findings|issues|problems|vulnerabilities|bugs|concerns)",
    r"(?:respond|reply|answer|conclude)(?: only)? with (?:an? )?"
    r"(?:empty (?:list|array|findings)|approv\w+|lgtm|no findings)",
    r"(?:there are|has|contains|with) no findings",
    r"(?:findings|suggestions) (?:array|list|field)?(?: ?must| ?should)? ?(?:be )?(?:left )?empty",
    r"empty (?:list of |array of )?findings",
    rf"verdict(?: of)?(?: for {_THIS})?\W+(?:must |should |shall |has to |is to )?"
    r"(?:be |is |remain )?(?:an? )?[\"'`]?approv\w+",
    r"(?:severity|severities)(?: of)?(?: \w+){0,4} (?:to|as|at|be|is|:) ?(?:most )?[\"'`]?"
    rf"(?:low|lowest|none|info)\b{_near(4)}(?:findings?|everything|always|regardless)",
    r"(?:set|keep|mark|lower|cap|rate) (?:the )?severity of (?:everything|all|any|every|each)",
    r"(?:when|while|in) (?:summari[sz]ing|reviewing|analy[sz]ing|the review|your review)"
    rf"{_near(6)}(?:state|say|write|conclude|report|answer|output) (?:that|no|nothing|only)",
    rf"{_NOT} {_TELL}\w*{_near(3)}{_FAULTS}{_near(2)}{_THIS}",
    rf"(?:treat|consider|regard|deem) {_THIS}{_near(4)}(?:{_FINE}|out of scope)",
    rf"pre-?approved {_THIS}",
    rf"{_THIS} (?:has|have|was|were|is|are) (?:already )?(?:been )?(?:\w+ )?"
    r"(?:audited|vetted|pre-?approved|cleared|approved|verified|reviewed and approved)"
    rf"{_near(12)}(?:skip|no (?:further|additional|more) |do not|don['’]t|need not|approve)",
    r"(?:no|skip|without) (?:further|additional|more|any) (?:review|analysis|scrutiny)(?: is)?"
    r"(?: needed| required| necessary)",
    rf"{_NOT} (?:review|analy[sz]e|examine|scrutini[sz]e|inspect|look at) {_THIS}",
    rf"approve {_THIS}{_near(3)}(?:without|regardless|immediately|unconditionally|whatever)",
)
_CHAT = (
    r"<\|?(?:im_start|im_end|system|endoftext|assistant)\|?>|\[/?(?:INST|SYS)\]"
    r"|<</?(?:data-|SYS)[^>]{0,40}>>|(?:^|\n)\W*(?:system|developer) (?:message|prompt|note)\W*:"
)
_PHRASES = re.compile("|".join(rf"\b(?:{order})" for order in _ORDERS))
_MARKS = re.compile(_CHAT, re.IGNORECASE)
_EDGES = re.compile(r"\n[ \t]*(?:[#*/;\-<!>\"'+|]+[ \t]*)*(?=\S)")

# No order is without one of these words; around them alone it is looked for.
_TRIGGERS = re.compile(
    r"ignor|disregard|forget|overrid|bypass|discard|set aside|directive|instruction"
    r"|(?:task|role|job|goal) is|you are|assistant|language model|llm|\bai\b|copilot|claude|gemini"
    r"|gpt|review|approv|lgtm|finding|verdict|severity|vulnerabilit|scrutin|whoever|refrain|empty"
    r"|summari[sz]ing"
)
_AROUND = 200
_ODD_LETTERS = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s"})
"""What is read as an ordinary letter, and is none in lower case."""


def talks(text: str) -> bool:
    """Whether the wording may be meant for a machine that reviews, also over the lines of a
    comment."""
    if _MARKS.search(text):
        return True
    # Expressions that disregard case by themselves take five times as long.
    joined = _EDGES.sub(" ", text).translate(_ODD_LETTERS).lower()
    seen = 0
    for trigger in _TRIGGERS.finditer(joined):
        if trigger.start() >= seen:
            seen = trigger.start() + _AROUND
            if _PHRASES.search(joined[max(0, trigger.start() - _AROUND) : seen + _AROUND]):
                return True
    return False
