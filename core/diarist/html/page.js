// The search box: hides what has not every word of the query, and tells how much is left.
// It reads text and sets attributes; it never makes HTML.
"use strict";

const MARKS = 500; // so many places are marked at most
const OPENED = 50; // and so many matches are opened to show what fits inside them
const form = document.getElementById("search");
const input = document.getElementById("query");
const output = document.getElementById("matches");

const folded = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

// What can be found: its words, and those of what has to be opened to see them.
const entries = [...document.querySelectorAll(".entry")].map((element) => {
  const details = element.querySelector("details");
  const messages = [...element.querySelectorAll("li.message")];
  const label = element.querySelector(".more, .messages > summary")?.textContent ?? "";
  const inside = details?.textContent.slice(details.firstChild.textContent.length) ?? "";
  return {
    element,
    details,
    section: element.closest("section").id,
    own: folded(element.textContent.replace(inside, " ").replace(label, " ")),
    inside: messages.length ? "" : folded(inside),
    messages: messages.map((item) => ({ element: item, text: folded(item.textContent) })),
  };
});
const groups = [...document.querySelectorAll(".group")];
const counts = [...document.querySelectorAll("[data-count]")].map((element) => ({
  element,
  section: element.dataset.count,
  all: element.textContent,
}));
let opened = null; // what was open before the search

function search() {
  const words = folded(input.value).split(/\s+/u).filter(Boolean);
  const fits = (text) => words.every((word) => text.includes(word));
  opened ??= entries.map((entry) => entry.details?.open);
  const found = {};
  const inside = [];
  for (const [place, entry] of entries.entries()) {
    const isOwn = fits(entry.own);
    const said = new Set(entry.messages.filter((message) => fits(message.text)));
    const isInside = said.size > 0 || (!isOwn && fits(`${entry.own} ${entry.inside}`));
    for (const message of entry.messages) {
      message.element.hidden = said.size > 0 && !said.has(message);
    }
    if (entry.details) entry.details.open = !words.length && opened[place];
    if (isInside) inside.push(entry);
    entry.element.hidden = !isOwn && !isInside;
    if (isOwn || isInside) found[entry.section] = (found[entry.section] ?? 0) + 1;
  }
  if (words.length && inside.length <= OPENED) {
    for (const { details } of inside) details.open = true;
  }
  for (const group of groups) {
    group.hidden = words.length > 0 && !group.querySelector(".entry:not([hidden])");
  }
  for (const { element, section, all } of counts) {
    element.textContent = words.length ? `${found[section] ?? 0} of ${all}` : all;
  }
  const sum = Object.values(found).reduce((one, other) => one + other, 0);
  output.textContent = !words.length
    ? ""
    : sum === 1 ? "1 match" : `${sum || "no"} matches`;
  if (!words.length) opened = null;
  mark(words);
}

// Marks the words without touching the page, where the browser can.
function mark(words) {
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete("found");
  if (!words.length) return;
  const ranges = [];
  for (const { element } of entries) {
    if (element.hidden) continue;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (const word of words) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          ranges.push(range);
          if (ranges.length >= MARKS) return CSS.highlights.set("found", new Highlight(...ranges));
        }
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}

// A link to a message opens what it is in, and ends a search that hides it.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.closest("[hidden]") && input.value) {
    input.value = "";
    search();
  }
  for (let at = target; at; at = at.parentElement) {
    if (at.localName === "details") at.open = true;
  }
  target.scrollIntoView();
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("input", search);
addEventListener("hashchange", reveal);
addEventListener("keydown", (event) => {
  const isTyping = /^(?:input|textarea|select)$/u.test(document.activeElement?.localName ?? "");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.focus();
    input.select();
  }
  if (event.key === "Escape" && document.activeElement === input) {
    input.value = "";
    search();
    input.blur();
  }
});
if (input.value) search(); // what a browser fills in again when it goes back
if (location.hash) reveal();
