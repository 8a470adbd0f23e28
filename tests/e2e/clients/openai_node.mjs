// openai-node, as its users call it.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { asked, baseURL, errorOf, key, model, pdf, png, run, weatherOf } from "./common.mjs";

const client = new OpenAI({ baseURL, apiKey: key, maxRetries: 0, timeout: 20_000 });
const chat = client.chat.completions;
const user = (content) => ({ role: "user", content });
const told = (answer) => ({
  id: answer.id,
  model: answer.model,
  finish: answer.choices[0].finish_reason,
  usage: answer.usage,
});
const tell = (error) => ({ status: error.status, code: error.code, param: error.param, message: error.message });

const City = z.object({
  title: z.string(),
  level: z.enum(["low", "high"]),
  tags: z.array(z.string()),
  next: z.object({ rank: z.number().int() }).nullable(),
});

await run({
  async plain() {
    const answer = await chat.create({ model, messages: [{ role: "system", content: "Be brief." }, user(asked.plain)] });
    return { text: answer.choices[0].message.content, ...told(answer) };
  },

  async stream() {
    const stream = chat.stream({ model, messages: [user(asked.stream)], stream_options: { include_usage: true } });
    let pieces = 0;
    stream.on("content", () => pieces++);
    const answer = await stream.finalChatCompletion();
    return { text: answer.choices[0].message.content, pieces, role: answer.choices[0].message.role, ...told(answer) };
  },

  async tools() {
    const calls = [];
    const weather = {
      type: "function",
      function: {
        name: "weather",
        description: "The weather in a city.",
        parameters: { type: "object", properties: { city: { type: "string" } } },
        parse: JSON.parse,
        function: ({ city }) => (calls.push(city), weatherOf(city)),
      },
    };
    const runner = chat.runTools({ model, messages: [user(asked.tools)], tools: [weather], stream: true });
    return { text: await runner.finalContent(), calls, ...told(await runner.finalChatCompletion()) };
  },

  async structured() {
    const format = zodResponseFormat(City, "city");
    const answer = await chat.parse({ model, messages: [user(asked.structured)], response_format: format });
    return { parsed: answer.choices[0].message.parsed, ...told(answer) };
  },

  async attachments() {
    const url = `data:image/png;base64,${png.toString("base64")}`;
    const file = { filename: "sample.pdf", file_data: `data:application/pdf;base64,${pdf.toString("base64")}` };
    const parts = [{ type: "text", text: asked.attachments }, { type: "image_url", image_url: { url } }];
    const answer = await chat.create({ model, messages: [user([...parts, { type: "file", file }])] });
    return { text: answer.choices[0].message.content, ...told(answer) };
  },

  async reasoning() {
    const stream = await chat.create({ model, messages: [user(asked.reasoning)], stream: true });
    let reasoning = "";
    for await (const chunk of stream) reasoning += chunk.choices[0]?.delta?.reasoning_content ?? "";
    return { reasoning };
  },

  async errors() {
    const other = new OpenAI({ baseURL, apiKey: "ws-no-license-of-this-gateway", maxRetries: 0 });
    const messages = [user("hi")];
    return {
      key: await errorOf(() => other.chat.completions.create({ model, messages }), tell),
      model: await errorOf(() => chat.create({ model: "gpt-nothing", messages, stream: true }), tell),
      request: await errorOf(() => chat.create({ model, messages, n: 2 }), tell),
    };
  },

  async limit() {
    return errorOf(() => chat.create({ model, messages: [user("hi")], stream: true }), tell);
  },

  async abort() {
    const stream = await chat.create({ model, messages: [user(asked.slow)], stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) break;
    return { aborted: stream.controller.signal.aborted };
  },
});
