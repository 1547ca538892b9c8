// node kql.mjs  reads {"tables": {name: {column: type}}, "queries": {name: text}} from its input and
// prints {name: [what Microsoft's analyser says of it]}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { Language } = globalThis.Kusto;
const Symbols = Language.Symbols;

const { tables, queries } = JSON.parse(readFileSync(0, "utf8"));
const symbols = Object.entries(tables).map(([name, columns]) => {
  const shape = Object.entries(columns).map(([column, type]) => `${column}: ${type}`).join(", ");
  return Symbols.TableSymbol.From(`(${shape})`).WithName(name);
});
const logs = new Symbols.DatabaseSymbol.$ctor3("logs", null, symbols, false);
const globals = Language.GlobalState.Default.WithDatabase(logs);

const answers = {};
for (const [name, text] of Object.entries(queries)) {
  const code = Language.KustoCode.ParseAndAnalyze(text, globals);
  const found = code.GetDiagnostics();
  answers[name] = Array.from({ length: found.Count }, (_, n) => found.getItem(n).Message);
  const result = code.ResultType;
  answers[`${name} columns`] = result && result.Columns
    ? Array.from({ length: result.Columns.Count }, (_, n) => result.Columns.getItem(n).Name)
    : [];
}
console.log(JSON.stringify(answers));
