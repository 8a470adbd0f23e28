"""A Chat Completions request as a Responses request, built from a whitelist.

The ChatGPT backend answers 400 to every field that it does not know, so nothing is copied; what cannot be honoured and
every client sends is left out, and whatever else changes the meaning is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.models import ModelTable, ResolvedModel
from app.core.token import Kinds, TokenKind
from app.translate import chat_options, fields, invalid
from app.translate.chat_messages import Conversation, conversation
from app.translate.chat_tools import Tools, read_tools
from app.translate.frames import json_bytes
from app.translate.request_places import RequestPlaces

#: Models of the Responses API that answer 400 to `reasoning` and to encrypted reasoning, by the start of their names.
_WITHOUT_REASONING = ("gpt-3.5", "gpt-4", "chatgpt-", "gpt-5-chat")


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """The request for upstream.

    Attributes:
        body: of the Responses request; content, so it stays out of logs. It shares its values with the client's.
        effort: that upstream is asked for, if any.
    """

    body: dict[str, Any] = field(repr=False)
    effort: str | None

    def encoded(self) -> bytes:
        """The body as JSON text.

        Raises:
            Refusal: 400, when it is nested too deeply.
        """
        return json_bytes(self.body)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that has been read once, for tokens of any kind.

    Attributes:
        model: as the client asked for it; echoed in its answer.
        stream: whether the client wants a stream. Upstream is always asked for one.
        include_usage: whether that stream ends with a chunk of usage.
        legacy_functions: the client speaks of `functions`, and is answered with a `function_call`.
        custom_tools: names of the tools whose input is free text.
        wants_logprobs: the client wants them; a ChatGPT login has none to give.
        places: says what upstream refuses in the client's own terms.
    """

    model: str
    stream: bool
    include_usage: bool
    legacy_functions: bool
    custom_tools: frozenset[str]
    wants_logprobs: bool
    places: RequestPlaces = field(repr=False)
    _resolved: ResolvedModel
    _talk: Conversation = field(repr=False)
    _tools: Tools = field(repr=False)
    _text: dict[str, Any] = field(repr=False)
    _effort: str | None
    _summary: str | None
    _cache_key: str | None = field(repr=False)
    _service_tier: str | None
    _top_logprobs: int
    _beyond: Mapping[str, Any] = field(repr=False)

    @property
    def kinds(self) -> Kinds:
        """Of the tokens that can be asked."""
        # Files belong to the account of an API key.
        return None if self._talk.file_id_at is None else frozenset({TokenKind.API_KEY})

    def for_token(self, kind: TokenKind, *, reasoning_summary: str | None = "auto") -> ResponsesRequest:
        """The request for an upstream; the Responses API takes more than the ChatGPT backend.

        Args:
            kind: of the token that serves it.
            reasoning_summary: which summary of its reasoning to ask the model for; None for organizations that OpenAI
                has not verified, which get a 400 with the param `reasoning.summary`.

        Raises:
            Refusal: 400, for what a token of this kind cannot do.
        """
        to_chatgpt = kind is TokenKind.CHATGPT
        if to_chatgpt and self._talk.file_id_at is not None:
            why = "A file id belongs to the account of its API key. Send the file itself as 'file_data'."
            raise invalid.unusable(self._talk.file_id_at, why, "unsupported_file_id")
        # The name of a model that its user has tuned holds the name of the model that it was.
        reasons = to_chatgpt or not self._resolved.model.removeprefix("ft:").startswith(_WITHOUT_REASONING)
        summary = reasoning_summary and (self._summary or reasoning_summary) if reasons else None
        reasoning = fields.present(effort=self._effort, summary=summary)
        include = ["reasoning.encrypted_content"] if reasons else []

        body: dict[str, Any] = {"model": self._resolved.model}
        if to_chatgpt or self._talk.instructions:
            # The ChatGPT backend requires the key, and takes an empty string.
            body["instructions"] = self._talk.instructions
        body["input"] = list(self._talk.without_breakpoints() if to_chatgpt else self._talk.input)
        body |= self._tools.body
        if reasoning:
            body["reasoning"] = reasoning
        if self._text:
            body["text"] = self._text
        body |= fields.present(prompt_cache_key=self._cache_key)
        if not to_chatgpt or self._service_tier == "priority":
            # A subscription has no other tier to ask for.
            body |= fields.present(service_tier=self._service_tier)
        if not to_chatgpt:
            body |= chat_options.for_api(self._beyond)
            if self.wants_logprobs:
                include.append("message.output_text.logprobs")
                body |= fields.present(top_logprobs=self._top_logprobs or None)
        if include:
            body["include"] = include
        body |= {"store": False, "stream": True}
        return ResponsesRequest(body, self._effort)


def read_chat_request(data: Mapping[str, Any], *, models: ModelTable, session_name: str | None) -> ChatRequest:
    """Read a Chat Completions request, and refuse what no token could serve.

    Args:
        data: the parsed body (`Envelope.data`); it is not changed.
        models: what the names of models mean.
        session_name: the session's most telling name, for requests that name it in a header only.

    Raises:
        Refusal: 400, exact in `param` and `code`.
    """
    model = fields.name(data, "model")
    stream = fields.boolean(data, "stream") is True
    include_usage = chat_options.includes_usage(data) and stream
    chat_options.refuse_other_answers(data)
    wants_logprobs, top_logprobs = chat_options.logprobs(data)
    text = chat_options.text_options(data)
    json_mode = text.get("format", {}).get("type") == "json_object"
    tools = read_tools(data)
    effort, summary = chat_options.asked_reasoning(data)
    cache_key = chat_options.cache_key(data, session_name)
    service_tier = chat_options.service_tier(data)
    talk = conversation(data.get("messages"), custom_tools=tools.custom, keep_in_input=json_mode)
    if json_mode and not talk.says_json():
        why = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        raise invalid.unusable("messages", why, None)
    resolved = models.resolve(model)
    return ChatRequest(
        model=model,
        stream=stream,
        include_usage=include_usage,
        legacy_functions=tools.legacy,
        custom_tools=tools.custom,
        wants_logprobs=wants_logprobs,
        places=RequestPlaces(data, talk.input, talk.origins, tools),
        _resolved=resolved,
        _talk=talk,
        _tools=tools,
        _text=text,
        # Choosing the name is the explicit act; many clients send a default effort with every request.
        _effort=resolved.effort or effort,
        _summary=summary,
        _cache_key=cache_key,
        _service_tier=service_tier,
        _top_logprobs=top_logprobs,
        _beyond=chat_options.beyond_chatgpt(data),
    )
