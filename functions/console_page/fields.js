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

/** The kinds of value that a schema allows side by side. */
const kinds = (schema, root) => (schema.anyOf || schema.oneOf || []).map((one) => resolved(one, root));

function control(schema, root) {
  if (schema.anyOf || schema.oneOf) return kinds(schema, root).some(({ type }) => type === "string") ? "mixed" : "json";
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
    // A definition's title is that of its type.
    const title = property.title || name;
    return { name, title, schema: own, kinds: kinds(own, schema), control: control(own, schema), required: required.has(name) };
  });
}

const fits = { array: Array.isArray, integer: Number.isInteger, number: Number.isFinite, boolean: (value) => typeof value === "boolean", object: (value) => value?.constructor === Object };

/** What was typed where text is one of several things to give: the other thing if it is one. */
function mixed(text, options) {
  try {
    const value = JSON.parse(text);
    return options.some(({ type }) => fits[type]?.(value)) ? value : text;
  } catch {
    return text;
  }
}

/** The value of a field as it was filled in; undefined for nothing. Throws a SyntaxError. */
export function valueOf({ name, control: kind, kinds: options, schema, required }, form) {
  const input = form.elements.namedItem(`data.${name}`);
  if (kind === "flag") return input.checked === (schema.default ?? false) && !required ? undefined : input.checked;
  const text = input.value.trim();
  if (!text) return undefined;
  if (kind === "number") return Number(text);
  if (kind === "mixed") return mixed(text, options);
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

const KINDS = { string: "text", integer: "a whole number", number: "a number", boolean: "true or false", array: "a list as JSON", object: "JSON" };

function hint({ control: kind, kinds: options }) {
  if (kind === "mixed") return `One of: ${options.flatMap((one) => one.enum || KINDS[one.type] || []).join(", ")}.`;
  return { lines: "One a line.", json: "As JSON." }[kind];
}

export function Field({ field, shown, fault }) {
  const id = `field-${field.name}`;
  const { schema, control: kind, required } = field;
  const said = [hint(field), schema.description].filter(Boolean).join(" ");
  return html`<div class="field ${kind}"><label for=${id}>${words(field.title)}${!required && html` <span class="muted">(optional)</span>`}</label>
    ${input(field, id, shown, fault)}
    ${said && html`<p class="hint">${said}</p>`}
    ${fault && html`<p class="failure" id="${id}-fault">${fault}</p>`}</div>`;
}
