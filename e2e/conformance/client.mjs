// Uses the fixture through the official TypeScript SDK, and prints what it got as
// JSON. Arguments: the folder that the packages are installed in, the SDK (sdk is
// version 1, client is what it became), the protocol (auto or legacy, or stream
// for the older package's only one), and the server's URL.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, sdk, mode, url] = process.argv.slice(2);
const require = createRequire(folder + "/x.js");
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const capabilities = { elicitation: {}, sampling: {}, roots: {} };
const answers = {
  "elicitation/create": async () => ({ action: "accept", content: { name: "Ada" } }),
  "sampling/createMessage": async () => ({ role: "assistant", model: "m", content: { type: "text", text: "hello" } }),
  "roots/list": async () => ({ roots: [{ uri: "file:///work" }] }),
};

async function make() {
  const info = { name: "typescript", version: "1.0.0" };
  if (sdk === "client") {
    const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
    const client = new Client(info, { capabilities, versionNegotiation: { mode } });
    for (const [method, answer] of Object.entries(answers)) client.setRequestHandler(method, answer);
    return [client, new StreamableHTTPClientTransport(new URL(url))];
  }
  const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const types = await load("@modelcontextprotocol/sdk/types.js");
  const client = new Client(info, { capabilities });
  client.setRequestHandler(types.ElicitRequestSchema, answers["elicitation/create"]);
  client.setRequestHandler(types.CreateMessageRequestSchema, answers["sampling/createMessage"]);
  client.setRequestHandler(types.ListRootsRequestSchema, answers["roots/list"]);
  return [client, new StreamableHTTPClientTransport(new URL(url))];
}

const [client, transport] = await make();
await client.connect(transport);
const progress = [];
const call = async (name, args = {}, options) => (await client.callTool({ name, arguments: args }, ...options ?? [])).content;
const withProgress = sdk === "client" ? [{ onprogress: (p) => progress.push(p.progress) }] : [undefined, { onprogress: (p) => progress.push(p.progress) }];
const got = {
  server: client.getServerVersion().name,
  tools: (await client.listTools()).tools.length,
  greeting: (await call("greet", { name: "Ada" }))[0].text,
  kinds: (await call("test_multiple_content_types")).map((c) => c.type),
  resource: (await client.readResource({ uri: "test://template/7/data" })).contents[0].text,
  prompt: (await client.getPrompt({ name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } })).messages[0].content.text,
  completion: (await client.complete({ ref: { type: "ref/prompt", name: "test_prompt_with_arguments" }, argument: { name: "arg1", value: "par" } })).completion.values,
  elicited: (await call("test_input_required_result_elicitation"))[0].text,
  rounds: (await call("test_input_required_result_multiple_inputs"))[0].text,
};
await call("test_tool_with_progress", {}, withProgress);
got.progress = progress;
await client.close();
console.log(JSON.stringify(got));
