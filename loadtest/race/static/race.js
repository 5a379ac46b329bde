"use strict";
// Shows the events of /race/events, two per second. Each event has pictures, which are drawn one after the other,
// without animation between them. Unchanged text is not written again, which keeps the page's CPU time low.

const EVENT = 500; // milliseconds between two events
const CAPTION_STAYS = 2000; // milliseconds that a sentence stays readable
const COUNTING = ["starting", "stopping"]; // kinds of sentences that count, and so change at once
const STANDS = 2000; // milliseconds that a picture stays if the reader prefers reduced motion
const CHART = 30; // seconds that a chart shows
const LONG = 75; // letters from which a caption is written smaller
const LONGEST_LINE = 80; // letters from which the largest sentence takes a second line

const body = document.body;
const byId = (id) => document.getElementById(id);
const fields = { load: byId("load"), amount: byId("amount"), delay: byId("delay"), scenario: byId("scenario") };
const presents = !document.querySelector("header").hidden; // the others in the room only look
let edited = false; // the form is not overwritten while the presenter edits it
let colours = {};

// A sentence that stays readable: it changes at once if its kind does or if it counts, else every two seconds.
class Sentence {
  constructor(shown, said) {
    Object.assign(this, { shown, said, kind: "", at: -CAPTION_STAYS });
  }

  // Returns whether the sentence may change now.
  show(kind, sentence, now) {
    if (kind === this.kind && now - this.at < CAPTION_STAYS && !COUNTING.includes(kind)) return false;
    if (write(this.shown, sentence)) this.at = now;
    if (kind !== this.kind) write(this.said, sentence); // a screen reader reads it once, not with every figure
    this.kind = kind;
    return true;
  }
}

class Racer {
  constructor(section) {
    this.section = section;
    this.caption = new Sentence(section.querySelector(".caption"), section.querySelector(".said"));
    this.stands = section.querySelector(".stands");
    this.note = section.querySelector("figcaption");
    this.marks = new Drawing(section.querySelector(".marks"));
    this.chart = new Drawing(section.querySelector(".chart"));
    this.figures = {};
    for (const cell of section.querySelectorAll("[data-figure]")) this.figures[cell.dataset.figure] = cell;
    this.picture = "";
    this.past = []; // { at, measured, predicted } of the last seconds
  }

  show(racer, now, isOpen) {
    if (this.caption.show(racer.kind, racer.caption, now)) {
      this.caption.shown.classList.toggle("long", racer.caption.length > LONG);
    }
    write(this.stands, racer.stands ?? "");
    this.section.classList.toggle("standing", racer.stands !== null);
    write(this.figures.throughput, rate(racer.throughput));
    write(this.figures.predicted, rate(racer.predicted));
    write(this.figures.ratio, racer.ratio === null ? "–" : racer.ratio.toFixed(2));
    write(this.figures.in_flight, whole(racer.in_flight));
    write(this.figures.requests, whole(racer.requests));
    write(this.figures.arriving, rate(racer.arriving));
    write(this.figures.in_time, rate(racer.in_time));
    write(this.figures.failures, whole(racer.failures));
    write(this.figures.p50, time(racer.p50));
    write(this.figures.p99, time(racer.p99));
    const all = racer.looked_at === racer.users;
    write(this.note, isOpen ? `${racer.looked_at} requests drawn` : all ? "" : `${racer.looked_at} of ${racer.users} users drawn`);
    this.past.push({ at: now, measured: isRunning ? racer.throughput : null, predicted: isRunning ? racer.predicted : null });
    while (this.past[0].at < now - CHART * 1000) this.past.shift();
  }

  // Each user has a place of its own, so that its request visibly changes from one state to the other.
  drawMarks(picture) {
    this.picture = picture;
    const { pen, width, height, scale } = this.marks.cleared(colours.ground);
    const places = picture.trimEnd().length || 1;
    const columns = Math.max(1, Math.ceil(Math.sqrt((places * width) / height))); // so that places are square
    const across = Math.min(width / columns, 2.2 * 16 * scale);
    const down = Math.min(height / Math.ceil(places / columns), 2.2 * 16 * scale);
    const size = Math.min(across, down) * 0.38;
    const paths = { unknown: new Path2D(), held: new Path2D(), waits: new Path2D() };
    for (let user = 0; user < places; user += 1) {
      const x = ((user % columns) + 0.5) * across;
      const y = (Math.floor(user / columns) + 0.5) * down;
      if (picture[user] === "h") paths.held.rect(x - size * 0.85, y - size * 0.85, 1.7 * size, 1.7 * size);
      else if (picture[user] === "w") ring(paths.waits, x, y, size);
      else if (picture[user] === "?") ring(paths.unknown, x, y, size * 0.75);
    }
    for (const name of ["held", "waits"]) {
      pen.fillStyle = colours[name];
      pen.fill(paths[name]);
    }
    pen.strokeStyle = colours.unknown;
    pen.lineWidth = 1.5 * scale;
    pen.stroke(paths.unknown);
  }

  // Draws the answers per second of the last seconds; `most` is the top of the scale of all racers.
  drawChart(most, now) {
    const { pen, width, height, scale } = this.chart.cleared(colours.ground);
    const letters = 12 * scale;
    const x = (at) => width * (1 - (now - at) / (CHART * 1000));
    const y = (number) => height - scale - (number / most) * (height - letters - 8 * scale);
    const line = (figure, colour, thick, dashes) => {
      pen.beginPath();
      let goesOn = false;
      for (const each of this.past) {
        if (each[figure] !== null) pen[goesOn ? "lineTo" : "moveTo"](x(each.at), y(each[figure]));
        goesOn = each[figure] !== null;
      }
      Object.assign(pen, { strokeStyle: colour, lineWidth: thick * scale, lineJoin: "round" });
      pen.setLineDash(dashes.map((each) => each * scale));
      pen.stroke();
    };
    line("predicted", colours.ink, 1.5, [5, 3]);
    line("measured", colours.answers, 3, []);
    Object.assign(pen, { fillStyle: colours.faint, font: `${letters}px system-ui, sans-serif`, textBaseline: "top" });
    pen.fillText(`answers/s up to ${rate(most)}, last ${CHART} s`, 4 * scale, 2 * scale);
  }
}

class Drawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
  }

  cleared(colour) {
    const { canvas, pen } = this;
    const scale = Math.min(devicePixelRatio, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.max(1, Math.round(side * scale)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    pen.fillStyle = colour;
    pen.fillRect(0, 0, width, height);
    return { pen, width, height, scale: scale * parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 };
  }
}

function ring(path, x, y, r) {
  path.moveTo(x + r, y);
  path.arc(x, y, r, 0, 2 * Math.PI);
}

// Writes `text` unless the element shows it already; returns whether it was written.
function write(element, text) {
  if (element.firstChild === null) {
    if (!text) return false;
    element.append("");
  }
  if (element.firstChild.data === text) return false;
  if (text) element.firstChild.data = text;
  else element.replaceChildren(); // so that :empty matches
  return true;
}

const whole = (number) => (number < 1e5 ? number.toLocaleString("en") : `${Math.floor(number / 1000).toLocaleString("en")} k`);
const rate = (number) => (number === null ? "–" : number < 99.95 ? number.toFixed(1) : whole(Math.round(number)));

function time(milliseconds) {
  if (milliseconds === null) return "–";
  if (typeof milliseconds === "string") return milliseconds;
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  return milliseconds < 999.5 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(milliseconds < 9995 ? 2 : 1)} s`;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function status(race) {
  if (race.state === "ready") return `No race is running.${presents ? " Choose a load and press Start." : ""}`;
  const isOpen = race.rate !== null;
  const load = isOpen ? `${race.rate} arrivals/s per service` : `${race.users} users per service`;
  const what = `${load}, ${race.scenario ?? "several scenarios"}, ${race.delay}`;
  if (race.state === "stopping") return `${what}. ${isOpen ? "Clients" : "Users"} leave after their last answer; rates and latencies are those from before the stop.`;
  const ends = race.ends === null ? "" : `, stops in ${clock(race.ends)}`;
  return `${race.state === "starting" ? "Starting" : "Running"}: ${what}${ends}.`;
}

function machine(race) {
  if (race.busy === null) return "";
  const [all, generator] = race.busy.map((share) => Math.round(share * 100));
  const which = race.generators === 1 ? "load generator" : `the busiest of ${race.generators} load generators`;
  return `CPU now: ${all}% of all cores busy; ${which} ${generator}% of one core.`;
}

const racers = [...document.querySelectorAll(".racer")].map((section) => new Racer(section));
const wall = byId("wall") && new Wall(byId("wall")); // wall.js
const lead = new Sentence(byId("lead"), byId("lead-said"));
const still = matchMedia("(prefers-reduced-motion: reduce)");
let pending = []; // timers of pictures not drawn yet
let drawnAt = -STANDS;
let isRunning = false;

function show(race) {
  if (race.page !== body.dataset.page) {
    location.reload(); // Locust was restarted, maybe with other racers
    return;
  }
  const now = performance.now();
  isRunning = race.state === "starting" || race.state === "running";
  body.classList.remove("lost");
  if (lead.show(race.lead.kind, race.lead.sentence, now)) {
    fitLead(race.lead.sentence);
    write(byId("more"), race.lead.more);
  }
  write(byId("status"), status(race));
  write(byId("doubt"), race.doubt);
  write(byId("machine"), machine(race));
  if (race.state !== "ready") {
    write(byId("held"), race.marks.held);
    write(byId("waits"), race.marks.waits);
  }
  byId("stop").disabled = !isRunning;
  byId("start").disabled = race.state === "stopping";
  write(byId("start").firstElementChild, isRunning ? "Change" : "Start");
  const isOpen = race.rate !== null;
  if (race.state !== "ready") body.classList.replace(isOpen ? "users" : "arrivals", isOpen ? "arrivals" : "users");
  if (!edited && race.state !== "ready" && race.users) {
    const chosen = { load: isOpen ? "rate" : "users", amount: race.rate ?? race.users, delay: race.delay, scenario: race.scenario };
    for (const [name, field] of Object.entries(fields)) {
      if (chosen[name] !== null && field.value !== String(chosen[name])) field.value = chosen[name];
    }
    nameAmount();
  }
  if (wall) wall.show(race.wall);
  race.racers.forEach((racer, index) => racers[index].show(racer, now, isOpen));
  if (!document.hidden) draw(race.racers.map((racer) => racer.pictures), now);
}

function fitLead(sentence) {
  byId("lead").style.setProperty("--letters", sentence.length);
  byId("lead").classList.toggle("long", sentence.length > LONGEST_LINE);
}

function draw(pictures, now) {
  if (still.matches && now - drawnAt < STANDS) return;
  drawnAt = now;
  drawCharts(now);
  pending.forEach(clearTimeout);
  pending = pictures[0].slice(still.matches ? 1 : 0).map((_, index) => setTimeout(
    () => racers.forEach((racer, number) => racer.drawMarks(pictures[number][index])),
    (index * EVENT) / pictures[0].length,
  ));
}

function drawCharts(now) {
  const seen = racers.flatMap(({ past }) => past.flatMap(({ measured, predicted }) => [measured ?? 0, predicted ?? 0]));
  racers.forEach((racer) => racer.drawChart(Math.max(1, ...seen), now));
}

async function send(where, what) {
  let problem = "";
  try {
    const answer = await fetch(`race/${where}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(what),
    });
    if (!answer.ok) problem = (await answer.json()).problem ?? `Refused with status ${answer.status}.`;
  } catch {
    problem = "Locust does not answer.";
  }
  write(byId("problem"), problem);
  return !problem;
}

async function start() {
  const load = { [fields.load.value]: fields.amount.valueAsNumber };
  if (await send("start", { ...load, delay: fields.delay.value.trim(), scenario: fields.scenario.value })) edited = false;
}

// Chooses the next scenario; a race in progress changes to it.
function next() {
  fields.scenario.selectedIndex = (fields.scenario.selectedIndex + 1) % fields.scenario.length;
  edited = true;
  if (isRunning) start();
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // the browser may refuse it
}

function toggle(dialog) {
  if (dialog.open) dialog.close();
  else if (!document.querySelector("dialog[open]")) dialog.showModal();
}

const help = () => toggle(byId("about"));

// Gives the amount the label and the limits of the chosen kind of load.
function nameAmount() {
  const { label, least, most, step } = fields.load.selectedOptions[0].dataset;
  write(document.querySelector("label[for=amount]"), label);
  Object.assign(fields.amount, { min: least, max: most, step });
}

function choose() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "ink", "faint", "unknown", "held", "waits", "answers"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  racers.forEach((racer) => racer.drawMarks(racer.picture));
  drawCharts(performance.now());
}

const KEYS = { f: fullScreen, "?": help };
if (presents) {
  Object.assign(KEYS, { s: () => byId("start").click(), x: () => byId("stop").click() });
  if (!byId("next").hidden) KEYS.n = next;
}
if (wall) {
  KEYS.w = () => wall.toggle();
  byId("view").addEventListener("click", KEYS.w);
  if (presents) KEYS.r = () => send("reveal", {});
  byId("reveal").addEventListener("click", () => send("reveal", {}));
  wall.toggle(true);
}
if (byId("invitation")) {
  KEYS.q = () => toggle(byId("invitation"));
  byId("code").addEventListener("click", KEYS.q);
  byId("invitation").lastElementChild.addEventListener("click", KEYS.q);
}

byId("full").hidden = !document.fullscreenEnabled; // on a telephone it may be missing
nameAmount(); // a reloaded page keeps what was chosen
choose();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", choose);
addEventListener("resize", choose);
if (wall) addEventListener("resize", () => wall.draw());
byId("controls").addEventListener("input", () => { edited = true; });
fields.load.addEventListener("change", nameAmount);
byId("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
byId("stop").addEventListener("click", () => send("stop", {}));
byId("next").addEventListener("click", next);
byId("full").addEventListener("click", fullScreen);
byId("help").addEventListener("click", help);
byId("close").addEventListener("click", help);
addEventListener("keydown", (event) => {
  const types = event.target.closest?.("input, select, textarea");
  if (types || event.repeat || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(KEYS, event.key)) return;
  const dialog = document.querySelector("dialog[open]");
  if (dialog && event.key !== (dialog === byId("about") ? "?" : "q")) return;
  event.preventDefault();
  KEYS[event.key]();
});

const events = new EventSource("race/events");
events.addEventListener("message", (event) => show(JSON.parse(event.data)));
events.addEventListener("error", () => {
  body.classList.add("lost");
  const refused = events.readyState === EventSource.CLOSED;
  write(byId("status"), refused ? "Locust refuses to show the race; reload the page later." : "Connection to Locust lost: these figures are out of date.");
});
