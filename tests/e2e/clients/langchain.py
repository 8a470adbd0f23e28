"""LangChain, as its users call it; run with the names of scenarios, it prints what each of them found."""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import openai
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

MODEL = "gpt-5-high"
PLAIN = "你是什么模型"
TOOLS = 'call: weather {"city":"北京"}\ncall: weather {"city":"Zürich"}'


class Next(BaseModel):
    rank: int


class City(BaseModel):
    """A city."""

    title: str
    level: Literal["low", "high"]
    tags: list[str]
    next: Next | None


def model(key: str | None = None, name: str = MODEL, **more: Any) -> ChatOpenAI:
    """A model behind the gateway; what fails is not tried again."""
    return ChatOpenAI(
        model=name,
        base_url=os.environ["GATEWAY_URL"],
        api_key=SecretStr(key or os.environ["GATEWAY_KEY"]),
        max_retries=0,
        timeout=20,
        **more,
    )


def told(answer: Any) -> dict[str, Any]:
    about = answer.response_metadata
    return {"model": about["model_name"], "finish": about["finish_reason"], "usage": answer.usage_metadata}


async def error_of(asking: Awaitable[Any]) -> dict[str, Any]:
    try:
        await asking
    except openai.APIStatusError as error:
        return {
            "kind": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "message": error.message,
        }
    raise AssertionError("there was no error")


async def plain() -> dict[str, Any]:
    answer = await model().ainvoke([SystemMessage("Be brief."), HumanMessage(PLAIN)])
    return {"text": answer.content, **told(answer)}


async def stream() -> dict[str, Any]:
    whole: AIMessageChunk | None = None
    pieces = 0
    async for chunk in model(stream_usage=True).astream("words: 60"):
        pieces += bool(chunk.content)
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    return {"text": whole.content, "pieces": pieces, **told(whole)}


async def tools() -> dict[str, Any]:
    cities: list[str] = []

    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        cities.append(city)
        return f"sunny in {city}"

    able = model().bind_tools([weather])
    talk: list[Any] = [HumanMessage(TOOLS)]
    answer: AIMessageChunk | None = None
    async for chunk in able.astream(talk):
        answer = chunk if answer is None else answer + chunk
    assert answer is not None
    first = told(answer)["finish"]
    talk.append(answer)
    for call in answer.tool_calls:
        talk.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
    last = await able.ainvoke(talk)
    return {"text": last.content, "calls": cities, "first_finish": first, **told(last)}


async def structured() -> dict[str, Any]:
    found = {}
    for method in ("json_schema", "function_calling"):
        parsed = await model().with_structured_output(City, method=method).ainvoke("Basel")
        found[method] = parsed.model_dump()
    return {"parsed": found["json_schema"], "by_function": found["function_calling"]}


async def attachments() -> dict[str, Any]:
    image = {"type": "image", "base64": os.environ["SAMPLE_PNG"], "mime_type": "image/png"}
    file = {
        "type": "file",
        "base64": os.environ["SAMPLE_PDF"],
        "mime_type": "application/pdf",
        "filename": "sample.pdf",
    }
    question = {"type": "text", "text": "What is attached?"}
    answer = await model().ainvoke([HumanMessage([question, image, file])])
    return {"text": answer.content, **told(answer)}


async def errors() -> dict[str, Any]:
    return {
        "key": await error_of(model("ws-no-license-of-this-gateway").ainvoke("hi")),
        "model": await error_of(model(name="gpt-nothing").ainvoke("hi")),
        "request": await error_of(model(n=2).ainvoke("hi")),
    }


async def limit() -> dict[str, Any]:
    return await error_of(model().ainvoke("hi"))


async def abort() -> dict[str, Any]:
    asking = model().astream("words: 400\nslowly: 6")
    async for chunk in asking:
        if chunk.content:
            break
    await asking.aclose()
    return {"aborted": True}


SCENARIOS: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
    scenario.__name__: scenario for scenario in (plain, stream, tools, structured, attachments, errors, limit, abort)
}


async def main(names: list[str]) -> None:
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = await SCENARIOS[name]()
        except Exception as error:
            found[name] = {"failed": repr(error), "stack": traceback.format_exc()}
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
