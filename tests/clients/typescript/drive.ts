// What a user of the client does that openapi-typescript and openapi-fetch make.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.ts";

type Ticket = components["schemas"]["DocAnalysisTicket"];
type NewTicket = components["schemas"]["DocAnalysisTicketCreate"];
type Result = components["schemas"]["DocAnalysisResult"];

const [address, username, password, path] = process.argv.slice(2) as [string, string, string, string];
const client = createClient<paths>({ baseUrl: address });

function narrow(ticket: components["schemas"]["Ticket"] | undefined, error: unknown): Ticket {
  if (ticket?.task_type !== "doc_analysis") throw new Error(JSON.stringify(error));
  return ticket;
}

function isResult(data: unknown): data is Result {
  return typeof data === "object" && data !== null && "coverage" in data && "analysis" in data;
}

async function signIn(): Promise<void> {
  const { data, error } = await client.POST("/auth/login/json", { body: { username, password } });
  if (!data) throw new Error(error.detail);
  const authorization = `Bearer ${data.access_token}`;
  client.use({ onRequest: ({ request }) => request.headers.set("Authorization", authorization) });
}

async function openTicket(file: Blob): Promise<Ticket> {
  const ticket: NewTicket = {
    title: "By openapi-typescript",
    task_type: "doc_analysis",
    task_data: { analysis_type: "risk" },
  };
  const { data, error } = await client.POST("/tickets", {
    body: { ticket, files: [file] },
    bodySerializer: () => {
      const form = new FormData();
      form.append("ticket", new Blob([JSON.stringify(ticket)], { type: "application/json" }));
      form.append("files", file, basename(path));
      return form;
    },
  });
  return narrow(data, error);
}

async function wait(ticket: Ticket): Promise<Ticket> {
  while (ticket.status === "pending" || ticket.status === "processing") {
    await new Promise((resume) => setTimeout(resume, 500));
    const params = { path: { ticket_id: ticket.id } };
    const { data, error } = await client.GET("/tickets/{ticket_id}", { params });
    ticket = narrow(data, error);
  }
  return ticket;
}

async function readResult(ticketId: string): Promise<Result> {
  const params = { path: { ticket_id: ticketId } };
  const { data, error } = await client.GET("/tickets/{ticket_id}/result", { params });
  if (!isResult(data)) throw new Error(JSON.stringify(error));
  return data;
}

async function download(ticketId: string, attachmentId: string): Promise<Blob> {
  const { data } = await client.GET("/tickets/{ticket_id}/attachments/{attachment_id}", {
    params: { path: { ticket_id: ticketId, attachment_id: attachmentId } },
    parseAs: "blob",
  });
  if (!data) throw new Error("no file");
  return data;
}

const content = await readFile(path, "utf8");
await signIn();
const ticket = await wait(await openTicket(new Blob([content], { type: "text/plain" })));
const result = await readResult(ticket.id);
if (!isResult(ticket.result_data)) throw new Error("no result");
if (result.analysis !== ticket.result_data.analysis) throw new Error("another result");
const file = await download(ticket.id, ticket.attachments[0]!.id);
if ((await file.text()) !== content) throw new Error("another file");
console.log(ticket.id, result.coverage.documents_read, result.insights[0]?.evidence[0]?.document);
