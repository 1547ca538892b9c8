// Types of the API, with files as Blobs: node generate.mjs description.json api.ts
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [, , description, made] = process.argv;
const BLOB = ts.factory.createTypeReferenceNode("Blob");
const types = await openapiTS(JSON.parse(await readFile(description, "utf8")), {
  transform: (schema) => (schema.format === "binary" ? BLOB : undefined),
});
await writeFile(made, astToString(types));
