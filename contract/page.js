
"use strict";

const { service: own, twin, twinUrl } = document.documentElement.dataset;
const SHOWN = ["Server-Timing", "Waits", "Served-By"]; // headers
const LONGEST = 4000; // characters of a body that are shown
const LATE = 3000; // milliseconds after which the other twin counts as not running
const UNITS = { us: 1e-6, ms: 1e-3, s: 1, m: 60, "": 1 };

const answers = new Map(); // the place for the answers to each form

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function seconds(text) {
  const [, number, unit] = /^([0-9.]+)(us|ms|s|m|)$/.exec(text ?? "") ?? [0, 0, ""];
  return number * UNITS[unit];
}

// The request that a form stands for, and the seconds that it may take: parameters go into the path, else the query.
function request(form, changed) {
  const { method, path, body } = form.dataset;
  const given = { ...Object.fromEntries(new FormData(form)), ...changed };
  const longest = (given.n ?? 1) * seconds(given.delay) + seconds(given.duration) + seconds(given.timeout);
  const sent = body && given[body];
  delete given[body];
  const filled = path.replace(/{(\w+)}/, (_, name) => {
    const value = given[name];
    delete given[name];
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(given).toString();
  return { method, body: sent, target: query ? `${filled}?${query}` : filled, longest: longest || 1 };
}

// Send one request, and show its clock, status, headers and body as they come.
async function call(form, name, changed) {
  const { method, body, target, longest } = request(form, changed);
  const clock = element("span", { className: "clock", ariaHidden: "true" });
  const status = element("output", {}, "waiting");
  const bar = element("i");
  const told = element("pre");
  const lane = element(
    "div",
    { className: "answer" },
    element("p", {}, element("b", {}, name), clock, status),
    element("div", { className: "bar" }, bar),
    element("details", { open: !form.dataset.joins }, element("summary", {}, `${method} ${target}`), told),
  );
  const place = answers.get(form);
  place.append(lane);
  lane.scrollIntoView({ block: "nearest" });
  const began = performance.now();
  place.dataset.began ??= began; // bars of one place have one time axis
  const before = (began - place.dataset.began) / 1000;
  bar.style.marginLeft = `${Math.min(95, (before / longest) * 100)}%`;
  const elapsed = () => (performance.now() - began) / 1000;
  const tick = () => {
    clock.textContent = `${elapsed().toFixed(2)} s`;
    bar.style.width = `${Math.min(100 - parseFloat(bar.style.marginLeft), (elapsed() / longest) * 100)}%`;
  };
  const ticking = setInterval(tick, 50);
  tick();
  try {
    const response = await fetch(target, { method, body, cache: "no-store", headers: { Accept: "application/json" } });
    status.className = response.ok ? "" : "bad";
    status.textContent = `${response.status} ${response.statusText}`;
    const headers = SHOWN.filter((each) => response.headers.has(each));
    told.append(...headers.map((each) => `${each}: ${response.headers.get(each)}\n`), "\n");
    if (response.body) await read(response, form.dataset.streams && elapsed, told); // a 204 has none
  } catch {
    status.className = "bad";
    status.textContent = "no complete answer: the service has stopped, or closed the connection";
  }
  clearInterval(ticking);
  tick();
  lane.classList.add("done");
}

// Show a body as it comes; of a stream, each piece on a line with its time.
async function read(response, elapsed, told) {
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const text = decoder.decode(value, { stream: true });
    if (length < LONGEST) {
      const line = text.slice(0, LONGEST - length);
      told.append(elapsed ? `${elapsed().toFixed(2)} s  ${line.trim().replaceAll("\n", "  ")}\n` : line);
    }
    length += text.length;
  }
  if (length > LONGEST) told.append(`\n(${length.toLocaleString("en")} characters in all)`);
}

function waiting(form) {
  return answers.get(form).querySelectorAll(".answer:not(.done)").length;
}

// Send requests, each a name and changed values. Answers of earlier requests go, unless one of these still waits.
function send(form, ...calls) {
  if (!waiting(form)) {
    answers.get(form).replaceChildren();
    delete answers.get(form).dataset.began;
  }
  for (const [name, changed] of calls) call(form, name, changed);
}

// Send the request to this twin, and let the other twin's own page, in a frame, send it to the other twin.
function both(form) {
  send(form, [own]);
  const fields = new URLSearchParams(new FormData(form));
  const src = `${twinUrl}/#${form.dataset.name}?${fields}`;
  const missing = element("p", { className: "bad", hidden: true }, `${twin} does not answer on ${twinUrl}.`);
  const frame = element("iframe", { src, title: `The answer of ${twin}` });
  setTimeout(() => found(frame, "told" in frame.dataset), LATE);
  answers.get(form).append(frame, missing);
  frame.scrollIntoView({ block: "nearest" });
}

// Show the other twin's page, or that the twin does not answer.
function found(frame, is) {
  frame.hidden = !is;
  frame.nextElementSibling.hidden = is;
}

window.addEventListener("message", ({ origin, source, data }) => {
  const frame = [...document.querySelectorAll("iframe")].find((each) => each.contentWindow === source);
  if (!frame || origin !== twinUrl) return;
  frame.dataset.told = "";
  found(frame, true);
  frame.style.height = `${Number(data)}px`;
});

// In a frame of the other twin's page: send the GET request that the address names, and show its answer alone.
function answerAlone() {
  const [name, fields] = location.hash.slice(1).split("?");
  const form = [...answers.keys()].find(({ dataset }) => dataset.name === name && dataset.method === "GET");
  if (!form) return;
  for (const [field, value] of new URLSearchParams(fields)) form.elements[field].value = value;
  document.body.replaceChildren(answers.get(form));
  let height = 0;
  const tell = () => {
    if (height === document.body.offsetHeight) return;
    height = document.body.offsetHeight;
    parent.postMessage(height, twinUrl);
  };
  new ResizeObserver(tell).observe(document.body);
  new MutationObserver(tell).observe(document.body, { childList: true, subtree: true }); // also while out of sight
  send(form, [own]);
}

for (const form of document.querySelectorAll("form")) {
  const { joins, method } = form.dataset;
  const add = (text, press) => {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", press);
    form.append(button);
  };
  answers.set(form, form.closest("article").appendChild(element("div", { className: "answers" })));
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, [joins ? `request ${waiting(form) + 1}` : own]);
  });
  if (joins) {
    const several = () => Array.from({ length: form.elements.n.value }, (_, before) => [`request ${before + 1}`]);
    add("Send n at once", () => form.reportValidity() && send(form, ...several()));
  }
  if (form.elements.mode) {
    const modes = ["sequential", "concurrent"].map((mode) => [mode, { mode }]);
    add("Sequential and concurrent", () => send(form, ...modes));
  }
  if (twinUrl && method === "GET" && !joins) add("Call both twins", () => both(form));
}
if (window !== window.top) answerAlone();
