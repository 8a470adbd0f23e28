import base64
import time
from typing import Any

import pytest

from app.core.errors import Refusal
from app.core.models import ModelTable
from app.core.token import TokenKind
from app.translate.chat_request import ChatRequest, read_chat_request

BOTH = pytest.mark.parametrize("kind", list(TokenKind))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
GIF = b"GIF89a" + bytes(20)
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4
PART = "messages[0].content[0]"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_url(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{encoded(data)}"


def read(*parts: object) -> ChatRequest:
    data = {"model": "gpt-5", "messages": [{"role": "user", "content": list(parts)}]}
    return read_chat_request(data, models=ModelTable(), session_name=None)


def sent(part: object, kind: TokenKind = TokenKind.CHATGPT) -> dict[str, Any]:
    (made,) = read(part).for_token(kind).body["input"][0]["content"]
    assert isinstance(made, dict)
    return made


def refused(part: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(part)
    assert (caught.value.status, caught.value.error_type) == (400, "invalid_request_error")
    return caught.value


def image(url: object, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def file(**fields: Any) -> dict[str, Any]:
    return {"type": "file", "file": fields}


@BOTH
@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (GIF, "image/gif"),
        (GIF[:4] + b"7a\0", "image/gif"),
        (WEBP, "image/webp"),
    ],
)
def test_an_image_goes_up_as_it_is(kind: TokenKind, data: bytes, mime: str) -> None:
    url = data_url(data, mime)
    assert sent(image(url), kind) == {"type": "input_image", "image_url": url, "detail": "auto"}


@pytest.mark.parametrize("detail", ["auto", "low", "high", "original"])
def test_the_detail_of_an_image(detail: str) -> None:
    assert sent(image("https://a.b/c.png", detail=detail))["detail"] == detail


@pytest.mark.parametrize("url", ["https://a.b/c.png?x=1 2", "HTTP://a", "http://[::1]/"])
def test_addresses_are_not_touched(url: str) -> None:
    assert sent(image(url))["image_url"] == url


def test_a_bare_url_is_an_image_too() -> None:
    part = {"type": "image_url", "image_url": data_url(PNG, "image/png")}
    assert sent(part) == {"type": "input_image", "image_url": part["image_url"], "detail": "auto"}


B64 = encoded(PNG)


@pytest.mark.parametrize(
    "url",
    [
        f"DATA:Image/PNG;Base64,{B64}",
        f"data:image/png;name=a.png;charset=utf-8;base64,{B64}",
        f"data:image/png ; base64,{B64}",
        f"data:image/png;base64, {B64[:7]}\r\n\t{B64[7:]}\n",
        f"data:image/png;base64,{B64.rstrip('=')}",
        f"data:image/png;base64,{B64[:-1]}\n=\n",
    ],
)
def test_odd_spellings_of_a_data_url_are_mended(url: str) -> None:
    assert B64.endswith("=")
    assert sent(image(url))["image_url"] == f"data:image/png;base64,{B64}"


def test_the_wrong_name_of_jpeg_is_put_right() -> None:
    assert sent(image(data_url(JPEG, "image/jpg")))["image_url"] == data_url(JPEG, "image/jpeg")


def test_an_image_under_the_name_of_another_kind_is_left_to_upstream() -> None:
    assert sent(image(data_url(JPEG, "image/png")))["image_url"] == data_url(JPEG, "image/png")


@pytest.mark.parametrize(
    ("part", "place", "code"),
    [
        ({"type": "image_url"}, "image_url", "missing_required_parameter"),
        ({"type": "image_url", "image_url": 5}, "image_url", "invalid_type"),
        ({"type": "image_url", "image_url": ""}, "image_url.url", "missing_required_parameter"),
        (image(None), "image_url.url", "missing_required_parameter"),
        (image(5), "image_url.url", "invalid_type"),
        (image("https://a.b", detail="best"), "image_url.detail", "invalid_value"),
        (image("https://a.b", detail=1), "image_url.detail", "invalid_type"),
        (image("http://"), "image_url", "invalid_image_url"),
        (image("file:///etc/passwd"), "image_url", "invalid_image_url"),
        (image("ftp://a.b/c.png"), "image_url", "invalid_image_url"),
        (image("//a.b/c.png"), "image_url", "invalid_image_url"),
        (image(B64), "image_url", "invalid_image_url"),
        (image("data:image/png"), "image_url", "invalid_image_url"),
        (image(f"data:image/png,{B64}"), "image_url", "invalid_image_url"),
        (image(f"data:image/png;base64;x=1,{B64}"), "image_url", "invalid_image_url"),
        (image("data:image/png;" + "x" * 2000 + f";base64,{B64}"), "image_url", "invalid_image_url"),
        (image(f"data:;base64,{B64}"), "image_url", "unsupported_file"),
        (image(data_url(b"BM" + bytes(9), "image/bmp")), "image_url", "unsupported_file"),
        (image(data_url(PDF, "application/pdf")), "image_url", "unsupported_file"),
        (image(data_url(b"<html>", "image/png")), "image_url", "unsupported_file"),
        (image("data:image/png;base64,"), "image_url", "invalid_base64"),
        (image("data:image/png;base64,  "), "image_url", "invalid_base64"),
        (image("data:image/png;base64,===="), "image_url", "invalid_base64"),
        (image("data:image/png;base64,iVBOR"), "image_url", "invalid_base64"),
        (image(f"data:image/png;base64,{B64}="), "image_url", "invalid_base64"),
        (image(f"data:image/png;base64,{B64}{B64}"), "image_url", "invalid_base64"),
        (image(f"data:image/png;base64,{B64[:8]}_-{B64[8:]}"), "image_url", "invalid_base64"),
        (image(f"data:image/png;base64,{B64[:8]}é{B64[8:]}"), "image_url", "invalid_base64"),
        (image(f"data:image/png;base64,{B64[:8]}\ud800{B64[8:]}"), "image_url", "invalid_base64"),
    ],
)
def test_images_that_are_refused(part: dict[str, Any], place: str, code: str) -> None:
    error = refused(part)
    assert (error.param, error.error_code) == (f"{PART}.{place}", code)


@BOTH
def test_a_pdf_goes_up_with_its_name(kind: TokenKind) -> None:
    url = data_url(PDF, "application/pdf")
    assert sent(file(file_data=url, filename="报告.pdf"), kind) == {
        "type": "input_file",
        "filename": "报告.pdf",
        "file_data": url,
    }


@pytest.mark.parametrize("filename", [{}, {"filename": None}, {"filename": ""}])
def test_a_pdf_without_a_name_gets_one(filename: dict[str, Any]) -> None:
    assert sent(file(file_data=data_url(PDF, "application/pdf"), **filename))["filename"] == "document.pdf"


@pytest.mark.parametrize("text", [encoded(PDF), encoded(PDF).rstrip("="), encoded(PDF)[:9] + "\n" + encoded(PDF)[9:]])
def test_bare_base64_becomes_a_data_url(text: str) -> None:
    assert sent(file(file_data=text))["file_data"] == data_url(PDF, "application/pdf")


@pytest.mark.parametrize("before", [0, 3, 1020])
def test_the_mark_of_a_pdf_may_come_a_little_late(before: int) -> None:
    url = data_url(bytes(before) + PDF, "application/pdf")
    assert sent(file(file_data=url))["file_data"] == url


@pytest.mark.parametrize(
    ("fields", "place", "code"),
    [
        ({}, "file.file_data", "missing_required_parameter"),
        ({"file_data": ""}, "file.file_data", "missing_required_parameter"),
        ({"file_data": 1}, "file.file_data", "invalid_type"),
        ({"file_id": 1}, "file.file_id", "invalid_type"),
        ({"filename": 1, "file_data": encoded(PDF)}, "file.filename", "invalid_type"),
        ({"file_id": "file-1", "file_data": encoded(PDF)}, "file", "invalid_value"),
        ({"file_data": data_url(PDF, "application/zip")}, "file", "unsupported_file"),
        ({"file_data": data_url(PNG, "image/png")}, "file", "unsupported_file"),
        ({"file_data": data_url(PNG, "application/pdf")}, "file", "unsupported_file"),
        ({"file_data": data_url(bytes(1021) + PDF, "application/pdf")}, "file", "unsupported_file"),
        ({"file_data": "data:application/pdf,x"}, "file.file_data", "invalid_base64"),
        ({"file_data": "https://a.b/c.pdf"}, "file.file_data", "invalid_base64"),
        ({"file_data": encoded(PDF)[:-3]}, "file.file_data", "invalid_base64"),
    ],
)
def test_files_that_are_refused(fields: dict[str, Any], place: str, code: str) -> None:
    error = refused(file(**fields))
    assert (error.param, error.error_code) == (f"{PART}.{place}", code)


def test_a_file_is_an_object() -> None:
    assert refused({"type": "file", "file": encoded(PDF)}).param == f"{PART}.file"
    assert refused({"type": "file"}).error_code == "missing_required_parameter"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            file(file_data=data_url(b"PK", "application/zip")),
            "Unsupported file type 'application/zip'. Only images (PNG, JPEG, GIF, WebP) and PDF files are supported.",
        ),
        (
            file(file_data=data_url(PNG, "image/png")),
            "Unsupported file type 'image/png' here. Send it as an 'image_url' part.",
        ),
        (
            image(data_url(PDF, "application/pdf")),
            "Unsupported file type 'application/pdf' here. Send it as a 'file' part.",
        ),
        (
            image("ftp://x"),
            "Invalid image URL. Expected an http(s) URL, or a data URL such as 'data:image/png;base64,…'.",
        ),
    ],
)
def test_the_words_of_refusals(part: dict[str, Any], message: str) -> None:
    assert refused(part).message == message


def test_the_id_of_a_file_is_for_api_keys_only() -> None:
    asked = read({"type": "text", "text": "a"}, file(file_id="file-1", filename="a.pdf"), file(file_id="file-2"))
    parts = asked.for_token(TokenKind.API_KEY).body["input"][0]["content"]
    assert parts[1:] == [{"type": "input_file", "file_id": "file-1"}, {"type": "input_file", "file_id": "file-2"}]
    with pytest.raises(Refusal) as caught:
        asked.for_token(TokenKind.CHATGPT)
    assert (caught.value.status, caught.value.error_code) == (400, "unsupported_file_id")
    assert caught.value.param == "messages[0].content[1].file.file_id"
    assert asked.kinds == {TokenKind.API_KEY}
    assert read(file(file_data=encoded(PDF))).kinds is None


@pytest.mark.parametrize(
    "part", [{"type": "text", "text": "a"}, image("https://a.b/c.png"), file(file_data=encoded(PDF))]
)
def test_marks_for_the_cache_are_for_api_keys_only(part: dict[str, Any]) -> None:
    marked = part | {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h", "x": 1}}
    assert sent(marked) == sent(part)
    assert sent(marked, TokenKind.API_KEY) == sent(part) | {
        "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}
    }
    assert sent(part | {"prompt_cache_breakpoint": None}, TokenKind.API_KEY) == sent(part)


@pytest.mark.parametrize("mark", [True, {}, {"mode": 1}, {"mode": "explicit", "ttl": 30}])
def test_marks_that_are_none_are_refused(mark: object) -> None:
    param = refused({"type": "text", "text": "a", "prompt_cache_breakpoint": mark}).param
    assert param is not None
    assert param.startswith(f"{PART}.prompt_cache_breakpoint")


@pytest.mark.parametrize("cut", [0, 1 << 18, (1 << 18) + 1, 3 << 17])
def test_large_data_is_checked_to_its_end(cut: int) -> None:
    text = encoded(PDF + bytes(700_000))
    assert text.endswith("=")
    broken = text[:cut] + "!" + text[cut:]
    assert refused(file(file_data=broken)).error_code == "invalid_base64"
    blank = text[:cut] + "\n" + text[cut:]
    assert sent(file(file_data=blank))["file_data"] == f"data:application/pdf;base64,{text}"
    early = text[:cut] + "=" + text[cut:]
    assert refused(file(file_data=early)).error_code == "invalid_base64"


def test_the_largest_file_takes_no_time_and_its_check_is_not_repeated() -> None:
    url = data_url(PDF + bytes(24 << 20), "application/pdf")
    began = time.perf_counter()
    asked = read(file(file_data=url))
    read_s = time.perf_counter() - began
    began = time.perf_counter()
    for kind in TokenKind:
        assert asked.for_token(kind).body["input"][0]["content"][0]["file_data"] is url, "not even a copy"
    assert time.perf_counter() - began < 0.05
    # Measured: 0.02 s for these 32 MiB.
    assert read_s < 2
