"""A stand-in for a language model that speaks OpenAI's chat protocol and understands nothing.

    python -m infra.local.model --port 8801

It answers from the text it is given: with a JSON Schema by filling the schema with sentences of the
request's user messages, word for word where a quote is asked for; without one by a short
extract in Markdown. So a program around a model can be developed and tested without one: quotes it
checks are really found, but what the answer says is worth nothing. The same request always gets the
same answer, down to the id; `created` is 0, and tokens are estimated as four characters each.

Served: `POST {any prefix}/chat/completions`, streamed or not, and `GET {any prefix}/models`.
Refused, with OpenAI's error body and status 400: forced tool calls, more than one choice, parts of
a message that are no text, a schema for which no value is found. Keys are not checked.
`GET /__calls` tells a test what was asked: never the text, only its SHA-256.
"""

MODEL = "amida-stand-in-1"
