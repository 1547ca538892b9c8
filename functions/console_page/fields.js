// A form made of a JSON Schema, so that a task type that a team adds appears by itself.

import { html, words } from "./ui.js";

const LONG = 200;

const resolved = (schema, root) =>
  schema.$ref ? { ...schema, ...root.$defs?.[schema.$ref.split("/").pop()] } : schema;

/** What a property takes: its schema without the null that "optional" adds. */
function known(property, root) {
  const schema = resolved(property, root);
  const options = (schema.anyOf || schema.oneOf || []).filter((one) => one.type !== "null");
  return options.length === 1 ? { ...resolved(options[0], root), ...schema, anyOf: undefined, oneOf: undefined } : schema;
}

function control(schema, root) {
  if (schema.anyOf || schema.oneOf) return "json";
  if (schema.enum) return "choice";
  if (schema.const !== undefined) return "json";
  if (schema.type === "array") return known(schema.items || {}, root).type === "string" ? "lines" : "json";
  if (schema.type === "string") return schema.maxLength <= LONG || schema.format ? "line" : "text";
  return { boolean: "flag", integer: "number", number: "number" }[schema.type] || "json";
}

/** The fields of an object's schema, in its order. */
export function fields(schema) {
  const required = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).map(([name, property]) => {
    const own = known(property, schema);
    return { name, schema: own, control: control(own, schema), required: required.has(name) };
  });
}

/** The value of a field as it was filled in; undefined for nothing. Throws a SyntaxError. */
export function valueOf({ name, control: kind, schema, required }, form) {
  const input = form.elements.namedItem(`data.${name}`);
  if (kind === "flag") return input.checked === (schema.default ?? false) && !required ? undefined : input.checked;
  const text = input.value.trim();
  if (!text) return undefined;
  if (kind === "number") return Number(text);
  if (kind === "lines") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  return kind === "json" ? JSON.parse(text) : text;
}

const example = (value) =>
  value === undefined ? "" : typeof value === "object" ? JSON.stringify(value, null, 1) : String(value);

function input({ name, schema, control: kind, required }, id, shown, fault) {
  const common = { id, name: `data.${name}`, required, placeholder: kind === "json" ? example(shown) : shown && `e.g. ${example(shown)}` };
  if (fault) Object.assign(common, { "aria-invalid": "true", "aria-describedby": `${id}-fault` });
  switch (kind) {
    case "flag":
      return html`<input ...${common} type="checkbox" placeholder="" required=${false} defaultChecked=${schema.default} />`;
    case "choice":
      return html`<select ...${common} placeholder="">${!required && html`<option value=""></option>`}
        ${schema.enum.map((value) => html`<option value=${value} selected=${value === schema.default}>${words(value)}</option>`)}</select>`;
    case "number":
      return html`<input ...${common} type="number" step=${schema.type === "integer" ? 1 : "any"} min=${schema.minimum} max=${schema.maximum} defaultValue=${schema.default ?? ""} />`;
    case "line":
      return html`<input ...${common} maxlength=${schema.maxLength} defaultValue=${schema.default ?? ""} />`;
    default:
      return html`<textarea ...${common} rows=${kind === "text" ? 4 : 3} maxlength=${schema.maxLength} defaultValue=${schema.default == null ? "" : example(schema.default)}></textarea>`;
  }
}

const HINTS = { lines: "One a line.", json: "As JSON." };

export function Field({ field, shown, fault }) {
  const id = `field-${field.name}`;
  const { schema, control: kind, required } = field;
  return html`<div class="field ${kind}"><label for=${id}>${words(schema.title || field.name)}${!required && html` <span class="muted">(optional)</span>`}</label>
    ${input(field, id, shown, fault)}
    ${(HINTS[kind] || schema.description) && html`<p class="hint">${HINTS[kind]} ${schema.description}</p>`}
    ${fault && html`<p class="failure" id="${id}-fault">${fault}</p>`}</div>`;
}
