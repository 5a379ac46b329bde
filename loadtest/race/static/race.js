"use strict";
// Shows the events of /race/events, two per second. Each event has pictures, which are drawn one after the other,
// without animation between them. Unchanged text is not written again, which keeps the page's CPU time low.

const EVENT = 500; // milliseconds between two events
const CAPTION_STAYS = 2000; // milliseconds that a caption stays readable
const STANDS = 2000; // milliseconds that a picture stays if the reader prefers reduced motion
const PENS = ["queue", "waiting", "answered"];

const body = document.body;
const byId = (id) => document.getElementById(id);
const fields = { load: byId("load"), amount: byId("amount"), delay: byId("delay"), scenario: byId("scenario") };
let edited = false; // the form is not overwritten while the presenter edits it
let colours = {};

class Racer {
  constructor(section) {
    this.caption = section.querySelector(".caption");
    this.said = section.querySelector(".said");
    this.note = section.querySelector("figcaption");
    this.canvas = section.querySelector("canvas");
    this.pen = this.canvas.getContext("2d", { alpha: false });
    this.figures = {};
    for (const cell of section.querySelectorAll("[data-figure]")) this.figures[cell.dataset.figure] = cell;
    this.kind = "";
    this.captionAt = -CAPTION_STAYS;
    this.picture = [" ".repeat(100), " ".repeat(100), 0];
  }

  show(racer, now, isOpen) {
    if (racer.kind !== this.kind || now - this.captionAt >= CAPTION_STAYS) {
      if (write(this.caption, racer.caption)) this.captionAt = now;
      if (racer.kind !== this.kind) write(this.said, racer.caption); // a screen reader reads it once, not with every figure
      this.kind = racer.kind;
    }
    write(this.figures.throughput, rate(racer.throughput));
    write(this.figures.predicted, rate(racer.predicted));
    write(this.figures.ratio, racer.ratio === null ? "–" : racer.ratio.toFixed(2));
    write(this.figures.in_flight, whole(racer.in_flight));
    write(this.figures.requests, whole(racer.requests));
    write(this.figures.arriving, rate(racer.arriving));
    write(this.figures.failures, whole(racer.failures));
    write(this.figures.p50, time(racer.p50));
    write(this.figures.p99, time(racer.p99));
    const drawn = isOpen ? `${racer.looked_at} requests drawn, those sent first` : `${racer.looked_at} of ${racer.users} users drawn`;
    write(this.note, drawn);
  }

  // A user has the same cell in each column, so that its request visibly moves across the columns.
  draw(picture) {
    this.picture = picture;
    const scale = Math.min(devicePixelRatio, 2);
    const width = Math.round(this.canvas.clientWidth * scale);
    const height = Math.round(this.canvas.clientHeight * scale);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const [where, came] = picture;
    const pen = this.pen;
    const top = 22 * scale;
    const gap = 10 * scale;
    const wide = (width - 2 * gap) / PENS.length;
    const columns = Math.max(1, Math.round(Math.sqrt((where.length * wide) / (height - top)))); // so that cells are square
    const across = wide / columns;
    const down = (height - top) / Math.ceil(where.length / columns);
    const size = Math.min(across, down) * 0.37;
    pen.fillStyle = colours.panel;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = colours.ground;
    PENS.forEach((_, index) => pen.fillRect(index * (wide + gap), top, wide, height - top));
    pen.fillStyle = colours.faint;
    pen.font = `${15 * scale}px system-ui, sans-serif`;
    pen.textBaseline = "top";
    PENS.forEach((name, index) => pen.fillText(name, index * (wide + gap), 0));
    const at = (index, user) => [
      index * (wide + gap) + ((user % columns) + 0.5) * across,
      top + (Math.floor(user / columns) + 0.5) * down,
    ];
    const paths = { unknown: new Path2D(), queues: new Path2D(), waits: new Path2D(), answered: new Path2D(), failed: new Path2D() };
    for (let user = 0; user < where.length; user += 1) {
      if (where[user] === "q") square(paths.queues, ...at(0, user), size * 0.9);
      else if (where[user] === "?") ring(paths.unknown, ...at(0, user), size * 0.75);
      else if (where[user] === "w") ring(paths.waits, ...at(1, user), size);
      if (came[user] === "a") diamond(paths.answered, ...at(2, user), size);
      else if (came[user] === "x") cross(paths.failed, ...at(2, user), size * 0.8);
    }
    for (const name of ["queues", "waits", "answered"]) {
      pen.fillStyle = colours[name];
      pen.fill(paths[name]);
    }
    for (const [name, thick] of [["unknown", 1.25], ["failed", 2.5]]) {
      pen.strokeStyle = colours[name];
      pen.lineWidth = thick * scale;
      pen.stroke(paths[name]);
    }
  }
}

function square(path, x, y, r) {
  path.rect(x - r, y - r, 2 * r, 2 * r);
}

function ring(path, x, y, r) {
  path.moveTo(x + r, y);
  path.arc(x, y, r, 0, 2 * Math.PI);
}

function diamond(path, x, y, r) {
  path.moveTo(x, y - r);
  path.lineTo(x + r, y);
  path.lineTo(x, y + r);
  path.lineTo(x - r, y);
  path.closePath();
}

function cross(path, x, y, r) {
  path.moveTo(x - r, y - r);
  path.lineTo(x + r, y + r);
  path.moveTo(x + r, y - r);
  path.lineTo(x - r, y + r);
}

// Writes `text` unless the element shows it already; returns whether it was written.
function write(element, text) {
  if (element.firstChild === null) element.append("");
  if (element.firstChild.data === text) return false;
  element.firstChild.data = text;
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
  if (race.state === "ready") return "No race is running. Choose a load and press Start.";
  const isOpen = race.rate !== null;
  const load = isOpen ? `${race.rate} arrivals/s per service` : `${race.users} users per service`;
  const what = `${load}, ${race.scenario ?? "several scenarios"}, ${race.delay}`;
  if (race.state === "stopping") return `Stopping: ${what}. ${isOpen ? "Clients" : "Users"} leave after their last answer.`;
  const ends = race.ends === null ? "" : `, stops in ${clock(race.ends)}`;
  return `${race.state === "starting" ? "Starting" : "Running"}: ${what}${ends}.`;
}

function machine(race) {
  if (race.busy === null) return "";
  const [all, generator] = race.busy.map((share) => Math.round(share * 100));
  return `CPU now: ${all}% of all cores busy; load generator ${generator}% of one core.`;
}

const racers = [...document.querySelectorAll(".racer")].map((section) => new Racer(section));
const still = matchMedia("(prefers-reduced-motion: reduce)");
let pending = []; // timers of pictures not drawn yet
let drawnAt = -STANDS;

function show(race) {
  if (race.page !== body.dataset.page) {
    location.reload(); // Locust was restarted, maybe with other racers
    return;
  }
  const now = performance.now();
  body.classList.remove("lost");
  write(byId("status"), status(race));
  write(byId("doubt"), race.doubt);
  write(byId("machine"), machine(race));
  byId("stop").disabled = race.state === "ready" || race.state === "stopping";
  byId("start").disabled = race.state === "stopping";
  write(byId("start"), race.state === "ready" || race.state === "stopping" ? "Start" : "Change");
  const isOpen = race.rate !== null;
  if (race.state !== "ready") body.classList.replace(isOpen ? "users" : "arrivals", isOpen ? "arrivals" : "users");
  if (!edited && race.state !== "ready" && race.users) {
    const chosen = { load: isOpen ? "rate" : "users", amount: race.rate ?? race.users, delay: race.delay, scenario: race.scenario };
    for (const [name, field] of Object.entries(fields)) {
      if (chosen[name] !== null && field.value !== String(chosen[name])) field.value = chosen[name];
    }
    nameAmount();
  }
  race.racers.forEach((racer, index) => racers[index].show(racer, now, isOpen));
  if (!document.hidden) draw(race.racers.map((racer) => racer.pictures), now);
}

function draw(pictures, now) {
  if (still.matches && now - drawnAt < STANDS) return;
  drawnAt = now;
  pending.forEach(clearTimeout);
  pending = pictures[0].slice(still.matches ? 1 : 0).map((_, index) => setTimeout(
    () => racers.forEach((racer, number) => racer.draw(pictures[number][index])),
    (index * EVENT) / pictures[0].length,
  ));
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

// Gives the amount the label and the limits of the chosen kind of load.
function nameAmount() {
  const { label, least, most, step } = fields.load.selectedOptions[0].dataset;
  write(document.querySelector("label[for=amount]"), label);
  Object.assign(fields.amount, { min: least, max: most, step });
}

function choose() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["panel", "ground", "faint", "unknown", "queues", "waits", "answered", "failed"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  racers.forEach((racer) => racer.draw(racer.picture));
}

nameAmount(); // a reloaded page keeps what was chosen
choose();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", choose);
byId("controls").addEventListener("input", () => { edited = true; });
fields.load.addEventListener("change", nameAmount);
byId("controls").addEventListener("submit", async (event) => {
  event.preventDefault();
  const load = { [fields.load.value]: fields.amount.valueAsNumber };
  if (await send("start", { ...load, delay: fields.delay.value.trim(), scenario: fields.scenario.value })) edited = false;
});
byId("stop").addEventListener("click", () => send("stop", {}));

const events = new EventSource("race/events");
events.addEventListener("message", (event) => show(JSON.parse(event.data)));
events.addEventListener("error", () => {
  body.classList.add("lost");
  write(byId("status"), "Connection to Locust lost: these figures are out of date.");
});
