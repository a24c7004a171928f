// What the page asks of its server.

const LOST = "The server cannot be reached; start it with make serve.";

async function asked(address, options) {
  let reply;
  try {
    reply = await fetch(address, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(LOST);
  }
  if (reply.ok) return reply;
  const body = await reply.json().catch(() => null);
  const error = new Error(body?.error?.message ?? `The server answered with status ${reply.status}.`);
  error.status = reply.status;
  throw error;
}

// The run behind the server; an error of status 503 while its models are being loaded.
export const run = async () => (await asked("run")).json();

// The choices of the streamed answer to a question, one per token.
export async function* answer(question, signal) {
  const body = JSON.stringify({ ...question, stream: true, alphas: true });
  const headers = { "Content-Type": "application/json" };
  const reply = await asked("v1/chat/completions", { method: "POST", headers, body, signal });
  for await (const line of lines(reply.body)) {
    if (!line.startsWith("data: ")) continue;
    if (line === "data: [DONE]") return;
    const chunk = JSON.parse(line.slice(6));
    if (chunk.error) throw new Error(chunk.error.message);
    if (chunk.choices[0].mope) yield chunk.choices[0];
  }
  throw new Error("The connection broke: this answer is not whole.");
}

async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      throw error.name === "AbortError" ? error : new Error("The connection broke: this answer is not whole.");
    }
    if (part.done) return;
    const found = (rest + part.value).split("\n");
    rest = found.pop();
    yield* found;
  }
}
