"""Files of many kinds, true and false, for tests of attachments and uploads."""

import io
import zipfile

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(200)
TEXT = (
    "The harbour freezes in January. Ships wait outside until the ice breaks.\n"
    "The pilots of the northern station go home in February.\n"
)


def zipped(**entries: bytes) -> bytes:
    """An archive; a double underscore in a name stands for a slash, a single one for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return target.getvalue()


def docx(main: str = "word/document.xml", content_type: str = "", /, **more: bytes) -> bytes:
    """As little as makes a Word document."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f"<Types>{content_type}</Types>")
        archive.writestr(main, "<w:document/>")
        for name, content in more.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return target.getvalue()
