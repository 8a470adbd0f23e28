"""What other programs print, as text."""

from app.platform.program_output import text_of

MISSING = "'\"node\"' 不是内部或外部命令，也不是可运行的程序\r\n或批处理文件。"


def test_a_chinese_cmd_and_codex_write_into_one_pipe() -> None:
    data = MISSING.encode("cp936") + "\nmodel: 某模型\n".encode()
    assert text_of(data, system="win32", code_page="cp936") == f"{MISSING}\nmodel: 某模型\n"


def test_a_character_that_is_cut_off_does_not_change_its_line() -> None:
    text = text_of("回答".encode()[:-1], system="win32", code_page="cp936")
    assert text.startswith("回")
    assert text_of("回答".encode()[:-1], system="linux") == text


def test_elsewhere_all_is_utf_8() -> None:
    assert text_of("é 中".encode() + b"\xff", system="linux") == "é 中\ufffd"
