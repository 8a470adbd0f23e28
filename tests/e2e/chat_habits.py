"""What chat programs send that cannot be driven here: the fields of their requests, as their sources have them.

Each entry is a first request as the program sends it with its default settings; unknown fields, fields of other
services and shapes of earlier days included. The conversations are ours.
"""

from typing import Any

from tests.e2e.chat_files import pdf, png

IMAGE, FILE = png(), pdf()
ASKED = "what model are you"


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def function(name: str, **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": parameters} | more}


HABITS: dict[str, dict[str, Any]] = {
    # Its sliders always, its own image cache as data URLs, no stream_options.
    "NextChat": {
        "messages": [
            {"role": "system", "content": "\nYou are ChatGPT.\nCurrent time: today\nLatex inline: \\(x^2\\) \n"},
            user([text(ASKED), {"type": "image_url", "image_url": {"url": IMAGE}}]),
        ],
        "stream": True,
        "model": "gpt-5-high",
        "temperature": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "top_p": 1,
        "max_tokens": 4000,
    },
    # Keys of other services beside OpenAI's; reasoning of the last answer goes back as it came.
    "Cherry Studio": {
        "model": "gpt-5-high",
        "messages": [
            {"role": "system", "content": ""},
            user([text("hi")]),
            {"role": "assistant", "content": "hello", "reasoning_content": "a thought", "reasoning_details": []},
            user([text(ASKED), {"type": "image_url", "image_url": IMAGE}]),
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "top_k": 40,
        "enable_thinking": True,
        "thinking_budget": 4096,
        "thinking": {"type": "enabled"},
        "chat_template_kwargs": {"enable_thinking": True},
        "reasoning_effort": "low",
        "web_search": {"enable": False},
        "service_tier": "auto",
    },
    # Every field it has, null where unset; a user id; tools whose schemas carry more than OpenAI's subset.
    "LobeChat": {
        "model": "gpt-5-high",
        "messages": [
            {"content": "You help.", "role": "system"},
            user([text(ASKED), {"type": "image_url", "image_url": {"url": IMAGE, "detail": "auto"}}]),
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "frequency_penalty": 0,
        "presence_penalty": 0,
        "temperature": None,
        "top_p": 1,
        "max_tokens": None,
        "user": "user-0",
        "enabledSearch": False,
        "plugins": [],
        "tools": [function("lobe-web-browsing____search____builtin")],
        "tool_choice": None,
    },
    # Its own bookkeeping beside the fields of OpenAI.
    "Open WebUI": {
        "stream": True,
        "model": "gpt-5-high",
        "messages": [user([text(ASKED), {"type": "file", "file": {"file_data": FILE, "filename": "报告.pdf"}}])],
        "stream_options": {"include_usage": True},
        "metadata": {"chat_id": "c1", "message_id": "m1", "features": "{}"},
        "session_id": "socket-1",
        "chat_id": "c1",
        "id": "m1",
        "background_tasks": {"title_generation": True},
        "features": {"web_search": False},
        "seed": 1,
        "stop": ["<|end|>"],
        "logit_bias": {},
        "num_ctx": 2048,
        "keep_alive": "5m",
        "function_calling": "native",
    },
    # No sampling of its own for models that reason; parts with the marks of another service.
    "Cline": {
        "model": "gpt-5-high",
        "messages": [
            {"role": "developer", "content": [text("You are a coder.") | {"cache_control": {"type": "ephemeral"}}]},
            user([text("<task>\nhi\n</task>") | {"cache_control": {"type": "ephemeral"}}]),
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "read_file", "arguments": '{"path": "a"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": [text("the file")]},
            user([text(ASKED)]),
        ],
        "reasoning_effort": "medium",
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [function("read_file", strict=False)],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
    },
    # Stop words, a prediction, and a tool call in its history whose content is a blank.
    "Continue": {
        "messages": [
            {"role": "system", "content": "You are in chat mode."},
            user("hi"),
            {
                "role": "assistant",
                "content": " ",
                "tool_calls": [{"id": "call_x", "type": "function", "function": {"name": "ls", "arguments": ""}}],
            },
            {"role": "tool", "content": "", "tool_call_id": "call_x"},
            user(ASKED),
        ],
        "model": "gpt-5-high",
        "max_completion_tokens": 4096,
        "stream": True,
        "stop": ["<fim_prefix>"],
        "prediction": {"type": "content", "content": "x"},
        "tools": [function("ls")],
        "parallel_tool_calls": False,
    },
    # By way of LiteLLM: no stream, an effort in the body, and user messages in a row.
    "aider": {
        "model": "gpt-5-high",
        "messages": [
            {"role": "system", "content": "Act as an expert software developer."},
            user("I have *added these files to the chat*."),
            {
                "role": "assistant",
                "content": "Ok.",
                "refusal": None,
                "tool_calls": None,
                "function_call": None,
                "provider_specific_fields": {},
            },
            user("hi"),
            user(ASKED),
        ],
        "stream": False,
        "reasoning_effort": "high",
        "extra_body": {},
        "num_retries": 0,
    },
    # Before tools there were functions; many older programs still send them.
    "an older program": {
        "model": "gpt-5-high",
        "messages": [
            user(ASKED),
            {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "sunny"},
        ],
        "functions": [function("weather")["function"]],
        "function_call": "auto",
        "stream": True,
        "n": 1,
    },
}
