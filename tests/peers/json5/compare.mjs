// Reads some thousand documents with npm's json5 (and JavaScript's JSON.parse) and with ours, and
// fails where they differ.
//
//   node compare.mjs ANSWERS [SEED]      ANSWERS: the program made from answers.cpp
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { mutations, written } from "./documents.mjs";

const [answersProgram, seedText = "20260131"] = process.argv.slice(2);
const seed = Number(seedText);
const here = dirname(fileURLToPath(import.meta.url));
const modules = execFileSync(join(here, "../../../scripts/peers"), { encoding: "utf8" }).trim();
const JSON5 = createRequire(import.meta.url)(join(modules, "json5"));

// What is left of a string that is written as UTF-8.
const stored = (text) => Buffer.from(text, "utf8").toString("utf8");

// The same form as answers.cpp prints, but with numbers as numbers.
function spellOut(value) {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return ["number", value];
  if (typeof value === "string") return ["string", stored(value)];
  if (Array.isArray(value)) return ["array", value.map(spellOut)];
  return ["object", Object.keys(value).map((key) => [stored(key), spellOut(value[key])])];
}

const isIndex = (key) => /^(0|[1-9][0-9]*)$/.test(key);

// JavaScript lists keys that look like indexes first; of the others both keep the order.
function sameMembers(ours, theirs) {
  const find = (members, key) => members.find(([name]) => name === key);
  const order = (members) => members.map(([key]) => key).filter((key) => !isIndex(key));
  return ours.length === theirs.length &&
    order(ours).every((key, i) => key === order(theirs)[i]) &&
    ours.every(([key, value]) => {
      const other = find(theirs, key);
      return other !== undefined && same(value, other[1]);
    });
}

function same(ours, theirs) {
  if (!Array.isArray(ours) || !Array.isArray(theirs)) return ours === theirs;
  if (ours[0] !== theirs[0]) return false;
  switch (ours[0]) {
    case "number": return Object.is(Number(ours[1]), theirs[1]);
    case "string": return ours[1] === theirs[1];
    case "array":
      return ours[1].length === theirs[1].length && ours[1].every((v, i) => same(v, theirs[1][i]));
    default: return sameMembers(ours[1], theirs[1]);
  }
}

function reference(dialect, text) {
  try {
    return spellOut((dialect === "json" ? JSON : JSON5).parse(text));
  } catch (error) {
    return { error: error.message };
  }
}

const documents = [...written, ...mutations(seed, 4000)];
const questions = documents.flatMap((text) => [["json5", text], ["json", text]]);
const answers = execFileSync(answersProgram, {
  input: questions.map(([dialect, text]) => `${dialect} ${Buffer.from(text).toString("base64")}\n`).join(""),
  encoding: "utf8", maxBuffer: 1 << 28,
}).trimEnd().split("\n").map((line) => JSON.parse(line));

console.warn = () => {};  // json5 warns of U+2028 in strings
let accepted = 0;
const differences = [];
questions.forEach(([dialect, text], i) => {
  const theirs = reference(dialect, text);
  const ours = answers[i];
  const failed = [ours, theirs].map((value) => value !== null && value.error !== undefined);
  if (!failed[1]) accepted += 1;
  if (failed[0] !== failed[1] || (!failed[0] && !same(ours, theirs))) {
    differences.push(`${dialect} ${JSON.stringify(text)}\n  ours:   ${JSON.stringify(ours)}\n` +
      `  theirs: ${JSON.stringify(theirs)}`);
  }
});

console.log(`${written.length} written and ${documents.length - written.length} mutated documents (seed ` +
  `${seed}), ${questions.length} answers, ${accepted} accepted by the reference, ` +
  `${differences.length} different`);
if (answers.length !== questions.length || differences.length > 0) {
  console.error(differences.slice(0, 20).join("\n"));
  process.exit(1);
}
