"""Blocks of code that do not parse, whatever they do to their parsers."""

from shared.papers.code import CodeParsers
from shared.sandbox.runner import Limits

GOOD = {
    "python": "x = [1]",
    "json": '{"a": 1}',
    "yaml": "a: 1\nb: [1]",
    "toml": "a = 1",
    "js": "const x = () => 1;",
    "ts": "let x: number = 1;",
    "tsx": "const a = <div>x</div>;",
    "java": "int x = 1;\nclass A { void f() {} }",
    "go": "func main() { x := 1 }",
    "rust": "fn main() { let x = 1; }",
    "c": "int main(void) { return 0; }",
    "cpp": "std::vector<int> v{1};",
    "csharp": "var x = 1; Console.WriteLine(x);",
    "bash": "curl -H 'A: b' $URL | jq . && echo \"${X:-1}\"",
    "html": "<p>hi</p>",
    "css": "a { color: red; }",
    "ruby": "def f; 1; end",
    "php": "<?php\n$x = 1; echo $x;",
    "cobol": "nobody knows (",
    "": "nor this [",
}
BROKEN = {
    "python": "x = [1",
    "json": '{"a": 1,}',
    "yaml": "a: [1",
    "toml": "a = ",
    "js": "const x = (",
    "ts": "let x: = 1;",
    "tsx": "const a = <div>x;",
    "java": "class A { void f( }",
    "go": "func main( {",
    "rust": "fn main( { let",
    "c": "int main(void { return",
    "cpp": "std::vector<int v{1;",
    "csharp": "var x = ;;; (",
    "bash": "if true; then",
    "html": "<p",
    "css": "a { color",
    "ruby": "def f(",
    "php": "$x = ;",
}


def fenced(code: dict[str, str]) -> str:
    return "\n\n".join(f"```{language}\n{text}\n```" for language, text in code.items())


async def test_code_is_parsed_in_its_language() -> None:
    assert await CodeParsers().broken_blocks(fenced(GOOD)) == []
    found = await CodeParsers().broken_blocks(fenced(BROKEN))
    assert [one.language for one in found] == list(BROKEN)


async def test_a_block_without_an_end_is_broken() -> None:
    assert [one.closed for one in await CodeParsers().broken_blocks("```\nopen")] == [False]


async def test_parsers_that_crash_or_tire_say_nothing() -> None:
    deep = f"```python\n{'-' * 300_000}1\n```"
    assert await CodeParsers().broken_blocks(deep) == []
    assert await CodeParsers(Limits(seconds=0.001)).broken_blocks(fenced(GOOD)) == []
    assert await CodeParsers(Limits(seconds=0.001)).broken_blocks("no code") == []
