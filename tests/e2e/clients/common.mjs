// What the scripts share: where the gateway is, what is asked, and how the results are told.

export const baseURL = process.env.GATEWAY_URL;
export const key = process.env.GATEWAY_KEY;
export const model = "gpt-5-high";
export const png = Buffer.from(process.env.SAMPLE_PNG, "base64");
export const pdf = Buffer.from(process.env.SAMPLE_PDF, "base64");

export const asked = {
  plain: "你是什么模型",
  stream: "words: 60",
  tools: 'call: weather {"city":"北京"}\ncall: weather {"city":"Zürich"}',
  structured: "Basel",
  attachments: "What is attached?",
  reasoning: "thoughts: 2",
  slow: "words: 400\nslowly: 6",
};

export const weatherOf = (city) => `sunny in ${city}`;

// Run the scenarios named on the command line, one after the other, and print what each of them found.
export async function run(scenarios) {
  const found = {};
  for (const name of process.argv.slice(2)) {
    try {
      found[name] = await scenarios[name]();
    } catch (error) {
      found[name] = { failed: `${error?.constructor?.name}: ${error?.message}`, stack: error?.stack };
    }
  }
  process.stdout.write(JSON.stringify(found));
}

// What an expected error looks like to a program; `tell` reads the client's own error class.
export async function errorOf(action, tell) {
  try {
    await action();
  } catch (error) {
    return { kind: error.constructor.name, ...tell(error) };
  }
  throw new Error("there was no error");
}
