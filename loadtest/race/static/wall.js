"use strict";
// The wall: the question, how many have predicted its answer, and once they are revealed, a histogram of the predictions
// above the measured answer and the model's, on one scale.

const SVG = "http://www.w3.org/2000/svg";
const LABELS = 8; // the most numbers below the scale
const TALLEST = 3; // lines of text that a bar of one prediction takes at most

class Wall {
  constructor(section) {
    this.section = section;
    this.svg = byId("histogram");
    this.unit = section.dataset.unit;
    this.seen = "";
  }

  show(wall) {
    write(byId("count"), whole(wall.count));
    write(byId("noun"), wall.count === 1 ? "prediction" : "predictions");
    this.section.classList.toggle("revealed", wall.revealed);
    byId("reveal").disabled = wall.revealed;
    if (!wall.revealed || JSON.stringify(wall) === this.seen) return;
    this.seen = JSON.stringify(wall);
    this.wall = wall;
    write(byId("median"), wall.median === null ? "" : `, median ${this.number(wall.median)}`);
    this.draw();
  }

  // Shows the wall in place of the race, or the race.
  toggle(shown = !body.classList.contains("on-wall")) {
    body.classList.toggle("on-wall", shown);
    write(byId("view").firstElementChild, shown ? "Race" : "Wall");
    if (shown) this.draw();
  }

  draw() {
    if (!this.wall || !this.svg.clientWidth) return;
    const { step, bars, beyond, measured, predicted } = this.wall;
    const line = 1.1 * parseFloat(getComputedStyle(this.svg).fontSize); // the height of a line of text
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight];
    const column = width / (bars.length + (beyond ? 3 : 0));
    const x = (number) => (number / step + 0.5) * column;
    const axis = height - 4.8 * line;
    const most = Math.max(1, beyond, ...bars);
    const unit = Math.min(TALLEST * line, (axis - 1.4 * line) / most);
    this.svg.replaceChildren();
    const bar = (middle, number, kind) => {
      this.add("rect", { class: kind, x: middle - 0.42 * column, width: 0.84 * column, y: axis - number * unit, height: number * unit });
    };
    const above = (number) => axis - number * unit - 0.35 * line;
    if (measured !== null) this.add("path", { class: "measured-line", d: `M${x(measured)} 0 V${axis}` });
    bars.forEach((number, place) => {
      if (!number) return;
      bar(x(place * step), number, "votes");
      this.text(x(place * step), above(number), number, "middle");
    });
    if (beyond) {
      bar(width - 1.5 * column, beyond, "votes far");
      this.text(width, above(beyond), `${beyond} beyond`, "end");
    }
    this.add("path", { class: "axis", d: `M0 ${axis} H${width}` });
    const every = [1, 2, 4, 5, 10, 20].find((each) => bars.length / each <= LABELS);
    for (let place = 0; place < bars.length; place += every) {
      this.add("path", { class: "axis", d: `M${x(place * step)} ${axis} v${0.25 * line}` });
      this.text(x(place * step), axis + 1.15 * line, this.number(place * step, ""), "middle", "tick");
    }
    this.answer("measured", measured, x, axis + 1.7 * line, line);
    this.answer("model", predicted, x, axis + 3.3 * line, line);
    const words = [[measured, "measured"], [predicted, "model"]].filter(([number]) => number !== null);
    const answers = words.map(([number, name]) => `; ${name} ${rate(number)}${this.unit}`).join("");
    this.svg.setAttribute("aria-label", `${byId("summary").textContent}${answers}`);
  }

  // Draws an answer as a bar from 0, with its label behind its end, or before it if there is no room.
  answer(name, number, x, y, line) {
    if (number === null) return;
    const [from, to] = [x(0), x(number)];
    this.add("rect", { class: name, x: from, width: Math.max(2, to - from), y, height: 1.3 * line });
    const inside = to > 0.7 * this.svg.clientWidth;
    const label = `${name} ${rate(number)}${this.unit}`;
    this.text(inside ? to - 0.3 * line : to + 0.4 * line, y + 0.98 * line, label, inside ? "end" : "start", inside ? `in-${name}` : "");
  }

  number(number, unit = this.unit) {
    return `${number.toLocaleString("en", { maximumSignificantDigits: 4 })}${unit}`;
  }

  text(x, y, words, anchor, kind = "") {
    this.add("text", { x, y, "text-anchor": anchor, class: kind }).textContent = words;
  }

  add(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return this.svg.appendChild(element);
  }
}
