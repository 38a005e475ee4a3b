// What a page does by itself: a call that runs is told as it goes on, and the list of calls stays new. Without it both pages are asked
// for again by the browser.
"use strict";

const running = document.querySelector("[data-events]");
if (running) {
  // What is not seen, or turns what is around it.
  const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
  const told = document.getElementById("so-far");
  const tell = (kind, words) => {
    const line = document.createElement("li");
    line.className = kind;
    line.textContent = words.replace(unseen, "\ufffd");
    told.append(line);
    while (told.children.length > 500) told.firstElementChild.remove();
  };
  const events = new EventSource(running.dataset.events);
  const on = (name, words) =>
    events.addEventListener(name, (event) => tell(name, words(JSON.parse(event.data))));
  on("step", (step) => ({ loading: "Its code is looked for.", compiling: "It is compiled.", running: "It runs." })[step.step] ?? step.step);
  on("log", (line) => `${line.level}: ${line.message}`);
  on("progress", (how) =>
    [how.total ? `${how.done} of ${how.total}` : `${how.done}`, how.message].filter(Boolean).join(": "));
  on("request", (sent) => `${sent.method} ${sent.origin}: ${sent.status ?? "no reply"} in ${sent.took_ms} ms`);
  on("refused", (what) => `Refused: ${what.refusal}`);
  on("left-out", (what) => `(${what.events} lines are left out here)`);
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  });
}

const list = document.querySelector("[data-renewed]");
if (list) {
  const renew = async () => {
    if (document.hidden) return;
    const reply = await fetch(location.href, { redirect: "error" });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const now = page.querySelector("[data-renewed]");
    const shown = document.querySelector("[data-renewed]");
    if (now && now.innerHTML !== shown.innerHTML && !shown.contains(document.activeElement)) shown.replaceWith(now);
  };
  const again = () => setTimeout(() => renew().then(again, () => location.reload()), 2000);
  again();
}
