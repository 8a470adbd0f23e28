// The Vercel AI SDK, with the provider that $PROVIDER names: "openai" (its chat API) or "compatible".
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, Output, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { asked, baseURL, errorOf, key, model as name, pdf, png, run, weatherOf } from "./common.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

function provided(apiKey, model = name) {
  if (process.env.PROVIDER === "openai") return createOpenAI({ baseURL, apiKey }).chat(model);
  const options = { name: "waystation", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true };
  return createOpenAICompatible(options).chatModel(model);
}

const model = provided(key);
const common = { model, maxRetries: 0, onError: () => {} };
const told = async (answer) => ({
  model: (await answer.response).modelId,
  finish: await answer.finishReason,
  usage: await answer.usage,
});
const tell = (error) => ({
  api: APICallError.isInstance(error),
  status: error.statusCode,
  message: error.message,
  ...JSON.parse(error.responseBody ?? "{}").error,
});

// A stream gives its error to a part of it.
async function streamed(options) {
  const answer = streamText({ ...common, ...options });
  for await (const part of answer.fullStream) if (part.type === "error") throw part.error;
  return answer;
}

await run({
  async plain() {
    const answer = await generateText({ ...common, system: "Be brief.", prompt: asked.plain });
    return { text: answer.text, ...(await told(answer)) };
  },

  async stream() {
    const answer = streamText({ ...common, prompt: asked.stream });
    let pieces = 0;
    for await (const _ of answer.textStream) pieces++;
    return { text: await answer.text, pieces, ...(await told(answer)) };
  },

  async tools() {
    const calls = [];
    const weather = tool({
      description: "The weather in a city.",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => (calls.push(city), weatherOf(city)),
    });
    const answer = await streamed({ prompt: asked.tools, tools: { weather }, stopWhen: stepCountIs(4) });
    return { text: await answer.text, calls, steps: (await answer.steps).length, ...(await told(answer)) };
  },

  async structured() {
    const schema = z.object({
      title: z.string(),
      level: z.enum(["low", "high"]),
      tags: z.array(z.string()),
      next: z.object({ rank: z.number().int() }).nullable(),
    });
    const answer = await generateText({ ...common, prompt: asked.structured, output: Output.object({ schema }) });
    return { parsed: answer.output, ...(await told(answer)) };
  },

  async attachments() {
    const content = [
      { type: "text", text: asked.attachments },
      { type: "image", image: png, mediaType: "image/png" },
      { type: "file", data: pdf, mediaType: "application/pdf", filename: "sample.pdf" },
    ];
    const answer = await generateText({ ...common, messages: [{ role: "user", content }] });
    return { text: answer.text, ...(await told(answer)) };
  },

  async reasoning() {
    return { reasoning: (await (await streamed({ prompt: asked.reasoning })).reasoningText) ?? "" };
  },

  async errors() {
    const wrong = provided("ws-no-license-of-this-gateway");
    const unknown = provided(key, "gpt-nothing");
    const low = { model, tools: { "no good name": tool({ inputSchema: z.object({}) }) } };
    return {
      key: await errorOf(() => generateText({ ...common, model: wrong, prompt: "hi" }), tell),
      model: await errorOf(() => streamed({ model: unknown, prompt: "hi" }), tell),
      request: await errorOf(() => generateText({ ...common, ...low, prompt: "hi" }), tell),
    };
  },

  async limit() {
    return errorOf(() => streamed({ prompt: "hi" }), tell);
  },

  async abort() {
    const controller = new AbortController();
    const answer = streamText({ ...common, prompt: asked.slow, abortSignal: controller.signal });
    for await (const part of answer.fullStream) {
      if (part.type === "text-delta") controller.abort();
      if (part.type === "abort") return { aborted: true };
    }
    return { aborted: controller.signal.aborted };
  },
});
