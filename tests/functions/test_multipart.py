"""Forms as clients write them: what their files are called."""

import azure.functions as func
import pytest

from functions.multipart.form import MultipartForm
from shared.errors import Invalid, Malformed, UnsupportedMediaType

GROESSE = "Gr\u00f6\u00dfe.txt"
BASE64 = "=?utf-8?B?R3LDtsOfZS50eHQ=?="


def read_form(disposition: str | bytes, content: bytes = b"hi") -> MultipartForm:
    """A form with one part, whose header may go on in further lines."""
    header = disposition.encode() if isinstance(disposition, str) else disposition
    part = b"--x\r\nContent-Disposition: form-data; " + header + b"\r\n\r\n" + content
    body = part + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(len(body))}
    return MultipartForm(func.HttpRequest("POST", "http://x/", headers=headers, body=body), 10_000)


def name_of(disposition: str | bytes) -> str:
    """What the file of a form with one part is called."""
    (file,) = read_form(disposition).files("file")
    return file.filename


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('name="file"; filename="a.txt"', "a.txt"),
        (f'name="file"; filename="{GROESSE}"', GROESSE),
        # .NET, with and without its second name
        (f"name=file; filename=\"{BASE64}\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", GROESSE),
        (f'name=file; filename="{BASE64}"', GROESSE),
        ("name=file; filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", GROESSE),
        ('name=file; filename="=?utf-8?B?R3LDtg==?= =?utf-8?Q?=C3=9Fe.txt?="', GROESSE),
        ('name="file"; filename="=?iso-8859-1?Q?Gr=F6=DFe.txt?="', GROESSE),
        ('name="file"; filename="=?no-such?B?YQ==?="', "=?no-such?B?YQ==?="),
        ('name="file"; filename="=?utf-8?B?a?="', "=?utf-8?B?a?="),
        # RFC 8187
        ("name=file; filename=\"x.txt\"; filename*=UTF-8'de'Gr%c3%b6%c3%9fe.txt", GROESSE),
        ("name=file; filename*=UTF-8''a%20b.txt; filename=\"x.txt\"", "a b.txt"),
        ("name=file; filename*=iso-8859-1''Gr%F6%DFe.txt", GROESSE),
        ("name=file; FileName*=utf-8''a%25b.txt", "a%b.txt"),
        ("name=file; filename*0*=utf-8''Gr%C3%B6; filename*1*=%C3%9Fe.txt", GROESSE),
        ("name=file; filename=\"x.txt\"; filename*=utf-8''%FF", "x.txt"),
        ("name=file; filename=\"x.txt\"; filename*=utf-7''+AC8-.txt", "x.txt"),
        ('name="file"; filename="a; filename*=utf-8\'\'b.txt"', "a; filename*=utf-8''b.txt"),
        # aiohttp
        ('name="file"; filename="Quarter%20report%201.txt"', "Quarter report 1.txt"),
        ('name="file"; filename="Gr%C3%B6%C3%9Fe.txt"', GROESSE),
        ('name="file"; filename="100%25.txt"', "100%.txt"),
        # React Native, and all that escape as JavaScript's encodeURIComponent
        ('name="file"; filename="it\'s%20new!%20(1)~*.txt"', "it's new! (1)~*.txt"),
        # browsers escape these three, and nothing else
        ('name="file"; filename="a%22b.txt"', 'a"b.txt'),
        ('name="file"; filename="a %22b%22 50%25.txt"', 'a "b" 50%25.txt'),
        ('name="file"; filename="100% sure.txt"', "100% sure.txt"),
        ('name="file"; filename="a%zz.txt"', "a%zz.txt"),
        # curl
        ('name="file"; filename="a\\"b.txt"', 'a"b.txt'),
    ],
)
def test_files_have_the_names_that_were_meant(disposition: str, name: str) -> None:
    assert name_of(disposition) == name


@pytest.mark.parametrize(
    ("disposition", "fault"),
    [
        ('name="file"', Invalid),
        (b'name="file"; filename="\xff.txt"', Invalid),
        ('name="file"; filename="%FF.txt"', Invalid),
        ('name="file"; filename="=?utf-8?B?/w==?="', Invalid),
        ("name=\"file\"; filename*=utf-8''%FF", Invalid),
        (f'name="file"; filename="{"a" * 5000}"', Malformed),
        ("name=file; filename*=utf-8''a" + ";" * 5000, Malformed),
    ],
)
def test_names_that_cannot_be_read_are_refused(
    disposition: str | bytes, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        name_of(disposition)


@pytest.mark.parametrize("field", ["file", "file[]", "file[0]", "files", "files[12]"])
def test_lists_of_files_have_the_names_that_clients_give_them(field: str) -> None:
    (file,) = read_form(f'name="{field}"; filename="a.txt"').files("files", "file")
    assert file.filename == "a.txt"


@pytest.mark.parametrize("field", ["document", "Files", "file.0", "file[a]", "xfile[]", ""])
def test_a_file_under_another_name_is_not_lost(field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_form(f'name="{field}"; filename="a.txt"').files("files", "file")
    assert str(refused.value) == f"The file in part {field!r} is not expected: call the part files."


def test_fields_beside_the_files_are_no_files() -> None:
    assert read_form('name="ticket"; filename="blob"').files("files", fields=("ticket",)) == []
    assert read_form('name="title"').files("files") == []


def test_a_form_in_which_nobody_chose_a_file_has_none() -> None:
    empty = 'name="file"; filename=""\r\nContent-Type: application/octet-stream'
    assert read_form(empty, b"").files("file") == []
    with pytest.raises(Invalid, match="needs a name"):
        read_form(empty).files("file")


@pytest.mark.parametrize(
    ("header", "packing"),
    [
        ("Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: base64"),
        (
            "content-transfer-encoding: Quoted-Printable",
            "Content-Transfer-Encoding: Quoted-Printable",
        ),
        ("Content-Encoding: gzip", "Content-Encoding: gzip"),
    ],
)
def test_a_part_that_comes_packed_is_refused_by_name(header: str, packing: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        read_form(f'name="file"; filename="a.txt"\r\n{header}')
    assert f"({packing})" in str(refused.value)


@pytest.mark.parametrize("encoding", ["binary", "8bit", "7BIT", ""])
def test_a_part_may_say_that_it_comes_as_it_is(encoding: str) -> None:
    part = f'name="file"; filename="a.txt"\r\nContent-Transfer-Encoding: {encoding}'
    assert len(read_form(part).files("file")) == 1
