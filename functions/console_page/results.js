// Results as they read best: each task type has its own part, and all have their report.

import * as api from "./api.js";
import { Failure, Table, count, html, useAction, useEffect, useLoad, useRef, useState, words } from "./ui.js";

const MOST_ROWS = 200;
const AROUND = 400;

export function Result({ ticket, path }) {
  const result = ticket.result_data;
  if (!Object.keys(result).length) return null;
  const Own = OWN[ticket.task_type] || Structured;
  return html`<section class="result"><h2>Result</h2><p class="said">${result.summary}</p>
    ${result.warnings?.length > 0 && html`<ul class="warnings" aria-label="Warnings">${result.warnings.map((one) => html`<li>${one}</li>`)}</ul>`}
    <${Downloads} ticket=${ticket} path=${path} />
    <${Own} result=${result} ticket=${ticket} path=${path} />
    <${Report} ticket=${ticket} path=${path} /></section>`;
}

function Downloads({ ticket, path }) {
  const { busy, error, run } = useAction();
  const name = ticket.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60);
  return html`<p class="downloads">Save as ${(ticket.result_data.formats || []).map((form) => html`
    <button type="button" disabled=${busy} onClick=${() => run(() => api.saveResult(`${path}/result?format=${form}`, name))}>${form}</button> `)}</p>
    <${Failure} error=${error} />`;
}

/** What a report says, which may be a page of its own: its head and its frame are left behind. */
function contentOf(page) {
  const parsed = document.createElement("template");
  parsed.innerHTML = page;
  parsed.content.querySelectorAll("meta, title, style").forEach((element) => element.remove());
  const main = parsed.content.querySelector("main");
  main?.replaceWith(...main.childNodes);
  return parsed.innerHTML;
}

/** Follows a link within a report by hand, as the address tells which view is open. */
function follow(event) {
  const address = event.target.closest("a")?.getAttribute("href") || "";
  if (!address.startsWith("#")) return;
  event.preventDefault();
  const place = event.currentTarget.querySelector(`[id="${CSS.escape(address.slice(1))}"]`);
  place?.setAttribute("tabindex", "-1");
  place?.focus();
}

/** The report, in HTML that the server has made inert; the page's policy runs nothing either. */
function Report({ ticket, path }) {
  const [open, setOpen] = useState(ticket.task_type === "custom" || ticket.task_type === "paper_writing" || !OWN[ticket.task_type]);
  const report = useLoad(() => (open ? api.text(`${path}/result?format=html`).then(contentOf) : null), `${open} ${ticket.attempt} ${ticket.completed_at}`);
  return html`<details open=${open} onToggle=${(event) => setOpen(event.target.open)}><summary>Report</summary>
    <${Failure} error=${report.error} />
    ${report.value != null && html`<article class="report" onClick=${follow} dangerouslySetInnerHTML=${{ __html: report.value }}></article>`}</details>`;
}

function Structured({ result }) {
  if (result.structured === undefined) return null;
  return html`<h3>Data</h3><pre tabindex="0" aria-label="Data">${JSON.stringify(result.structured, null, 2)}</pre>`;
}

// Offsets of quotes count code points, JavaScript's count UTF-16 units.
const cut = (points, start, end) => points.slice(Math.max(start, 0), end).join("");

function Place({ path, file, proof }) {
  const element = useRef(null);
  const from = Math.max(proof.start - AROUND, 0);
  const part = useLoad(() => api.get(`${path}/attachments/${file.id}/text?from=${from}&to=${proof.end + AROUND}`), `${file.id} ${proof.start}`);
  useEffect(() => element.current?.scrollIntoView({ block: "center" }), [part.value]);
  if (!part.value) return html`<${Failure} error=${part.error} />`;
  const points = Array.from(part.value.text);
  const [start, end] = [proof.start - from, proof.end - from];
  return html`<pre class="source" tabindex="0" aria-label="The text of ${file.filename}">${from > 0 && "…"}${cut(points, 0, start)}<mark ref=${element}>${cut(points, start, end)}</mark>${cut(points, end)}${part.value.end < part.value.characters && "…"}</pre>`;
}

function Proof({ proof, ticket, path }) {
  const [open, setOpen] = useState(false);
  if (proof.computed) {
    return html`<li>${proof.document}, ${proof.place}: <code>${proof.computed.function}</code> = ${String(proof.computed.value)}</li>`;
  }
  const file = ticket.attachments.find((one) => one.filename === proof.document);
  return html`<li><blockquote>${proof.quote}</blockquote><span class="muted">${proof.document}, ${proof.place}</span>
    ${file && proof.start != null && html` <button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Hide the text" : "Show in the text"}</button>`}
    ${open && html`<${Place} path=${path} file=${file} proof=${proof} />`}</li>`;
}

function Insights({ title, insights, ...rest }) {
  if (!insights?.length) return null;
  return html`<h3>${title}</h3><ol class="insights">${insights.map((one) => html`<li><p>${one.text}</p>
    <ul>${(one.evidence || []).map((proof) => html`<${Proof} proof=${proof} ...${rest} />`)}</ul></li>`)}</ol>`;
}

const List = ({ title, items }) =>
  items?.length > 0 && html`<h3>${title}</h3><ul>${items.map((one) => html`<li>${typeof one === "string" ? one : one.text || JSON.stringify(one)}</li>`)}</ul>`;

function Analysis({ result, ticket, path }) {
  const given = { ticket, path };
  return html`<${Insights} title="Insights" insights=${result.insights} ...${given} />
    <${Insights} title="Conflicts" insights=${result.conflicts} ...${given} />
    <${Insights} title="Agreements" insights=${result.agreements} ...${given} />
    <${List} title="Gaps" items=${result.gaps} /><${List} title="Recommendations" items=${result.recommendations} />
    ${result.coverage?.statement && html`<p class="muted">${result.coverage.statement}</p>`}`;
}

const SIDES = { LEFT: "old", RIGHT: "new" };

function Diff({ finding }) {
  const lines = finding.hunk || [];
  if (!lines.length) return html`<pre tabindex="0" aria-label="Code">${finding.evidence_quote}</pre>`;
  const is = (line) => line[SIDES[finding.side]] >= finding.start_line && line[SIDES[finding.side]] <= finding.end_line;
  const marks = { "+": "added", "-": "removed" };
  return html`<div class="diff" tabindex="0" role="group" aria-label="Lines of ${finding.file}"><table><tbody>${lines.map((line) => html`
    <tr class="${marks[line.kind] || ""} ${is(line) ? "meant" : ""}"><td class="number">${line.old}</td><td class="number">${line.new}</td>
    <td class="sign">${line.kind}</td><td><code>${line.text}</code></td></tr>`)}</tbody></table></div>`;
}

function Review({ result }) {
  return html`<p><strong class="verdict ${result.verdict}">${words(result.verdict)}</strong> · effort ${result.effort} of 5 · ${count(result.findings.length)} findings
    ${result.posted?.url && html` · <a href=${result.posted.url} rel="noopener noreferrer" target="_blank">posted</a>`}</p>
    <ol class="findings">${result.findings.map((one) => html`<li><h3><span class="severity ${one.severity}">${one.severity}</span> ${one.title}</h3>
      <p class="muted">${one.file}:${one.start_line} · ${words(one.category)} · confidence ${one.confidence}</p>
      <${Diff} finding=${one} /><p class="said">${one.body}</p>
      ${one.suggestion && html`<p>Proposed for lines ${one.suggestion.start_line}–${one.suggestion.end_line}:</p><pre tabindex="0" aria-label="Proposal">${one.suggestion.improved || "(drop these lines)"}</pre>`}</li>`)}</ol>`;
}

const asked = (one) => (one.words_asked == null ? "" : ` of ${count(one.words_asked)}`);

function Paper({ result }) {
  const { asked: wanted, got } = result.word_counts || {};
  return html`${result.outline?.length > 0 && html`<h3>Outline</h3><ul class="outline">${result.outline.map((one) => html`
      <li class="level${one.level}">${one.title}${one.words != null && html` <span class="muted">${count(one.words)}${asked(one)} words</span>`}</li>`)}</ul>`}
    ${got != null && html`<dl class="counts"><div><dt>Words</dt><dd>${count(got)}</dd></div><div><dt>Asked for</dt><dd>${count(wanted)}</dd></div>
      <div><dt>References</dt><dd>${count(result.references?.length)}</dd></div></dl>`}
    ${result.targets?.length > 0 && html`<h3>Held to</h3><ul>${result.targets.map((one) => html`<li>${one.held ? "✓" : "✗"} ${words(one.name)}: ${one.detail}</li>`)}</ul>`}
    ${result.references?.length > 0 && html`<h3>References</h3><ol>${result.references.map((one) => html`<li>${[one.author, one.title, one.location].filter(Boolean).join(", ")}
      ${one.cited?.length > 0 && html`<ul>${one.cited.map((place) => html`<li><blockquote>${place.quote}</blockquote><span class="muted">${place.section}, ${place.place}</span></li>`)}</ul>`}</li>`)}</ol>`}`;
}

function Chart({ ticket, path }) {
  const [address, setAddress] = useState(null);
  const image = useLoad(() => api.blob(`${path}/result?format=svg`), `${ticket.attempt} ${ticket.completed_at}`);
  useEffect(() => {
    if (!image.value) return;
    const made = URL.createObjectURL(image.value);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [image.value]);
  return html`<${Failure} error=${image.error} />${address && html`<img class="chart" src=${address} alt="Chart: ${ticket.result_data.summary}" />`}`;
}

const cell = (value) => (value === null ? html`<span class="muted">null</span>` : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What the rows say, each number with how it comes of them. */
function Findings({ insights }) {
  if (!insights?.length) return null;
  return html`<h3>Insights</h3><ul>${insights.map((one) => html`<li>${one.text}${one.numbers?.length > 0 && html`
    <ul>${one.numbers.map((number) => html`<li><code>${number.shown} = ${number.formula}</code></li>`)}</ul>`}</li>`)}</ul>`;
}

function Query({ result, ticket, path }) {
  const columns = (result.columns || []).map(({ name }, number) => [name, (row) => cell(row[number])]);
  const rows = (result.rows || []).slice(0, MOST_ROWS);
  const read = result.interpretation;
  const parts = ["metrics", "filters", "grain"].filter((name) => read[name]?.length);
  return html`${!result.summary.startsWith(read.text) && html`<p class="said">${read.text}</p>`}
    ${parts.length > 0 && html`<ul>${parts.map((name) => html`<li>${words(name)}: ${read[name].join(", ")}</li>`)}</ul>`}
    ${result.chart && (result.formats || []).includes("svg") && html`<${Chart} ticket=${ticket} path=${path} />`}
    ${rows.length > 0 && html`<div class="wide" tabindex="0" role="group" aria-label="Rows"><${Table} caption="Rows" columns=${columns} rows=${rows} /></div>`}
    <p class="muted">${count(result.row_count)} rows${result.truncated ? ", cut off" : ""}${(result.rows || []).length > MOST_ROWS ? `; the first ${MOST_ROWS} are shown` : ""}</p>
    ${result.sql && html`<h3>SQL</h3><pre tabindex="0" aria-label="SQL">${result.sql}</pre>`}
    <${Findings} insights=${result.insights} /><${List} title="Suggestions" items=${result.suggestions} />`;
}

const OWN = { doc_analysis: Analysis, pr_review: Review, paper_writing: Paper, snowflake_query: Query, custom: Structured };
