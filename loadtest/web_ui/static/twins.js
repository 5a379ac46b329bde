// Draws the points of each service, which it asks for every second.
"use strict";

const EVERY = 1000;
const LEFT = 64, TOP = 8, BOTTOM = 22, RIGHT = 8;
const AT = 0, RATE = 1, FAILED = 2, P50 = 3, P95 = 4;
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});

const byId = id => document.getElementById(id);
const milliseconds = value => value >= 10_000 ? `${whole.format(value / 1000)} s` : `${whole.format(value)} ms`;

/** Return the least of 1, 2, 3, 4, 6, 8, 10, 20, ... that is not below `value`. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 3, 4, 6, 8, 10].map(step => step * power).find(step => step >= value * 0.999) ?? 10 * power;
}

function element(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** Draw lines, each a class and the index of its values, of points between `from` and `to` seconds, up to `most`. */
function draw(svg, points, lines, {from, to, most, written}) {
  const {width, height} = svg.getBoundingClientRect();
  const x = at => LEFT + (width - LEFT - RIGHT) * (at - from) / (to - from);
  const y = value => TOP + (height - TOP - BOTTOM) * (1 - value / most);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const parts = [0, most / 2, most].flatMap(value => [
    element("line", {class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value)}),
    element("text", {x: LEFT - 8, y: y(value) + 4, "text-anchor": "end"}, written(value)),
  ]);
  parts.push(element("text", {x: LEFT, y: height - 4}, `${whole.format(from)} s`));
  parts.push(element("text", {x: width - RIGHT, y: height - 4, "text-anchor": "end"}, `${whole.format(to)} s`));
  for (const [name, index] of lines) {
    let path = "", gap = true;
    for (const point of points) {
      if (point[index] !== null) path += `${gap ? "M" : "L"}${x(point[AT]).toFixed(1)} ${y(point[index]).toFixed(1)}`;
      gap = point[index] === null;
    }
    parts.push(element("path", {class: name, d: path}));
  }
  svg.replaceChildren(...parts);
}

function now(point) {
  if (!point) return "no answers yet";
  const latency = point[P50] === null ? "no latency yet" : `p50 ${milliseconds(point[P50])}, p95 ${milliseconds(point[P95])}`;
  const failed = point[FAILED] ? `; ${whole.format(point[FAILED])} failures a second` : "";
  return `${whole.format(point[RATE])} answers a second; ${latency}${failed}`;
}

/** Return the section of each service, made anew if the services are others. */
function sections(services) {
  const main = byId("services");
  if ([...main.children].map(each => each.dataset.name).join("\n") !== services.map(each => each.name).join("\n")) {
    main.replaceChildren(...services.map(({name}) => {
      const section = byId("service").content.cloneNode(true).firstElementChild;
      section.dataset.name = name;
      section.querySelector("h2").textContent = name;
      return section;
    }));
  }
  return [...main.children];
}

function show({runs, load, doubt, lead, services}) {
  const all = services.flatMap(({points}) => points);
  const largest = (...indices) => nice(Math.max(10, ...all.flatMap(point => indices.map(index => point[index] ?? 0))));
  const first = Math.min(...all.map(point => point[AT]));
  const from = first < 5 || !all.length ? 0 : first;
  const time = {from, to: Math.max(from + 30, ...all.map(point => point[AT]))};
  const rate = {...time, most: largest(RATE), written: value => whole.format(value)};
  const latency = {...time, most: largest(P50, P95), written: milliseconds};
  byId("lead").textContent = lead || (runs ? "Waiting for the first answers" : "No run yet");
  byId("status").textContent = runs ? `Running: ${load}`
    : lead ? "The run has stopped; these are its last figures." : "Start a run on Locust's page.";
  byId("doubt").textContent = doubt;
  sections(services).forEach((section, place) => {
    const {name, points} = services[place];
    section.querySelector(".now").textContent = now(points.at(-1));
    for (const [kind, lines, scale] of [["rate", [["rate", RATE]], rate], ["latency", [["p50", P50], ["p95", P95]], latency]]) {
      const svg = section.querySelector(`svg.${kind}`);
      svg.setAttribute("aria-label", `${name}: ${now(points.at(-1))}`);
      draw(svg, points, lines, scale);
    }
  });
}

async function follow() {
  try {
    const response = await fetch("twins/points");
    if (!response.ok) throw new Error(response.statusText);
    show(await response.json());
  } catch {
    byId("status").textContent = "Locust does not answer; the page goes on asking.";
  }
  setTimeout(follow, EVERY);
}

follow();
