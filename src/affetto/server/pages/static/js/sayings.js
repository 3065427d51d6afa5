/** What the server says in English, in the language of the page. */

import { sayings } from "./kit.js";

/** Sentences with blanks, and how the language puts them; the first that fits is meant. @type {[RegExp, string][]} */
const known = Object.entries(sayings).map(([english, other]) => [pattern(english), other]);

/** @param {string} english */
function pattern(english) {
  const parts = english.split(/\{(\w+)\}/); // what is said, and at every second place the name of a blank
  return new RegExp(`^${parts.map((part, place) => (place % 2 ? `(?<${part}>.+?)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("")}$`);
}

/**
 * A sentence of the server; what fills its blanks is said the same way, and what is not known stays as it is.
 * @param {string} text
 * @returns {string}
 */
export function said(text) {
  for (const [english, other] of known) {
    const found = english.exec(text);
    if (found) return other.replace(/\{(\w+)\}/g, (_, name) => said(found.groups?.[name] ?? ""));
  }
  return text;
}
