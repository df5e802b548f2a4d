// Test equipment: carries JSON-RPC between HTTP, which the conformance suite speaks, and a server on
// standard input and output. Each session has a server process of its own; requests without a session
// share one.
//
//   node bridge.mjs PORT COMMAND [ARGUMENT...]

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const [port, command, ...words] = process.argv.slice(2);
const sessions = new Map();
let shared;

/** A server process, and who waits for which of its answers. */
class Server {
  constructor() {
    this.waiting = new Map();
    this.process = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.process.on("exit", () => this.waiting.forEach((answer) => answer(undefined)));
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      const message = JSON.parse(line);
      const key = JSON.stringify(message.id);
      this.waiting.get(key)?.(message);
      this.waiting.delete(key);
    });
  }

  send(message) {
    this.process.stdin.write(JSON.stringify(message) + "\n");
  }

  ask(message) {
    return new Promise((answer) => {
      this.waiting.set(JSON.stringify(message.id), answer);
      this.send(message);
    });
  }

  end() {
    this.process.stdin.end();
  }
}

function serverOf(message, session) {
  if (message.method === "initialize") {
    const id = randomUUID();
    sessions.set(id, new Server());
    return [sessions.get(id), id];
  }
  if (session === undefined) {
    shared ??= new Server();
    return [shared, undefined];
  }
  return [sessions.get(session), session];
}

async function post(request, response) {
  let body = "";
  for await (const part of request) body += part;
  const message = JSON.parse(body);
  const [server, session] = serverOf(message, request.headers["mcp-session-id"]);
  if (server === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (message.id === undefined) {
    server.send(message);
    response.writeHead(202).end();
    return;
  }
  const answer = await server.ask(message);
  if (answer === undefined) {
    response.writeHead(502).end();
    return;
  }
  const headers = { "content-type": "application/json" };
  if (session !== undefined) headers["mcp-session-id"] = session;
  response.writeHead(statusOf(message, answer), headers).end(JSON.stringify(answer));
}

/** What the protocol says of HTTP status codes is the bridge's matter. */
function statusOf(message, answer) {
  const { code, message: text } = answer.error ?? {};
  const modern = message.params?._meta?.["io.modelcontextprotocol/protocolVersion"] !== undefined;
  if (code === -32601 && modern) return 404;
  if (code === -32022 || code === -32021 || code === -32600) return 400;
  if (code === -32602 && text.startsWith("request _meta")) return 400;
  return 200;
}

createServer((request, response) => {
  if (request.method === "POST") {
    post(request, response).catch(() => response.writeHead(400).end());
  } else if (request.method === "DELETE") {
    const session = request.headers["mcp-session-id"];
    const known = sessions.get(session);
    known?.end();
    sessions.delete(session);
    response.writeHead(known === undefined ? 404 : 200).end();
  } else {
    response.writeHead(405).end();
  }
}).listen(Number(port), "127.0.0.1", function () {
  console.log(this.address().port);
});

process.on("SIGTERM", () => {
  for (const server of [shared, ...sessions.values()]) server?.end();
  process.exit(0);
});
