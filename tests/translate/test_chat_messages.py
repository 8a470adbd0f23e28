from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Refusal
from app.translate.chat_messages import Conversation, conversation

PART = "messages[0].content[0]"
USER = {"role": "user", "content": "hi"}


def item(role: str, *texts: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text} for text in texts]}


def parts(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}} for text in texts]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_leading_system_text_becomes_the_instructions(role: str) -> None:
    messages = [{"role": role, "content": "one"}, {"role": "system", "content": parts("two", "three")}, USER]
    assert conversation(messages) == Conversation("one\n\ntwo\nthree", [item("user", "hi")])


@pytest.mark.parametrize("role", ["system", "developer"])
def test_later_system_text_stays_in_place_as_developer(role: str) -> None:
    messages = [USER, {"role": role, "content": "now French"}, {"role": "assistant", "content": "ok"}]
    assert conversation(messages).input == [
        item("user", "hi"),
        item("developer", "now French"),
        item("assistant", "ok"),
    ]


def test_system_text_alone_becomes_a_developer_message() -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]
    assert conversation(messages) == Conversation("", [item("developer", "a\n\nb")])


def test_empty_system_text_leaves_no_gap() -> None:
    messages = [{"role": "system", "content": text} for text in ("", "a", "")]
    assert conversation([*messages, USER]).instructions == "a"


def test_all_system_text_can_be_kept_in_the_input() -> None:
    messages = [{"role": "system", "content": "a"}, USER]
    assert conversation(messages, keep_in_input=True) == Conversation("", [item("developer", "a"), item("user", "hi")])


@pytest.mark.parametrize("text", ["", "你是什么模型", "a\nb"])
def test_user_text(text: str) -> None:
    assert conversation([{"role": "user", "content": text}]).input == [item("user", text)]


def test_parts_of_text_keep_their_order() -> None:
    assert conversation([{"role": "user", "content": parts("a", "b")}]).input == [item("user", "a", "b")]
    history = [USER, {"role": "assistant", "content": parts("c", "d")}]
    assert conversation(history).input[1] == item("assistant", "c", "d")


def test_unknown_keys_of_messages_are_not_passed_on() -> None:
    extras = {"name": "n", "_meta": 1, "reasoning_content": "r", "annotations": [], "audio": None, "tool_calls": []}
    assert conversation([USER, {"role": "assistant", "content": "a", **extras}]).input[1] == item("assistant", "a")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "no"},
        {"refusal": "no"},
        {"content": [{"type": "refusal", "refusal": "no"}]},
    ],
)
def test_refusals(message: dict[str, Any]) -> None:
    expected = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}
    assert conversation([USER, {"role": "assistant", **message}]).input[1] == expected


@pytest.mark.parametrize("content", [None, "", [], [{"type": "text", "text": ""}]])
def test_an_earlier_answer_without_text_makes_no_item(content: object) -> None:
    assert conversation([USER, {"role": "assistant", "content": content}, USER]).input == [item("user", "hi")] * 2


@pytest.mark.parametrize(
    ("messages", "param", "code"),
    [
        (None, "messages", "missing_required_parameter"),
        ("hi", "messages", "invalid_type"),
        ([], "messages", "empty_array"),
        (["hi"], "messages[0]", "invalid_type"),
        ([{"content": "hi"}], "messages[0].role", "missing_required_parameter"),
        ([{"role": 1, "content": "hi"}], "messages[0].role", "invalid_type"),
        ([USER, {"role": "wizard", "content": "hi"}], "messages[1].role", "invalid_value"),
        ([{"role": "user"}], "messages[0].content", "invalid_type"),
        ([{"role": "user", "content": 5}], "messages[0].content", "invalid_type"),
        ([{"role": "user", "content": []}], "messages[0].content", "empty_array"),
        ([{"role": "system", "content": None}], "messages[0].content", "invalid_type"),
        ([{"role": "user", "content": ["hi"]}], PART, "invalid_type"),
        ([{"role": "user", "content": [{"text": "hi"}]}], f"{PART}.type", "missing_required_parameter"),
        ([{"role": "user", "content": [{"type": "text"}]}], f"{PART}.text", "missing_required_parameter"),
        ([{"role": "user", "content": [{"type": "text", "text": 1}]}], f"{PART}.text", "invalid_type"),
        ([{"role": "user", "content": [*parts("a"), {"type": "input_audio"}]}],
         "messages[0].content[1].input_audio", "unsupported_parameter"),
        ([{"role": "user", "content": [{"type": "refusal", "refusal": "x"}]}], f"{PART}.type", "invalid_value"),
        ([{"role": "user", "content": [{"type": "video"}]}], f"{PART}.type", "invalid_value"),
        ([{"role": "system", "content": [{"type": "image_url"}]}], f"{PART}.type", "invalid_value"),
        ([{"role": "assistant", "content": [{"type": "image_url"}]}], f"{PART}.type", "invalid_value"),
        ([{"role": "assistant", "refusal": 1}], "messages[0].refusal", "invalid_type"),
        ([{"role": "assistant", "content": "a", "audio": {"id": "x"}}], "messages[0].audio", "unsupported_parameter"),
        ([{"role": "assistant", "content": None}], "messages", "invalid_value"),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(messages: object, param: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        conversation(messages)
    assert (refused.value.status, refused.value.param, refused.value.error_code) == (400, param, code)


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ("hi", "Invalid type for 'messages': expected an array of objects, but got a string instead."),
        (
            [{"role": "wizard"}],
            "Invalid value: 'wizard'. Supported values are: "
            "'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
        ),
        (
            [{"role": "user", "content": None}],
            "Invalid type for 'messages[0].content': expected one of a string or array of objects, "
            "but got null instead.",
        ),
        (
            [{"role": "user", "content": [{"type": "input_audio"}]}],
            "Unsupported parameter: 'messages[0].content[0].input_audio'. "
            "Audio is not supported, only text, images (PNG, JPEG, GIF, WebP) and PDF files are.",
        ),
    ],
)
def test_the_words_of_refusals(messages: object, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        conversation(messages)
    assert refused.value.message == message


MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "developer", "user", "assistant"])},
        optional={
            "content": st.none()
            | st.text(max_size=4)
            | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=4)}), max_size=3)
        },
    ),
    max_size=8,
)


@given(MESSAGES, st.booleans())
def test_no_text_is_lost_and_none_is_made_up(messages: list[dict[str, Any]], keep_in_input: bool) -> None:
    try:
        talk = conversation(messages, keep_in_input=keep_in_input)
    except Refusal:
        return
    given_texts = [
        text
        for message in messages
        for text in (
            [message["content"]]
            if isinstance(message.get("content"), str)
            else [part["text"] for part in message.get("content") or []]
        )
    ]
    sent = talk.instructions + "".join(part["text"] for entry in talk.input for part in entry["content"])
    assert sent.replace("\n", "") == "".join(given_texts).replace("\n", "")
    assert talk.input
    assert all(entry["role"] in ("user", "developer", "assistant") for entry in talk.input)
