// Turns with the assistant as their events come. The page works without this file, a turn a page.
"use strict";

function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function own(tag, text, attributes = {}) {
  const element = made(tag, "", attributes);
  element.append(made("bdi", text));
  return element;
}

function address(surface, candidate, cited) {
  const query = new URLSearchParams({ surface, candidate });
  for (const name of cited ? ["field", "start", "end"] : []) query.set(name, cited[name]);
  return `/console/candidate?${query}${cited ? "#cited" : ""}`;
}

function sentence(said, surface) {
  const element = made("div");
  element.append(own("p", said.text));
  if (said.citations.length === 0) return element;
  const sources = made("ul", "", { class: "sources", "aria-label": "Sources" });
  for (const cited of said.citations) {
    const item = made("li");
    const href = address(surface, cited.candidate_id, cited);
    item.append(made("a", `${cited.candidate_id}, ${cited.field.replaceAll("_", " ")}`, { href }), " ", own("q", cited.quote));
    sources.append(item);
  }
  element.append(sources);
  return element;
}

function shortlist(told, surface) {
  const slate = made("ol", "", { class: "slate" });
  for (const each of told.candidates) {
    const item = made("li");
    const link = own("a", each.shown.title || each.candidate_id, { class: "title", href: address(surface, each.candidate_id) });
    item.append(link, " ", made("span", each.candidate_id, { class: "soft id" }), own("p", each.reasons.join("; "), { class: "facts" }));
    slate.append(item);
  }
  return slate;
}

function degraded(notes) {
  const note = made("div", "", { class: "note bad" });
  const list = made("ul");
  list.append(...notes.map((each) => made("li", each)));
  note.append(made("strong", "Degraded"), list);
  return note;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) yield JSON.parse(block.slice(block.indexOf("\ndata: ") + 7));
  }
}

class Turn {
  constructor(talk, said, surface) {
    this.surface = surface;
    this.item = made("li");
    const told = made("p", "", { class: "said" });
    told.append(made("span", "You: ", { class: "hidden" }), made("bdi", said));
    this.calls = made("ol");
    this.summary = made("summary");
    this.tools = made("details", "", { class: "tools" });
    this.tools.append(this.summary, this.calls);
    this.item.append(told);
    talk.append(this.item);
  }

  show(event) {
    if (event.kind === "plan") {
      this.doing = event.doing.replaceAll("_", " ");
      this.summary.textContent = `${this.doing}; tools called: 0`;
      this.item.append(this.tools);
    } else if (event.kind === "tool") {
      const call = made("li");
      const found = `${event.error || event.found}, ${Math.round(event.took_ms)} ms`;
      call.append(made("strong", event.tool.replaceAll("_", " ")), ` ${found} `, made("code", JSON.stringify(event.arguments)));
      this.calls.append(call);
      this.summary.textContent = `${this.doing}; tools called: ${this.calls.children.length}`;
    } else if (event.kind === "message") {
      this.tools.after(...event.sentences.map((said) => sentence(said, this.surface)));
    } else if (event.kind === "shortlist") {
      this.item.append(shortlist(event, this.surface));
    } else if (event.kind === "done" && event.degraded.length) {
      this.item.append(degraded(event.degraded));
    }
  }

  fail(line) {
    this.item.append(made("p", line, { class: "note bad", role: "alert" }));
  }
}

async function answered(turn, body, form) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/v1/assist", { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) {
    turn.fail((await answer.json()).error);
    return;
  }
  for await (const event of events(answer.body)) {
    turn.show(event);
    if (event.kind === "done") form.elements.conversation_id.value = event.conversation_id;
  }
}

const form = document.getElementById("assist");
const state = document.getElementById("status");
let busy = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = form.elements.text.value.trim();
  if (busy || !text) return;
  busy = true;
  state.textContent = "Working";
  const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
  const turn = new Turn(document.getElementById("talk"), text, form.elements.surface.value);
  form.elements.text.value = "";
  try {
    await answered(turn, given, form);
  } catch {
    turn.fail("the endpoint did not answer to the end; say it again");
  }
  state.textContent = "";
  busy = false;
});
