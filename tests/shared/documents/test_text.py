"""What is read of files of text: the words, and where each stands."""

import json

import pytest

from shared.documents.extract import Extract, Places
from shared.documents.file_types import SOURCE
from shared.documents.text.plain import MAX_CHARACTERS
from shared.documents.text.reader import read_text
from shared.errors import DocumentFault, Unreadable

PLAIN, MARKDOWN, HTML = "text/plain", "text/markdown", "text/html"
CSV, JSON, XML = "text/csv", "application/json", "application/xml"


def read(kind: str, text: str | bytes, name: str = "a") -> Extract:
    return read_text(kind, name, text.encode() if isinstance(text, str) else text)


def placed(extract: Extract, words: str) -> str:
    """Where in the document the words stand."""
    start = extract.text.index(words)
    return Places(extract.blocks).place(start, start + len(words))


def headed(extract: Extract) -> list[tuple[str, list[str]]]:
    return [(block.text.strip(), block.headings) for block in extract.blocks]


@pytest.mark.parametrize("kind", [PLAIN, SOURCE])
def test_plain_text_is_kept_as_it_is(kind: str) -> None:
    extract = read(kind, "a\r\n  b\rlast\x0cpage\n")
    assert extract.text == "a\n  b\nlast\x0cpage\n"
    assert placed(extract, "last") == "line 3"
    assert extract.notes == []


@pytest.mark.parametrize(
    ("kind", "data", "note"),
    [
        (PLAIN, "\ufeffGröße".encode(), None),
        (PLAIN, "Größe".encode("utf-16"), "utf-16"),
        (PLAIN, "Größe".encode("utf-32"), "utf-32"),
        (PLAIN, "Die Größe – 5 €".encode("cp1252"), "cp1252"),
        (PLAIN, "Smlouva je uzavřena, žluťoučký kůň úpěl.".encode("cp1250"), "cp1250"),
        (PLAIN, "Část první: už běží zkoušky, dobře šlo.".encode("iso8859-2"), "iso8859-2"),
        (PLAIN, "Bu sözleşme süreli olarak geçerlidir, değiştirilemez.".encode("cp1254"), "cp1254"),
        (PLAIN, "هذا العقد ساري المفعول لمدة خمس سنوات.".encode("cp1256"), "cp1256"),
        (PLAIN, "Le contrat a été signé à l’été, dès août.".encode("mac-roman"), "mac-roman"),
        (PLAIN, "Smlouva je uzavřena na dobu pěti let.".encode("mac-latin2"), "mac-latin2"),
        (PLAIN, "Договор действует пять лет.".encode("mac-cyrillic"), "mac-cyrillic"),
        (PLAIN, "この契約は有効です。".encode("iso-2022-jp"), "iso2022_jp_2"),
        (PLAIN, "Größe, größer\n".encode("utf-16-le"), "utf-16-le"),
        (PLAIN, b"ASCII\n" * 90_000 + "Die Größe – 5 €".encode("cp1252"), "cp1252"),
        (PLAIN, "この契約は有効です。".encode("cp932"), "cp932"),
        (PLAIN, "本合同有效期为五年。".encode("gbk"), "gb18030"),
        (PLAIN, "Договор действует пять лет.".encode("koi8-r"), "koi8-r"),
        (
            PLAIN,
            "Größe, größer: ".encode() * 9 + b"\xff",
            "utf-8; 1 of its characters could not be read",
        ),
        (HTML, "<meta charset=iso-8859-2><p>Žluť".encode("iso-8859-2"), "iso8859-2"),
        (HTML, "<meta charset=shift_jis><p>カナ".encode("cp932"), "cp932"),
        (XML, "<?xml version='1.0' encoding='windows-1251'?><a>Да</a>".encode("cp1251"), "cp1251"),
        (XML, "<?xml version='1.0' encoding='utf-16'?><a>Größe</a>".encode("utf-16"), "utf-16"),
        (XML, "<?xml version='1.0' encoding='zlib'?><a>Größe</a>".encode(), None),
        (XML, "<?xml version='1.0' encoding='macintosh'?><a>été</a>".encode("mac-roman"),
         "mac-roman"),
        (XML, "<?xml version='1.0' encoding='IBM037'?><a>Größe</a>".encode("cp037"), "cp037"),
        (HTML, "<meta charset=iso-2022-jp><p>カナ".encode("iso-2022-jp"), "iso2022_jp"),
        (HTML, "<meta charset=x-mac-cyrillic><p>Да".encode("mac-cyrillic"), "mac-cyrillic"),
    ],
)  # fmt: skip
def test_encodings_are_told_and_noted(kind: str, data: bytes, note: str | None) -> None:
    extract = read(kind, data)
    words = ("Größe", "有効", "有效", "Договор", "Žluť", "カナ", "Да", "žluťoučký", "běží",
             "sözleşme", "العقد", "août", "uzavřena", "été")  # fmt: skip
    assert note is None or note.startswith(extract.encoding or "")
    assert any(word in extract.text for word in words)
    assert extract.notes == ([f"The text was read as {note}."] if note else [])


def test_control_characters_are_left_out_with_a_note() -> None:
    extract = read(PLAIN, b"one\x00 two\x0c\n\x1b[31mred\n" + b"more text\n" * 20 + b"\x1a")
    assert extract.text == "one two\x0c\n\x1b[31mred\n" + "more text\n" * 20
    assert extract.notes == ["Control characters were left out: 2."]
    assert extract.encoding == "utf-8"


def test_markdown_is_cut_at_its_headings() -> None:
    extract = read(
        MARKDOWN,
        "---\ntitle: x\n---\nintro\n\n# One #\ntext\n```\n# no heading\n```\n### Deep ##\n\n"
        "Under\nlined\n---\n- item\n---\n    # code\n#no\n~~~\n# open fence",
    )
    assert [(block.line, block.headings) for block in extract.blocks] == [
        (1, []),
        (6, ["One"]),
        (11, ["One", "Deep"]),
        (13, ["One", "Under lined"]),
    ]
    assert extract.title == "One"
    assert placed(extract, "# no heading") == "line 9"
    assert placed(extract, "#no") == "line 19"


PAGE = """<!doctype html><head><title> The
 page </title><style>p{}</style></head><body>
<nav>Home</nav><h1>Report &amp; more</h1><p>First <b>bo</b>ld
 words<br>second&nbsp;line. <script>evil()</script></p><!-- comment -->
<p hidden>secret <b>one</b></p><div style="DISPLAY : none">secret two</div>
<h2>Sub</h2><ul><li>one</li><li>two<ul><li>three</ul></ul><img alt="a ship" src="http://x/y">
<table><caption>Rates</caption><tr><th>Year<th>Rate</tr><tr><td>1<td>5.3<br>%</tr></table>
<table><tr><td><h3>Laid out</h3><p>in a table</p></table><pre>  a
    b</pre>tail<noscript>no</noscript><template>no</template></body>"""


def test_html_is_what_a_browser_shows() -> None:
    extract = read(HTML, PAGE)
    assert extract.title == "The page"
    one, two = ["Report & more"], ["Report & more", "Sub"]
    three = [*two, "Laid out"]
    assert headed(extract) == [
        ("Home", []),
        ("Report & more", one),
        ("First bold words\nsecond\u00a0line.", one),
        ("Sub", two),
        ("- one", two),
        ("- two", two),
        ("- three", two),
        ("a ship", two),
        ("Rates\nYear | Rate\n1 | 5.3 %", two),
        ("Laid out", three),
        ("in a table", three),
        ("a\n    b", three),
        ("tail", three),
    ]
    assert placed(extract, "First") == "Report & more, paragraph 2"
    assert placed(extract, "Laid out") == "Report & more › Sub › Laid out"
    assert extract.notes == ["Text that the page hides was left out."]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("3.2 x 10<sup>6</sup> persons, 25 m<sup>2</sup>", "3.2 x 10^6 persons, 25 m^2"),
        ("10<sup>-12</sup> H<sub>2</sub>O v<sub><i>max</i></sub>", "10^(-12) H_2O v_(max)"),
        ("the 1<sup>st</sup> claim<sup><a>[7]</a></sup>", "the 1st claim[7]"),
        ("is <del>five</del><ins>ten</ins> million", "is ~~five~~ten million"),
        ("<s>Old <b>clause</b>, <s>twice</s> </s>new", "~~Old~~ ~~clause~~~~,~~ ~~twice~~ new"),
        ("<span style='text-decoration: underline line-through red'>no</span>", "~~no~~"),
        ("<strike>10<sup>6</sup></strike>", "~~10~~~~^6~~"),
        ("<table><tr><td><del>a</del><td>b<sup>2</sup></table>", "~~a~~ | b^2"),
    ],
)
def test_what_a_format_says_is_said_in_signs(page: str, text: str) -> None:
    assert read(HTML, page).text.strip() == text


SCRIPT = "<script>for(i=0;i<e;i++){" + "x[0] = '<p>'; " * 900 + "}</script >"


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        (f"<p>one{SCRIPT}two", ["onetwo"]),
        (f"{SCRIPT.replace('script', 'STYLE')}<p>one", ["one"]),
        (f"<!-- <a {'b=1 ' * 900}> --><p>one", ["one"]),
        ("<p>one" + "<script>if(a<b)</script>" * 30_000, ["one"]),
        ("<!-- <script> --><p>one<script>x</script>", ["one"]),
        ("<p title='<script>'>one<script>x</script>", ["one"]),
        ("<textarea><!-- <script></textarea>one<script>x</script>", ["<!-- <script>one"]),
        ("<!--><p>one<!-- x", ["one"]),
        ("<p>one<script>x", ["one"]),
    ],
)
def test_scripts_and_comments_are_no_markup(page: str, texts: list[str]) -> None:
    extract = read(HTML, page)
    assert [block.text.strip() for block in extract.blocks] == texts
    assert extract.notes == []


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!NOTATION t SYSTEM "t"><!ENTITY p SYSTEM "p.tif" NDATA t>]><a>x</a>',
        "<!DOCTYPE a [<!NOTATION t SYSTEM 't'>\n<!ENTITY p PUBLIC '-' 'p.tif' NDATA t >]><a>x</a>",
        "<a><!-- <!ENTITY b 'c'> -->x</a>",
        "<a><![CDATA[x]]></a><?pi <!ENTITY b 'c'> ?>",
    ],
)
def test_entities_without_text_are_no_danger(text: str) -> None:
    assert read(XML, text).text == "x\n"


def test_xml_keeps_paths_lines_and_attributes() -> None:
    extract = read(
        XML,
        '<?xml version="1.0"?>\n<list xmlns:x="u" lang="de">\n <book id="5" x:y="z"><title>\n'
        'The &amp; title</title>\n<p>Some <b class="k">bold</b> text</p></book><!-- c -->\n'
        "<empty/><raw><![CDATA[<raw>]]></raw></list>",
    )
    assert headed(extract) == [
        ("lang: de", ["list"]),
        ("id: 5; y: z", ["list", "book"]),
        ("The & title", ["list", "book", "title"]),
        ("class: k | Some bold text", ["list", "book", "p"]),
        ("<raw>", ["list", "raw"]),
    ]
    assert placed(extract, "The & title") == "line 4"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Name;Ort;Betrag\nA;Bonn;5\nB;Köln;6,5\n", "Columns: Name, Ort, Betrag"),
        ('id,"full, name",day\n1,"a\nb",2024-01-02\n', "Columns: id, full, name, day"),
        ("Ann,Berlin\nBob,Bonn\n", None),
        ("1,2\n3,4\n", None),
        ("a,a\n1,2\n", None),
        ("a,b\n1,2\n3\n", None),
        ("a,b\n", None),
        ("just words\n", None),
        ('"open,quote\n' * 3, None),
    ],
)
def test_csv_stays_as_it_is_and_knows_its_columns(text: str, columns: str | None) -> None:
    (block,) = read(CSV, text).blocks
    assert block.text == text
    assert block.headings == ([columns] if columns else [])


def test_json_stays_as_it_is_but_for_long_lines_and_escaped_letters() -> None:
    text = '{"a": "\\u00fc \\ud83d\\ude00 \\n \\\\u00fc \\u0022", "b": [1.10, 1e5]}'
    extract = read(JSON, text)
    assert extract.text == text.replace("\\u00fc ", "ü ", 1).replace("\\ud83d\\ude00", "😀")
    rows = [{"id": n, "of": "a,{b}:[c]"} for n in range(99)]
    extract = read(JSON, json.dumps(rows, separators=(",", ":")))
    assert json.loads(extract.text) == rows
    assert placed(extract, '"id": 98') == f"line {98 * 4 + 3}"
    assert "broken into lines" in extract.notes[0]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (JSON, '{"a":'),
        (JSON, '// a comment\n{"a": 1}'),
        (JSON, '{"a": 1, "a": 2}'),
        (JSON, "[" * 100_000),
        (JSON, "[" + "1," * 600_000 + "1]"),
        (XML, "<a><b></a>"),
        (XML, "<a>&undeclared;</a>"),
        (XML, "<a>" * 100_000 + "x" + "</a>" * 100_000),
        (XML, "<a>" + "<b>x</b>" * 60_000 + "</a>"),
        (HTML, "<div>" * 100_000 + "deep"),
        (HTML, "<p " + " ".join(f"a{n}=1" for n in range(20_000)) + ">x"),
        (HTML, "<p>x" * 60_000),
        (MARKDOWN, "# a\n" * 60_000),
    ],
)
def test_what_cannot_be_followed_is_read_as_plain_text(kind: str, text: str) -> None:
    extract = read(kind, text)
    assert extract.text == text
    assert len(extract.notes) == 1


@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        (PLAIN, b"", DocumentFault.EMPTY),
        (PLAIN, b" \n\t\n", DocumentFault.EMPTY),
        (HTML, b" ", DocumentFault.EMPTY),
        (HTML, b"<p> </p><script>x</script>", DocumentFault.EMPTY),
        (XML, b"<a><b/></a>", DocumentFault.EMPTY),
        (XML, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', DocumentFault.BROKEN),
        (PLAIN, bytes(range(256)) * 50, DocumentFault.BROKEN),
        (XML, b'<!DOCTYPE a [<!ENTITY b SYSTEM "x"><!-- NDATA y -->]><a/>', DocumentFault.BROKEN),
        (XML, b'<!DOCTYPE a [<!NOTATION x SYSTEM "<!--"><!ENTITY b "c">]><a>--></a>',
         DocumentFault.BROKEN),
        (PLAIN, b"x" * (MAX_CHARACTERS + 1), DocumentFault.TOO_LARGE),
        (PLAIN, b" " * (4 * MAX_CHARACTERS + 1), DocumentFault.TOO_LARGE),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_so(kind: str, data: bytes, fault: DocumentFault) -> None:
    with pytest.raises(Unreadable) as raised:
        read(kind, data)
    assert raised.value.fault is fault


def test_nothing_outside_is_read(tmp_path: object) -> None:
    text = f'<!DOCTYPE a SYSTEM "file://{tmp_path}/a.dtd"><a>text</a>'
    assert read(XML, text).text == "text\n"


def test_older_notebooks_have_worksheets() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Title"]},
        {"cell_type": "code", "input": ["1 +", " 1"], "outputs": [
            {"output_type": "pyout", "text": ["2"]},
            {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": []},
        ]},
        {"cell_type": "of the future"},
    ]  # fmt: skip
    book = {"nbformat": 3, "worksheets": [{"cells": cells}, {}, {"cells": cells[:1]}]}
    assert [
        (block.part, block.text.strip())
        for block in read(SOURCE, json.dumps(book), "a.ipynb").blocks
    ] == [
        ("cell 1", "## Title"),
        ("cell 2", "1 + 1"),
        ("cell 2, output", "2\nE: v"),
        ("cell 4", "## Title"),
    ]
    first = {"nbformat": 1, "cells": [{"cell_type": "code", "code": "x"}, {"text": "words"}]}
    assert read(SOURCE, json.dumps(first), "a.ipynb").text == "x\n\nwords\n\n"


def test_notebooks_are_their_cells() -> None:
    outputs = [
        {"output_type": "stream", "text": ["printed\n", "lines"]},
        {"output_type": "execute_result", "data": {"text/plain": "2", "image/png": "AAAA"}},
        {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["x"]},
        {"output_type": "display_data", "data": {"image/png": "AAAA"}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"cell_type": "code", "source": "1 + 1", "outputs": outputs},
        {"cell_type": "code", "source": [], "outputs": []},
    ]
    extract = read(SOURCE, json.dumps({"cells": cells, "nbformat": 4}), "a.IPYNB")
    assert [(block.part, block.text.strip()) for block in extract.blocks] == [
        ("cell 1", "# Title\nwords"),
        ("cell 2", "1 + 1"),
        ("cell 2, output", "printed\nlines\n2\nValueError: bad"),
    ]
    broken = read(SOURCE, '{"cells": 5}', "a.ipynb")
    assert broken.text == '{"cells": 5}'
    assert "not a proper notebook" in broken.notes[0]
