"""Reading Word documents: that no string is lost, and where each is said to be."""

import io
import re
from typing import Any

import docx
import pytest

from shared.documents.docx.reader import View, read_docx
from shared.documents.extract import Extract, Places, Unread
from shared.errors import Unreadable
from tests.support.files.word import (
    STRICT,
    deleted,
    image,
    inserted,
    listed,
    note,
    p,
    reference,
    replaced,
    root,
    row,
    run,
    styled,
    table,
    text_box,
)
from tests.support.files.word import docx as made

BERSCHRIFT = (
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Klausel"><w:name w:val="Klausel"/>'
    '<w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Unter"><w:basedOn w:val="Klausel"/>'
    '<w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Fliess"><w:basedOn w:val="Unter"/>'
    '<w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>'
)
HIDDEN = (
    '<w:style w:type="paragraph" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Whisper"><w:basedOn w:val="Base"/></w:style>'
    '<w:style w:type="character" w:styleId="Base"><w:rPr><w:vanish w:val="1"/></w:rPr></w:style>'
)
NUMBERING = """
<w:abstractNum w:abstractNumId="5">
  <w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
  <w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>
  <w:lvl w:ilvl="2"><w:numFmt w:val="upperRoman"/><w:lvlText w:val="§%3"/></w:lvl>
  <w:lvl w:ilvl="3"><w:numFmt w:val="none"/><w:lvlText w:val=""/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="6">
  <w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="&#xF0B7;"/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="6"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="5"/>
  <w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
"""
SDT = (
    '<w:sdt><w:sdtPr><w:alias w:val="alias"/>{0}</w:sdtPr><w:sdtContent>{1}</w:sdtContent></w:sdt>'
)
CHECKED = '<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>'
MATH = "<m:oMath>{}</m:oMath>"


def math(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def texts(extract: Extract) -> list[str]:
    return [block.text for block in extract.blocks]


def said(body: str, **parts: Any) -> list[tuple[str | None, str]]:
    """The part of each block, and its text without what separates it."""
    return [(block.part, block.text.rstrip()) for block in read_docx(made(body, **parts)).blocks]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"one{run('  two')}", "one  two"),
        ("<w:hyperlink r:id='x'>" + run("link") + "</w:hyperlink>", "link"),
        ("<w:fldSimple w:instr='DATE'>" + run("today") + "</w:fldSimple>", "today"),
        ("<w:r><w:fldChar/><w:instrText>PAGE</w:instrText><w:t>7</w:t></w:r>", "7"),
        ("<w:smartTag><w:smartTag>" + run("smart") + "</w:smartTag></w:smartTag>", "smart"),
        ("<w:unheardOf><w:r><w:new><w:t>new</w:t></w:new></w:r></w:unheardOf>", "new"),
        ("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:t>d</w:t></w:r>",
         "a\tb\nc\nd"),
        ("<w:r><w:t>e</w:t><w:noBreakHyphen/><w:t>mail</w:t></w:r>", "e-mail"),
        ("<w:r><w:t>infor</w:t><w:softHyphen/><w:t>mation</w:t></w:r>", "information"),
        ("<w:r><w:t>sha</w:t><w:drawing><a:pathLst><a:pt/></a:pathLst></w:drawing><w:t>ped</w:t></w:r>",
         "shaped"),
        ("<w:r><w:t>a<!-- no -->b<?no no?>c</w:t></w:r>", "abc"),
        ("<w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r>", "☑"),
        ("<w:r><w:sym w:font='Symbol' w:char='F061'/><w:sym w:font='Symbol' w:char='57'/></w:r>",
         "αΩ"),
        ("<w:r><w:sym w:font='Other' w:char='F041'/><w:sym w:char='zz'/></w:r>", "\uf041"),
        ("<w:r><w:ruby><w:rt>" + run("kan") + "</w:rt><w:rubyBase>" + run("漢")
         + "</w:rubyBase></w:ruby></w:r>", "漢(kan)"),
        (SDT.format(CHECKED, run("☒ yes")), "☒ yes"),
        (SDT.format("<w:dropDownList><w:listItem w:value='no'/></w:dropDownList>", run("chosen")),
         "chosen"),
        ("<w:r><w:ffData><w:checkBox><w:default w:val='1'/></w:checkBox></w:ffData></w:r>", "☒"),
        ("<w:r><w:ffData><w:checkBox><w:default w:val='1'/><w:checked w:val='0'/></w:checkBox>"
         "</w:ffData></w:r>", "☐"),
        ("<w:r><w:ffData><w:ddList><w:result w:val='1'/><w:listEntry w:val='a'/>"
         "<w:listEntry w:val='b'/></w:ddList></w:ffData></w:r>", "b"),
        (MATH.format(f"<m:sSup><m:e>{math('10')}</m:e><m:sup>{math('6')}</m:sup></m:sSup>"),
         "10^6"),
        (MATH.format(f"<m:f><m:num>{math('a+b')}</m:num><m:den>{math('2')}</m:den></m:f>"),
         "(a+b)/2"),
        (MATH.format(f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{math('i=1')}</m:sub>"
                     f"<m:sup/><m:e>{math('x')}</m:e></m:nary>"), "∑_(i=1)x"),
        (MATH.format(f"<m:rad><m:deg>{math('3')}</m:deg><m:e>{math('x')}</m:e></m:rad>"), "3√x"),
        (MATH.format(f"<m:d><m:dPr><m:begChr m:val='['/></m:dPr><m:e>{math('x')}</m:e></m:d>"),
         "[x)"),
    ],
)  # fmt: skip
def test_what_stands_in_a_line(content: str, expected: str) -> None:
    assert texts(read_docx(made(p(content)))) == [f"{expected}\n\n"]


def test_headings_are_found_through_the_documents_own_styles() -> None:
    body = (
        styled("berschrift1", "One") + p("a") + styled("Unter", "Two") + styled("Fliess", "b")
        + styled("Klausel", "Three") + p("Four", properties='<w:outlineLvl w:val="2"/>') + p("c")
        + styled("absent", "d")
    )  # fmt: skip
    blocks = read_docx(made(body, styles=BERSCHRIFT)).blocks
    assert [(block.text.strip(), block.headings) for block in blocks] == [
        ("One", []),
        ("a", ["One"]),
        ("Two", ["One"]),
        ("b", ["One", "Two"]),
        ("Three", []),
        ("Four", ["Three"]),
        ("c", ["Three", "Four"]),
        ("d", ["Three", "Four"]),
    ]


def test_styles_that_are_based_on_each_other_end() -> None:
    circle = '<w:style w:styleId="{}"><w:basedOn w:val="{}"/></w:style>'
    styles = circle.format("a", "b") + circle.format("b", "a")
    assert said(styled("a", "text"), styles=styles) == [(None, "text")]


def test_paragraphs_and_rows_are_numbered_as_they_are_met() -> None:
    body = p("one") + p() + table(["two", "x"], ["", ""], ["three", "y"]) + p(image()) + p("five")
    extract = read_docx(made(body))
    assert [(block.text, block.paragraph) for block in extract.blocks] == [
        ("one\n\n", 1),
        ("two | x\n", 2),
        ("three | y\n", 3),
        ("five\n\n", 5),
    ]
    assert Places(extract.blocks).place(0, 3) == "paragraph 1"
    assert extract.text == "one\n\ntwo | x\nthree | y\nfive\n\n"
    assert extract.unread == [Unread(place="paragraph 4", reason="an image without a description")]


def test_list_items_have_the_labels_that_word_shows() -> None:
    body = (
        listed("a") + listed("b", 1) + listed("c", 1) + listed("d", 2) + p("between")
        + listed("e") + listed("f", 1) + listed("g", 3) + listed("h", list_id=2)
        + listed("i", list_id=3) + listed("j", list_id=3) + listed("k", list_id=9)
    )  # fmt: skip
    assert [text for _, text in said(body, numbering=NUMBERING)] == [
        "3. a", "  3.a) b", "  3.b) c", "    §I d", "between", "4. e", "  4.a) f", "g", "• h",
        "1. i", "2. j", "k",
    ]  # fmt: skip


def test_a_number_can_come_with_the_style_of_a_heading() -> None:
    styles = (
        '<w:style w:styleId="H"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/>'
        "</w:numPr></w:pPr></w:style>"
    )
    blocks = read_docx(
        made(styled("H", "Term") + p("x"), styles=styles, numbering=NUMBERING)
    ).blocks
    assert blocks[0].text == "3. Term\n\n"
    assert blocks[1].headings == ["3. Term"]


def test_tables_within_tables_follow_their_row_and_merged_cells_are_there_once() -> None:
    inner = p("outer") + table(["inner 1", p("inner 2") + table(["deep 1", "deep 2"]) + p()])
    merged = row(["<w:tcPr><w:gridSpan w:val='2'/></w:tcPr>" + p("wide"), "end"])
    below = row(["<w:tcPr><w:vMerge/></w:tcPr>" + p(), p("one") + p() + p("two")])
    body = f"<w:tbl>{merged}{below}{row(['left', inner])}</w:tbl>" + p("after")
    assert texts(read_docx(made(body))) == [
        "wide | end\n",
        "| one two\n",
        "left | outer\n",
        "inner 1 | inner 2\n",
        "deep 1 | deep 2\n",
        "after\n\n",
    ]


def test_a_frame_of_one_cell_is_read_like_the_text_around_it() -> None:
    frame = table([styled("berschrift1", "Framed") + p("text") + table(["a", "b"])])
    blocks = read_docx(made(frame + p("after"), styles=BERSCHRIFT)).blocks
    assert [block.text for block in blocks] == ["Framed\n\n", "text\n\n", "a | b\n", "after\n\n"]
    assert blocks[2].headings == ["Framed"]


def test_rows_and_cells_may_be_wrapped() -> None:
    body = f"<w:tbl>{SDT.format('', row(['a', SDT.format('', p('b'))]))}</w:tbl>"
    cells = f"<w:tbl><w:tr>{SDT.format('', '<w:tc>' + p('a') + '</w:tc>')}</w:tr></w:tbl>"
    assert said(body + cells) == [(None, "a | b"), (None, "a")]


def test_notes_and_comments_follow_what_refers_to_them() -> None:
    body = (
        p("one", reference("footnote", 7), " more", reference("comment", 0))
        + p("two", reference("footnote", 3), reference("endnote", 2))
        + p("three", reference("footnote", 7), reference("footnote", 99))
    )
    line = (
        '<w:footnote w:id="0" w:type="separator"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    )
    parts = {
        "footnotes": line
        + note("footnote", 3, p("of two"))
        + note("footnote", 7, p("of one", reference("comment", 1)) + p("its second"))
        + note("footnote", 8, p("nobody's")),
        "endnotes": note("endnote", 2, table(["in", "a table"])),
        "comments": note("comment", 0, p("why?"), 'w:author="Ann"')
        + note("comment", 1, p("in a note"), 'w:author=""'),
    }
    assert said(body, **parts) == [
        (None, "one more"),
        ("footnote 1", "of one"),
        ("footnote 1", "its second"),
        ("comment 1 by Ann", "why?"),
        ("comment 2", "in a note"),
        (None, "two"),
        ("footnote 2", "of two"),
        ("endnote 1", "in | a table"),
        (None, "three"),
        ("footnote 3", "nobody's"),
    ]


def test_notes_that_refer_to_each_other_end() -> None:
    notes = note("footnote", 1, p("one", reference("footnote", 2))) + note(
        "footnote", 2, p("two", reference("footnote", 1))
    )
    assert said(p("x", reference("footnote", 1)), footnotes=notes) == [
        (None, "x"),
        ("footnote 1", "one"),
        ("footnote 2", "two"),
    ]


def test_text_boxes_are_read_once() -> None:
    box = text_box(p("in the box") + table(["a", "b"]) + p(text_box(p("within"))))
    assert said(p("before ", box, "after")) == [
        (None, "before after"),
        ("text box in paragraph 1", "in the box"),
        ("text box in paragraph 1", "a | b"),
        ("text box in text box in paragraph 1", "within"),
    ]
    older = f"<mc:Choice/><mc:Fallback>{run('older')}</mc:Fallback>"
    assert said(p(f"<mc:AlternateContent>{older}</mc:AlternateContent>")) == [(None, "older")]


def test_images_are_described_or_named_as_unread() -> None:
    vml = '<w:r><w:pict><v:shape {}><v:imagedata r:id="x"/></v:shape></w:pict></w:r>'
    body = (
        p("text", image("a map"), image("a plan"), image())
        + p(vml.format('alt="a seal"'))
        + p(vml.format(""))
        + p("<w:r><w:object><v:shape><v:imagedata/></v:shape></w:object></w:r>")
        + "<w:altChunk r:id='x'/>"
        + p("end")
    )
    extract = read_docx(made(body))
    assert [(block.part, block.text) for block in extract.blocks] == [
        (None, "text\n\n"),
        ("image in paragraph 1", "a map\n\n"),
        ("image in paragraph 1", "a plan\n\n"),
        ("image in paragraph 2", "a seal\n\n"),
        (None, "end\n\n"),
    ]
    assert [(unread.place, unread.reason) for unread in extract.unread] == [
        ("paragraph 1", "an image without a description"),
        ("paragraph 3", "an image without a description"),
        ("paragraph 4", "an embedded object"),
        ("paragraph 5", "an embedded document"),
    ]


STRUCK, RAISED, LOWERED = (
    "<w:strike/>",
    '<w:vertAlign w:val="superscript"/>',
    '<w:vertAlign w:val="subscript"/>',
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (p("The cap is ", run("five", STRUCK), "ten"), "The cap is ~~five~~ten"),
        (p("a ", run("b", "<w:dstrike/>"), run(" c ", STRUCK), "d"), "a ~~b c~~ d"),
        (p("a ", run("b", '<w:strike w:val="0"/>')), "a b"),
        (p("10", run("6", RAISED), " m", run("2", RAISED)), "10^6 m^2"),
        (p("10", run("1", RAISED), run("2", RAISED + "<w:b/>")), "10^(12)"),
        (p("H", run("2", LOWERED), "O, 1", run("st", RAISED)), "H_2O, 1st"),
        (p("a", run("2", RAISED + STRUCK)), "a~~^2~~"),
        (p("a ", run("b", '<w:rStyle w:val="Gone"/>')), "a ~~b~~"),
        (p("a ", run("b", "<w:strike w:val='false'/>"),
           properties='<w:pStyle w:val="Gone"/>'), "~~a~~ b"),
        (table(["a", p(run("b", STRUCK), "c")]), "a | ~~b~~c"),
    ],
)  # fmt: skip
def test_what_a_format_says_is_said_in_signs(body: str, text: str) -> None:
    gone = '<w:style w:styleId="Gone"><w:rPr><w:strike/></w:rPr></w:style>'
    assert read_docx(made(body, styles=gone)).text.strip() == text


def test_documents_within_the_document_are_read_at_their_place() -> None:
    archive = (
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\n"
        "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<p>caf=C3=A9</p>\n--b--\n"
    )
    others = {
        "page.html": "<h1>Head</h1><p>one<p>two",
        "plain.dat": "just text",
        "word.bin": made(p("kept", deleted("gone")) + image()),
        "archive.mht": archive,
        "rich.rtf": r"{\rtf1 text}",
        "flat.xml": '<?xml version="1.0"?><pkg:package/>',
    }
    chunks = {name: f"<w:altChunk r:id='rel_{name.partition('.')[0]}'/>" for name in others}
    inner = chunks["page.html"] + chunks["plain.dat"]
    rest = "".join(list(chunks.values())[3:])
    body = p("first") + inner + table([p("cell"), chunks["word.bin"]]) + rest + p("last")
    extract = read_docx(made(body, others=others))
    assert [(block.part, block.headings, block.text.strip()) for block in extract.blocks] == [
        (None, [], "first"),
        (None, ["Head"], "Head"),
        (None, ["Head"], "one"),
        (None, ["Head"], "two"),
        (None, [], "just text"),
        (None, [], "cell |"),
        (None, [], "kept"),
        ("tracked change in paragraph 1", [], '⟦Original:⟧ keptgone ⟦Ann deleted "gone".⟧'),
        (None, [], "café"),
        (None, [], "last"),
    ]
    assert [unread.reason for unread in extract.unread] == [
        "an image without a description",
        "an embedded document",
        "an embedded document",
    ]
    assert "1 tracked change" in extract.notes[0]


def test_documents_within_documents_have_an_end() -> None:
    chunk = "<w:altChunk r:id='rel_a'/>"
    data = made(p("x"))
    for _ in range(3):
        data = made(chunk, others={"a.docx": data})
    assert read_docx(data).text == "x\n\n"
    with pytest.raises(Unreadable, match="hold others"):
        read_docx(made(chunk, others={"a.docx": data}))


def test_charts_and_diagrams_say_what_is_in_them() -> None:
    values = "<c:pt><c:v>North</c:v></c:pt><c:pt><c:v>12.5</c:v></c:pt>"
    chart = f"<c:chart><c:tx><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:tx>{values}</c:chart>"
    node = "<dgm:pt><dgm:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></dgm:t></dgm:pt>"
    drawing = "<w:r><w:drawing>{}</w:drawing></w:r>"
    body = (
        p(drawing.format('<c:chart r:id="rel_chart"/>'))
        + p(drawing.format('<dgm:relIds r:dm="rel_data" r:lo="y"/>'))
        + p(drawing.format('<c:chart r:id="nowhere"/>'))
    )
    others = {
        "chart.xml": root("c:chartSpace", chart),
        "data.xml": root("dgm:dataModel", node.format("Plan") + node.format("Do")),
    }
    extract = read_docx(made(body, others=others))
    assert [(block.part, block.text) for block in extract.blocks] == [
        ("chart in paragraph 1", "Sales North 12.5\n\n"),
        ("diagram in paragraph 2", "Plan Do\n\n"),
    ]
    assert extract.unread == [Unread(place="paragraph 3", reason="a chart")]


def test_headers_and_footers_are_read_once_each() -> None:
    watermark = '<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>'
    headers = [p("Contract") + p("Page ", "1"), p("Contract") + p("Page 1"), p(watermark)]
    assert said(p("text"), header=headers, footer=[p("secret")]) == [
        (None, "text"),
        ("header", "Contract"),
        ("header", "Page 1"),
        ("header", "DRAFT"),
        ("footer", "secret"),
    ]


@pytest.mark.parametrize(
    ("body", "is_hidden"),
    [
        (p(run("text", "<w:vanish/>")), True),
        (p(run("text", '<w:vanish w:val="0"/>')), False),
        (p(run("text", '<w:rStyle w:val="Whisper"/>')), True),
        (p(run("text", '<w:rStyle w:val="Whisper"/><w:vanish w:val="false"/>')), False),
        (styled("Secret", "text"), True),
    ],
)
def test_hidden_text_is_read_and_mentioned(body: str, is_hidden: bool) -> None:
    extract = read_docx(made(body, styles=HIDDEN))
    assert extract.text == "text\n\n"
    mentioned = ["The document has hidden text, which was read like the rest."]
    assert extract.notes == (mentioned if is_hidden else [])


def test_title_and_author_are_as_the_file_says() -> None:
    core = "<dc:title> A title </dc:title><dc:creator></dc:creator>"
    extract = read_docx(made(p("x"), core=core))
    assert (extract.title, extract.author) == ("A title", None)
    assert (extract.pages, extract.pages_read) == (None, None)


def test_strict_documents_and_utf_16_are_read_too() -> None:
    data = made(styled("H", "Strict") + p("text"), styles=BERSCHRIFT.replace("berschrift1", "H"))
    for strict in (replaced(data, STRICT), replaced(data, {"UTF-8": "UTF-16"}, "utf-16")):
        blocks = read_docx(strict).blocks
        assert [(block.text, block.headings) for block in blocks] == [
            ("Strict\n\n", []),
            ("text\n\n", ["Strict"]),
        ]


def test_what_python_docx_writes_is_read() -> None:
    document = docx.Document()
    document.core_properties.author = "Ann"
    document.add_heading("Heading", 2)
    paragraph = document.add_paragraph("Text", style="List Bullet")
    document.add_comment(paragraph.runs, "Remark", author="Bob")
    document.add_table(2, 2).cell(0, 0).merge(document.tables[0].cell(0, 1)).text = "merged"
    document.tables[0].cell(1, 1).text = "cell"
    document.sections[0].header.paragraphs[0].text = "Above"
    target = io.BytesIO()
    document.save(target)
    extract = read_docx(target.getvalue())
    assert extract.author == "Ann"
    assert [(block.part, block.headings, block.text) for block in extract.blocks] == [
        (None, [], "Heading\n\n"),
        (None, ["Heading"], "• Text\n\n"),
        ("comment 1 by Bob", ["Heading"], "Remark\n\n"),
        (None, ["Heading"], "merged\n\n"),
        (None, ["Heading"], "| cell\n"),
        ("header", [], "Above\n\n"),
    ]


def test_no_string_is_lost() -> None:
    """A token in everything that can hold one, each inside the other where that can be."""
    tokens = iter(f"token{at:03d}" for at in range(1000))

    def t() -> str:
        return next(tokens)

    inline = (
        run(t()) + inserted(t()) + deleted(t()) + inserted(deleted(t(), by="Bob"))
        + inserted(t(), tag="moveTo") + deleted(t(), tag="moveFrom")
        + SDT.format("", run(t()) + SDT.format("", run(t())))
        + f"<w:hyperlink>{inserted(t())}</w:hyperlink><w:fldSimple>{run(t())}</w:fldSimple>"
        + run(t(), "<w:vanish/>") + MATH.format(math(t())) + image(t())
        + text_box(p(t()) + table([t(), t()]) + p(deleted(t())) + SDT.format("", p(t())))
    )  # fmt: skip

    def rich() -> str:
        fresh = {token: t() for token in set(re.findall(r"token\d+", inline))}
        return re.sub(r"token\d+", lambda match: fresh[match[0]], inline)

    nested = table([p(rich()), p(rich()) + table([t(), p(rich()) + p(t())]) + p(t())])
    body = (
        p(rich()) + SDT.format("", p(rich()) + table([p(rich()), SDT.format("", p(rich()))]))
        + nested + f"<w:customXml>{p(t())}</w:customXml>" + inserted(p(t()))
        + "<w:tbl>" + row([t(), t()], '<w:del w:author="Ann"/>') + "</w:tbl>"
        + p(rich(), reference("footnote", 1), reference("endnote", 1), reference("comment", 1))
    )  # fmt: skip
    parts = {
        "footnotes": note("footnote", 1, p(rich()) + nested) + note("footnote", 2, p(rich())),
        "endnotes": note("endnote", 1, p(rich())),
        "comments": note("comment", 1, p(rich())) + note("comment", 2, p(t())),
    }
    header, footer = p(rich()) + table([t(), t()]), p(rich())
    data = made(body, header=header, footer=footer, **parts)
    used = re.findall(r"token\d+", body + header + footer + "".join(parts.values()))
    assert len(set(used)) > 150
    for view in View:
        text = read_docx(data, view=view).text
        lost = sorted(token for token in set(used) if token not in text)
        assert lost == []
